/**
 * Which line stands in which row: all of them but what is folded away, or only those that were found.
 *
 * Nothing is stored per line: half a million cost what a dozen do. Rows count from 0, lines as the log counts them. Pure.
 */

export interface Rows {
  readonly count: number
  /** The number of the line in a row. */
  lineAt(row: number): number
  /** The row of a line; of one that is not shown, the row where it would be (folded: its group's). */
  rowOf(line: number): number
  /** True if the line has a row. */
  shows(line: number): boolean
}

/** Lines `head`+1…`end` are hidden. Folds are in order and apart. */
export interface Fold {
  readonly head: number
  readonly end: number
}

export const NO_ROWS: Rows = { count: 0, lineAt: () => 0, rowOf: () => 0, shows: () => false }

/** `first`…`last`, without what is folded. */
export function allRows(first: number, last: number, folds: readonly Fold[]): Rows {
  if (last < first || last === 0) return NO_ROWS
  const inside = folds.filter(fold => fold.head >= first && fold.head < last)
  const hidden: number[] = [] // lines hidden by all folds up to this one
  for (const fold of inside) hidden.push((hidden.at(-1) ?? 0) + Math.min(fold.end, last) - fold.head)
  const hiddenBefore = (index: number): number => (index < 0 ? 0 : (hidden[index] ?? 0))
  const rowOfHead = (index: number): number => (inside[index]?.head ?? 0) - first - hiddenBefore(index - 1)
  return {
    count: last - first + 1 - hiddenBefore(inside.length - 1),
    lineAt(row) {
      const before = lowerBound(inside.length, index => rowOfHead(index) >= row) - 1
      return row + first + hiddenBefore(before)
    },
    rowOf(line) {
      const at = Math.min(Math.max(line, first), last)
      const before = lowerBound(inside.length, index => (inside[index]?.head ?? 0) >= at) - 1
      const fold = inside[before]
      return fold && at <= fold.end ? rowOfHead(before) : at - first - hiddenBefore(before)
    },
    shows(line) {
      if (line < first || line > last) return false
      const fold = inside[lowerBound(inside.length, index => (inside[index]?.head ?? 0) >= line) - 1]
      return !fold || line > fold.end
    },
  }
}

/** Only these lines, in order. */
export function foundRows(numbers: readonly number[]): Rows {
  const place = (line: number): number => lowerBound(numbers.length, index => (numbers[index] ?? 0) >= line)
  return {
    count: numbers.length,
    lineAt: row => numbers[row] ?? 0,
    rowOf: line => Math.max(0, Math.min(place(line), numbers.length - 1)),
    shows: line => numbers[place(line)] === line,
  }
}

/** The first index for which it holds, `count` if for none; it holds for all after that one. */
export function lowerBound(count: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
