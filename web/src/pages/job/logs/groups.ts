/**
 * Groups of a log: where one begins, and where it ends.
 *
 * Two families: `::group::NAME` … `::endgroup::` (GitHub), and `--- NAME`, `+++ NAME`, `~~~ NAME`, each up to the next
 * (Buildkite). A group ends only by marks of its own family and never holds another. The heads of a diff are none. Pure.
 */

export type Family = 'named' | 'dashed'

export interface Header {
  readonly family: Family
  readonly name: string
  /** Characters of the line before the name. */
  readonly cut: number
}

/** What a line has to contain to be of a family: what the server is asked for. */
export const MARKS: Readonly<Record<Family, readonly string[]>> = {
  named: ['::group::', '::endgroup::'],
  dashed: ['--- ', '+++ ', '~~~ '],
}
const NAMED = /^\s*::group::/
const END = /^\s*::endgroup::/
const DASHED = /^(?:---|\+\+\+|~~~) +(?=.*[\p{L}\p{N}])/u
const DIFF = /^(?:---|\+\+\+) +(?:[ab]\/|\/dev\/null|.*\t|.*\d{4}-\d\d-\d\d|\d+(?:,\d+)? +(?:----|\*\*\*\*))/

/** The head of a group, from a line's plain text. */
export function headerOf(plain: string): Header | undefined {
  const named = NAMED.exec(plain)?.[0].length
  if (named !== undefined) return { family: 'named', name: plain.slice(named).trim() || 'group', cut: named }
  const dashed = DASHED.exec(plain)?.[0].length
  if (dashed === undefined || DIFF.test(plain)) return undefined
  return { family: 'dashed', name: plain.slice(dashed), cut: dashed }
}

/** True if this line ends a named group, and belongs to it. */
export function isEnd(plain: string): boolean {
  return END.test(plain)
}

/** The last line of a group, if `plain` of line `number` ends one of this family. */
export function endAt(number: number, plain: string, family: Family): number | undefined {
  if (family === 'named' && isEnd(plain)) return number
  return headerOf(plain)?.family === family ? number - 1 : undefined
}

/** Where one looked: the group's last line; up to where there was none; `unknown`: a line that is not here. */
export type Looked = { readonly end: number } | { readonly open: number } | { readonly unknown: number }

/** Look for the end from line `from` to `last`. */
export function lookForEnd(
  from: number,
  last: number,
  family: Family,
  plainAt: (number: number) => string | undefined,
): Looked {
  for (let number = from; number <= last; number += 1) {
    const plain = plainAt(number)
    if (plain === undefined) return { unknown: number }
    const end = endAt(number, plain, family)
    if (end !== undefined) return { end }
  }
  return { open: last }
}

/** All groups of the lines that have marks, in order. The last one may go on for ever. */
export function groupsOf(
  lines: readonly { readonly number: number; readonly plain: string }[],
): readonly { head: number; end: number }[] {
  const found: { head: number; end: number }[] = []
  let open: { head: number; family: Family } | undefined
  const close = (end: number): void => {
    if (open && end > open.head) found.push({ head: open.head, end })
    open = undefined
  }
  for (const { number, plain } of lines) {
    const end = open && endAt(number, plain, open.family)
    if (end !== undefined) close(end)
    const header = headerOf(plain)
    if (!header) continue
    if (open) close(number - 1)
    open = { head: number, family: header.family }
  }
  close(Number.POSITIVE_INFINITY)
  return found
}
