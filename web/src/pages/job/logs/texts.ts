/**
 * Text of lines for the clipboard and for files: what the program wrote, without its colours.
 */
import type { Headway, Line } from '@headway/client'
import { parseLine } from './ansi.ts'
import { plainOf, shownOf } from './parsed.ts'
import type { Rows } from './rows.ts'

/** A clipboard takes no more lines than this; a download takes all. */
export const MOST_COPIED = 100_000

/** A place in a log: a line and how far into the text of its row. */
export interface Point {
  readonly line: number
  readonly offset: number
}

export interface Source {
  readonly rows: Rows
  readonly lineAt: (number: number) => Line | undefined
}

/** The lines shown from one to another, if all are here. */
export function textsHere({ rows, lineAt }: Source, from: number, to: number): readonly string[] | undefined {
  const texts: string[] = []
  for (const number of numbersOf(rows, from, to)) {
    const line = lineAt(number)
    if (!line) return undefined
    texts.push(plainOf(line))
  }
  return texts
}

/** The same, with what is not here asked for. */
export async function textsOf(
  client: Headway,
  id: string,
  source: Source,
  from: number,
  to: number,
): Promise<readonly string[]> {
  const here = textsHere(source, from, to)
  if (here) return here
  const wanted = new Set(numbersOf(source.rows, from, to))
  const texts: string[] = []
  for await (const { number, text } of client.logs(id, { from, limit: to - from + 1 })) {
    if (number > to) break
    if (wanted.has(number)) texts.push(parseLine(text, Number.POSITIVE_INFINITY).plain)
  }
  return texts
}

function numbersOf(rows: Rows, from: number, to: number): number[] {
  const numbers: number[] = []
  for (let row = rows.rowOf(from); row < rows.count; row += 1) {
    const number = rows.lineAt(row)
    if (number > to || numbers.length >= MOST_COPIED) break
    if (number >= from) numbers.push(number)
  }
  return numbers
}

/** The two ends of a selection, the upper one first. */
export function inOrder(one: Point, other: Point): readonly [Point, Point] {
  const isFirst = one.line < other.line || (one.line === other.line && one.offset <= other.offset)
  return isFirst ? [one, other] : [other, one]
}

/** Whole lines cut to where the selection begins and ends. */
export function cutTo(
  texts: readonly string[],
  [begin, end]: readonly [Point, Point],
  source: Source,
): string {
  const ends = (number: number, fallback: string): string => {
    const line = source.lineAt(number)
    return line ? shownOf(line) : fallback
  }
  const lines = [...texts]
  const last = lines.length - 1
  if (last < 0) return ''
  if (source.rows.shows(end.line)) lines[last] = ends(end.line, lines[last] ?? '').slice(0, end.offset)
  if (source.rows.shows(begin.line)) lines[0] = ends(begin.line, lines[0] ?? '').slice(begin.offset)
  return lines.join('\n')
}
