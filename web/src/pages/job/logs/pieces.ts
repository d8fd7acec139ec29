/**
 * A parsed line as the pieces it is drawn of: text nodes only, with style, link, mark of a search, or a visible stand-in for
 * what cannot be seen.
 *
 * Control characters, direction overrides and invisible ones are shown by name; more than eight combining marks on one
 * letter are counted instead of drawn. Links are http and https. Pure. Called by row.tsx.
 */
import { ODD, standIn } from '../../../words/odd.ts'
import { type Parsed, PLAIN, type Style } from './ansi.ts'

/** `from`…`to` (not included) of the plain text. */
export type Range = readonly [from: number, to: number]

export interface Piece {
  readonly text: string
  readonly style: Style
  readonly marked: boolean
  /** Stands for what cannot be seen. */
  readonly odd: boolean
  readonly href?: string | undefined
}

const LINK = /\bhttps?:\/\/[^\s<>"'`\\^{|}]+/gi
const MOST_MARKS = 200

/** Everything of a line, in order; `marks` are those of its plain text. */
export function piecesOf(parsed: Parsed, marks: readonly Range[] = []): readonly Piece[] {
  const { plain, spans } = parsed
  const odd = rangesOf(plain, ODD)
  const links = plain.includes('://') ? linksOf(plain) : []
  if (!spans.length && !odd.length && !links.length && !marks.length) {
    return plain ? [{ text: plain, style: PLAIN, marked: false, odd: false }] : []
  }
  const cuts = new Set([0, plain.length])
  for (const span of spans) cuts.add(span.from).add(span.to)
  for (const [start, end] of [...odd, ...links, ...marks]) cuts.add(start).add(end)
  const at = [...cuts].sort((a, b) => a - b)
  const [style, isOdd, isLink, isMark] = [
    cursorOf(spans.map(each => [each.from, each.to])),
    cursorOf(odd),
    cursorOf(links),
    cursorOf(marks),
  ]
  return at.slice(0, -1).map((start, index) => {
    const text = plain.slice(start, at[index + 1])
    const oddAt = isOdd(start)
    const link = links[isLink(start)]
    return {
      text: oddAt < 0 ? text : standIn(text),
      style: spans[style(start)]?.style ?? PLAIN,
      marked: isMark(start) >= 0,
      odd: oddAt >= 0,
      href: link && plain.slice(link[0], link[1]),
    }
  })
}

/** Asked with growing positions: the index of the range it is in, or -1. */
function cursorOf(ranges: readonly Range[]): (position: number) => number {
  let index = 0
  return position => {
    while (index < ranges.length && (ranges[index]?.[1] ?? 0) <= position) index += 1
    const range = ranges[index]
    return range && range[0] <= position ? index : -1
  }
}

/** Where a global pattern is in a text; of what was typed at most 200 places. */
export function rangesOf(text: string, pattern: RegExp): Range[] {
  const found: Range[] = []
  for (const match of text.matchAll(pattern)) {
    if (match[0]) found.push([match.index, match.index + match[0].length])
    if (found.length >= MOST_MARKS && pattern !== ODD) break
  }
  return found
}

function linksOf(text: string): Range[] {
  return rangesOf(text, LINK).flatMap(([start, end]): Range[] => {
    const link = trimmed(text.slice(start, end).split(ODD, 1)[0] ?? '')
    return URL.canParse(link) ? [[start, start + link.length]] : []
  })
}

/** Without the sentence that goes on around it. */
function trimmed(link: string): string {
  let end = link.length
  for (;;) {
    const last = link[end - 1] ?? ''
    const part = link.slice(0, end)
    const open = last === ')' ? '(' : last === ']' ? '[' : ''
    const isLoose = open !== '' && part.split(last).length > part.split(open).length
    if (!isLoose && !'.,;:!?*'.includes(last || ' ')) return part
    end -= 1
  }
}
