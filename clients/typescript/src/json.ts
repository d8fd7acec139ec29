/**
 * JSON with exact integers: a whole number beyond 2^53 is a bigint here, in both directions.
 *
 * Theory. `JSON.parse` would round such a number without a word. They are rare, so the text is first asked whether it can
 * hold one at all (sixteen digits in a row); only then it is read by hand, after `JSON.parse` has judged it, so that the
 * reader here need not know what is wrong with a text. No recursion, whatever the depth. Must never know what a text is
 * about. Called wherever bytes come in or go out.
 */

/** Digits behind a point are no whole number: every share of progress has sixteen of them. */
const MAYBE_LARGE = /(?<![\d.])\d{16}/

/** The value of a JSON text; SyntaxError where it is none. */
export function parse(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return MAYBE_LARGE.test(text) ? read(text) : value
}

/** JSON of a value, bigint as the number it is. TypeError for what JSON can not say. */
export function stringify(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch (error) {
    if (error instanceof TypeError && error.message.includes('BigInt')) return write(value)
    throw error
  }
}

type Holder = { array: unknown[] } | { object: Record<string, unknown>; key: string | undefined }

const TOKEN = /[\s,:]*(?:([{[])|([}\]])|(")|([^\s,:{}[\]"]+))/y

/** The value of a text that is known to be JSON. */
function read(text: string): unknown {
  const open: Holder[] = []
  let place = 0
  let whole: unknown
  const put = (value: unknown): void => {
    const holder = open.at(-1)
    if (!holder) whole = value
    else if ('array' in holder) holder.array.push(value)
    else setKey(holder, value)
  }
  for (;;) {
    TOKEN.lastIndex = place
    const found = TOKEN.exec(text)
    if (!found) return whole
    place = TOKEN.lastIndex
    const [, opener, closer, quote, scalar] = found
    if (opener) {
      const value = opener === '[' ? [] : {}
      put(value)
      open.push(Array.isArray(value) ? { array: value } : { object: value, key: undefined })
    } else if (closer) open.pop()
    else if (quote) {
      const end = endOfString(text, place)
      put(JSON.parse(text.slice(place - 1, end)))
      place = end
    } else if (scalar) put(scalarOf(scalar))
  }
}

/** The first value is the key of the second. A key `__proto__` is a key like any other. */
function setKey(holder: { object: Record<string, unknown>; key: string | undefined }, value: unknown): void {
  if (holder.key === undefined) {
    holder.key = String(value)
    return
  }
  const property = { value, writable: true, enumerable: true, configurable: true }
  if (holder.key === '__proto__') Object.defineProperty(holder.object, holder.key, property)
  else holder.object[holder.key] = value
  holder.key = undefined
}

/** Behind the closing quote of the string whose content begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text[end - 1 - slashes] === '\\') slashes += 1
    if (slashes % 2 === 0) return end + 1
  }
}

function scalarOf(word: string): unknown {
  const value: unknown = JSON.parse(word)
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(word)
    ? BigInt(word)
    : value
}

/** As `JSON.stringify`, which knows all but bigint. */
function write(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if ('toJSON' in value && typeof value.toJSON === 'function') return write(value.toJSON())
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  const shown = Object.entries(value).filter(([, each]) => isShown(each))
  return `{${shown.map(([key, each]) => `${JSON.stringify(key)}:${write(each)}`).join(',')}}`
}

function isShown(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol'
}
