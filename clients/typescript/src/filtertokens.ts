/**
 * A filter while somebody types it: its terms with their places, as far as they are written; nothing is refused.
 *
 * What a search box needs to draw chips and to offer completions. Each token says where its parts are and, where `parse`
 * would refuse it, why. Pure. Must never know the box, or which kinds and labels there are.
 */
import { HeadwayError } from './errors.ts'
import { parse, unquoted } from './filter.ts'
import { KEYS, type Key, TEXT, type Term } from './filterkeys.ts'

/** A piece of the text: `text.slice(start, end)`; `text` is what it means, without quotes. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface Token {
  readonly start: number
  readonly end: number
  readonly raw: string
  readonly negated: boolean
  /** What stands before the colon, or for free text the whole. */
  readonly key: Span
  /** Label or path behind the dot of the key. */
  readonly name?: Span
  readonly operator: string
  /** Behind the colon, one for each comma more; absent while there is no colon. */
  readonly values?: readonly Span[]
  /** What is known of the key. */
  readonly known?: Key
  /** The finished term, or undefined where `problem` says what is wrong with it. */
  readonly term?: Term
  readonly problem?: HeadwayError
}

const LOOSE = /(?:[^\s"]|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$))+/gs

/** The terms as far as they are written, in order. */
export function tokens(text: string): Token[] {
  return [...text.matchAll(LOOSE)].map(found => tokenOf(found[0], found.index))
}

function tokenOf(raw: string, start: number): Token {
  const negated = raw.startsWith('-')
  const begin = start + (negated ? 1 : 0)
  const body = negated ? raw.slice(1) : raw
  const colon = body.indexOf(':')
  const common = { start, end: start + raw.length, raw, negated, ...judged(raw) }
  if (colon < 0 || body.slice(0, colon).includes('"')) {
    return { ...common, key: span(body, begin), operator: '', ...(KEYS[TEXT] && { known: KEYS[TEXT] }) }
  }
  const [key = '', ...path] = body.slice(0, colon).split('.')
  const known = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined
  const rest = body.slice(colon + 1)
  const operator = known && known.operators.length > 1 ? (/^[<>]=?/.exec(rest)?.[0] ?? '') : ''
  return {
    ...common,
    key: { start: begin, end: begin + key.length, text: key },
    ...(path.length && { name: span(path.join('.'), begin + key.length + 1) }),
    operator,
    values: spansOf(rest.slice(operator.length), begin + colon + 1 + operator.length),
    ...(known && { known }),
  }
}

function judged(raw: string): Pick<Token, 'term' | 'problem'> {
  try {
    const [term] = parse(raw).terms
    return term ? { term } : {}
  } catch (problem) {
    if (problem instanceof HeadwayError) return { problem }
    throw problem
  }
}

function spansOf(text: string, start: number): Span[] {
  let place = start
  return pieces(text).map(value => {
    const found = span(value, place)
    place = found.end + 1
    return found
  })
}

/** At commas outside quotes; a quote that is still open holds the rest. */
function pieces(text: string): string[] {
  const found = ['']
  let inQuotes = false
  for (let place = 0; place < text.length; place += 1) {
    const sign = text[place] ?? ''
    if (sign === ',' && !inQuotes) found.push('')
    else found[found.length - 1] += inQuotes && sign === '\\' ? text.slice(place, ++place + 1) : sign
    if (sign === '"') inQuotes = !inQuotes
  }
  return found
}

function span(raw: string, start: number): Span {
  const isOpen = unquotedLength(raw) % 2 === 1
  return { start, end: start + raw.length, text: unquoted(isOpen ? `${raw.replace(/\\$/, '')}"` : raw) }
}

function unquotedLength(raw: string): number {
  return raw.replace(/\\./gs, '').split('"').length - 1
}

/** Where the caret is: in a key or in a value, what is typed of it so far, and what a completion would replace. */
export interface Caret {
  readonly part: 'key' | 'name' | 'value'
  readonly token?: Token
  readonly typed: string
  readonly start: number
  readonly end: number
}

/** What is being typed at `place`. */
export function caretAt(text: string, place: number): Caret {
  const token = tokens(text).find(each => each.start <= place && place <= each.end)
  if (!token) return { part: 'key', typed: '', start: place, end: place }
  const value = token.values?.find(each => each.start <= place && place <= each.end)
  const part = value ? 'value' : token.name && place >= token.name.start ? 'name' : 'key'
  const span = value ?? (part === 'name' && token.name ? token.name : token.key)
  return { part, token, typed: span.text, start: span.start, end: span.end }
}
