/**
 * Lines parsed once each, however often they are drawn, and the same of a line's text as it is shown.
 *
 * Keyed by the line itself, which is immutable: what the client lets go of, this lets go of. Used by row.tsx and whoever
 * needs a line's text.
 */
import type { Line } from '@headway/client'
import { type Parsed, parseLine } from './ansi.ts'
import { piecesOf } from './pieces.ts'

/** A row shows no more characters than this; a dialog shows the whole line. */
export const SHOWN = 2_000

const known = new WeakMap<Line, Parsed>()

export function parsedOf(line: Line): Parsed {
  let parsed = known.get(line)
  if (!parsed) {
    parsed = parseLine(line[3], SHOWN)
    known.set(line, parsed)
  }
  return parsed
}

/** All of a line as plain text: no escapes. */
export function plainOf(line: Line): string {
  return wholeOf(line).plain
}

export function wholeOf(line: Line): Parsed {
  const parsed = parsedOf(line)
  return parsed.more ? parseLine(line[3], Number.POSITIVE_INFINITY) : parsed
}

/** What stands in the row, stand-ins for what cannot be seen included. */
export function shownOf(line: Line): string {
  return piecesOf(parsedOf(line))
    .map(piece => piece.text)
    .join('')
}
