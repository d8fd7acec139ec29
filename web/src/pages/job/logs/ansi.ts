/**
 * One log line as plain text with styled spans: our own subset of what terminals understand.
 *
 * Of all escape sequences only SGR (colours and weights) is kept; every other is dropped, so that nothing in a line can
 * move, hide or name anything. Of a line redrawn with carriage returns its last part stays. Bounded: a line is read up to
 * `most` characters. Pure; must never know React or themes. Called by parsed.ts.
 */

/** 0..15: a colour of the theme; from `RGB` on: `RGB + 0xrrggbb`. */
export type Colour = number
export const RGB = 0x1000000

export interface Style {
  readonly fg?: Colour | undefined
  readonly bg?: Colour | undefined
  readonly bold?: boolean
  readonly dim?: boolean
  readonly italic?: boolean
  readonly underline?: boolean
  readonly strike?: boolean
  readonly inverse?: boolean
}

/** `from`…`to` (not included) of the plain text. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly style: Style
}

export interface Parsed {
  readonly plain: string
  /** Only what has a style, in order. */
  readonly spans: readonly Span[]
  /** So many characters of the line were not read. */
  readonly more: number
}

export const PLAIN: Style = {}
const ESC = String.fromCharCode(27)
const BEL = String.fromCharCode(7)
const CSI = String.fromCharCode(0x9b)
/** CSI …, then strings (OSC, DCS, APC …) that end, then the short ones. A string without an end hides nothing. */
const ESCAPE = new RegExp(
  `(?:${ESC}\\[|${CSI})([0-?]*[ -/]*[@-~]?)|` +
    `${ESC}[\\]PX^_](?:[^${BEL}${ESC}]{0,4096}(?:${BEL}|${ESC}\\\\))?|${ESC}[ -/]*[0-~]?`,
  'g',
)

/** The line as it looks. */
export function parseLine(text: string, most: number): Parsed {
  const line = lastDrawn(text)
  const spans: Span[] = []
  const parts: string[] = []
  let style = PLAIN
  let length = 0
  let at = 0
  const add = (end: number): void => {
    const part = whole(line.slice(at, Math.min(end, at + most - length)))
    if (part && style !== PLAIN) spans.push({ from: length, to: length + part.length, style })
    parts.push(part)
    length += part.length
    at += part.length
  }
  for (const match of line.matchAll(ESCAPE)) {
    add(match.index)
    if (at < match.index) break
    at = match.index + match[0].length
    if (match[1]?.endsWith('m')) style = styled(style, match[1].slice(0, -1))
  }
  if (length < most) add(line.length)
  return { plain: parts.join(''), spans, more: line.length - at }
}

/** What stands there after its carriage returns. */
function lastDrawn(text: string): string {
  let end = text.length
  while (text.charCodeAt(end - 1) === 13) end -= 1
  const last = text.lastIndexOf('\r', end - 1)
  return end === text.length && last < 0 ? text : text.slice(last + 1, end)
}

/** Not cut in the middle of a character of two units. */
function whole(part: string): string {
  const last = part.charCodeAt(part.length - 1)
  return last >= 0xd800 && last < 0xdc00 ? part.slice(0, -1) : part
}

// -- SGR

const SIMPLE: Readonly<Record<number, Style>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  21: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { strike: false },
  39: { fg: undefined },
  49: { bg: undefined },
}

/** The style after the parameters of one SGR: `1;38;5;208`, `38:2::255:0:0`. */
function styled(before: Style, parameters: string): Style {
  let style = before
  const parts = parameters.split(';')
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at] ?? ''
    const [code = 0, ...sub] = part.split(':').map(Number)
    if (code === 38 || code === 48) {
      const wide = sub.length > 0
      const given = wide ? sub : parts.slice(at + 1, at + 5).map(Number)
      const [colour, used] = extended(given, wide)
      if (!wide) at += used
      if (colour !== undefined) style = { ...style, [code === 38 ? 'fg' : 'bg']: colour }
    } else style = simple(style, code, sub[0])
  }
  return style
}

function simple(style: Style, code: number, sub: number | undefined): Style {
  if (code === 0) return PLAIN
  if (code === 4 && sub === 0) return { ...style, underline: false }
  const change = Object.hasOwn(SIMPLE, code) ? SIMPLE[code] : undefined
  if (change) return { ...style, ...change }
  const bright = code >= 90 && code <= 107 ? 8 : 0
  const base = bright ? code - 60 : code
  if (base >= 30 && base <= 37) return { ...style, fg: base - 30 + bright }
  if (base >= 40 && base <= 47) return { ...style, bg: base - 40 + bright }
  return style
}

/** `5;n` or `2;r;g;b`; with colons `2::r:g:b` too. How many parameters that took. */
function extended(given: readonly number[], wide: boolean): readonly [Colour | undefined, number] {
  if (given[0] === 5) return [indexed(given[1]), 2]
  if (given[0] !== 2) return [undefined, 1]
  const rgb = wide && given.length > 4 ? given.slice(2, 5) : given.slice(1, 4)
  if (rgb.length < 3 || !rgb.every(isByte)) return [undefined, 4]
  return [RGB + rgb.reduce((all, part) => all * 256 + part, 0), 4]
}

const isByte = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < 256
const STEPS = [0, 95, 135, 175, 215, 255]

/** A colour of the 256: 16 of the theme, a cube of 216, 24 greys. */
function indexed(index: number | undefined): Colour | undefined {
  if (index === undefined || !isByte(index)) return undefined
  if (index < 16) return index
  if (index >= 232) return RGB + (8 + (index - 232) * 10) * 0x010101
  const cube = index - 16
  const step = (by: number): number => STEPS[Math.floor(cube / by) % 6] ?? 0
  return RGB + step(36) * 0x10000 + step(6) * 0x100 + step(1)
}
