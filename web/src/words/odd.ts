/**
 * Characters that cannot be seen or that turn what stands beside them around, and what is drawn in their place.
 *
 * For text of others: of logs, of tools, of whoever asks for an answer. Pure. Used by pieces.ts and foreign.tsx.
 */

const from = String.fromCharCode
/** C0 but the tab, C1, directions, spaces without width, separators, tags, surrogates alone, and too many marks. */
export const ODD = new RegExp(
  `[${from(0)}-${from(8)}${from(10)}-${from(31)}${from(127)}-${from(159)}\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f` +
    '\\u2028-\\u202e\\u2060-\\u2064\\u2066-\\u206f\\ufeff\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}\\p{Cs}]|(?<=\\p{M}{8})\\p{M}+',
  'gu',
)
const C0 =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'
const CONTROLS = C0.split(' ')
const NAMES: Readonly<Record<number, string>> = {
  127: 'DEL',
  173: 'SHY',
  1564: 'ALM',
  8203: 'ZWSP',
  8206: 'LRM',
  8207: 'RLM',
  8232: 'LS',
  8233: 'PS',
  8234: 'LRE',
  8235: 'RLE',
  8236: 'PDF',
  8237: 'LRO',
  8238: 'RLO',
  8288: 'WJ',
  8294: 'LRI',
  8295: 'RLI',
  8296: 'FSI',
  8297: 'PDI',
  65279: 'BOM',
}

export interface Part {
  readonly text: string
  /** Stands for what cannot be seen. */
  readonly odd: boolean
}

const NEW_LINES = /\r\n|\n/

/** A text of many lines in parts; its new lines and tabs stay what they are. */
export function partsOf(text: string): readonly Part[] {
  const lines = text.split(NEW_LINES)
  const parts: Part[] = []
  const add = (more: string, odd: boolean) => {
    const last = parts.at(-1)
    if (more && last && !odd && !last.odd) parts[parts.length - 1] = { text: last.text + more, odd }
    else if (more) parts.push({ text: more, odd })
  }
  lines.forEach((line, index) => {
    let at = 0
    for (const match of line.matchAll(ODD)) {
      add(line.slice(at, match.index), false)
      add(standIn(match[0]), true)
      at = match.index + match[0].length
    }
    add(line.slice(at) + (index < lines.length - 1 ? '\n' : ''), false)
  })
  return parts
}

/** What is drawn instead: its name, `RLO`, or how many marks. */
export function standIn(text: string): string {
  const code = text.codePointAt(0) ?? 0
  if (/^\p{M}/u.test(text)) return `${text.length.toLocaleString('en-US')} marks`
  if (code < CONTROLS.length) return CONTROLS[code] ?? ''
  return (
    (Object.hasOwn(NAMES, code) ? NAMES[code] : undefined) ??
    `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  )
}
