/**
 * How the definition that a worker tells now differs from the one that was approved: part by part, as lines side by side.
 *
 * Theory. The longest common subsequence of lines, by the table of its lengths after like beginnings and ends were taken
 * off; beyond a bound the middle is said to be another altogether. Long stretches of like lines fold. Pure. Called by
 * change.tsx.
 */
import type { KindDoc } from '@headway/client'
import { pretty } from '../../words/code.ts'

export interface Row {
  readonly was?: string | undefined
  readonly now?: string | undefined
  /** Instead of lines: so many are alike. */
  readonly alike?: number
}

/** One part of the definition that differs. */
export interface Change {
  readonly name: string
  readonly rows: readonly Row[]
}

type Quarantine = NonNullable<KindDoc['quarantine']>
/** The part by its name, of either side, as text; "" where there is none. */
type Part = readonly [name: string, text: (side: KindDoc | Quarantine) => string]

const PARTS: readonly Part[] = [
  ['Title', side => side.title ?? ''],
  ['Description', side => side.description ?? ''],
  ['What it says of itself', side => said(side.annotations)],
  ['Asks first', side => (side.confirm ? 'yes' : 'no')],
  ['Arguments', side => said(side.schema)],
  ['Result', side => said(side.output)],
  ['Defaults', side => said(side.defaults)],
]

function said(value: unknown): string {
  return value === undefined || value === null ? '' : pretty(value)
}

/** Each part that differs; [] where none that can be shown does. */
export function changesOf(kind: KindDoc, quarantine: Quarantine): readonly Change[] {
  return PARTS.flatMap(([name, text]) => {
    const [was, now] = [text(kind), text(quarantine)]
    return was === now ? [] : [{ name, rows: folded(sideBySide(linesOf(was), linesOf(now))) }]
  })
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(/\r?\n/)
}

/** Cells of the table at most: a second's work. */
const MOST = 4_000_000

/** Lines of both sides, the like ones beside each other; what was replaced stands beside what replaces it. */
export function sideBySide(was: readonly string[], now: readonly string[]): readonly Row[] {
  let head = 0
  while (head < was.length && head < now.length && was[head] === now[head]) head += 1
  let tail = 0
  const least = Math.min(was.length, now.length) - head
  while (tail < least && was[was.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1
  const middle = between(was.slice(head, was.length - tail), now.slice(head, now.length - tail))
  return [...same(was.slice(0, head)), ...middle, ...same(was.slice(was.length - tail))]
}

function same(lines: readonly string[]): readonly Row[] {
  return lines.map(line => ({ was: line, now: line }))
}

function between(was: readonly string[], now: readonly string[]): readonly Row[] {
  const rows: Row[] = []
  let [gone, come]: [string[], string[]] = [[], []]
  const flush = () => {
    rows.push(...paired(gone, come))
    ;[gone, come] = [[], []]
  }
  const longest = was.length * now.length > MOST ? undefined : lengths(was, now)
  let [i, j] = [0, 0]
  while (i < was.length && j < now.length && longest) {
    if (was[i] === now[j]) {
      flush()
      rows.push({ was: was[i], now: now[j] })
      i += 1
      j += 1
    } else if (longest(i + 1, j) >= longest(i, j + 1)) gone.push(was[i++] ?? '')
    else come.push(now[j++] ?? '')
  }
  gone.push(...was.slice(i))
  come.push(...now.slice(j))
  flush()
  return rows
}

/** How many lines the ends from `i` and `j` on have in common. */
function lengths(was: readonly string[], now: readonly string[]): (i: number, j: number) => number {
  const wide = now.length + 1
  const table = new Uint16Array((was.length + 1) * wide)
  for (let i = was.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const at = i * wide + j
      table[at] =
        was[i] === now[j]
          ? (table[at + wide + 1] ?? 0) + 1
          : Math.max(table[at + wide] ?? 0, table[at + 1] ?? 0)
    }
  }
  return (i, j) => table[i * wide + j] ?? 0
}

function paired(gone: readonly string[], come: readonly string[]): readonly Row[] {
  const count = Math.max(gone.length, come.length)
  return Array.from({ length: count }, (_, index) => ({ was: gone[index], now: come[index] }))
}

/** Lines that stand around what differs. */
const AROUND = 3

function folded(rows: readonly Row[]): readonly Row[] {
  const near = rows.map((_, index) =>
    rows.slice(Math.max(0, index - AROUND), index + AROUND + 1).some(row => row.was !== row.now),
  )
  const result: Row[] = []
  for (let at = 0; at < rows.length; ) {
    const row = rows[at]
    const next = near.indexOf(true, at)
    const far = (next < 0 ? rows.length : next) - at
    if (far > 1) result.push({ alike: far })
    else if (row) result.push(row)
    at += far > 1 ? far : 1
  }
  return result
}
