/**
 * The order of a list: ids by a key of their rows, kept by merging what came instead of sorting anew, and cut at the place
 * up to which all is known.
 *
 * Ids are made in the order of creation, so the order of `created` never changes for a job: only comings and goings cost
 * anything. Of the other sorts each knows the texts or numbers that a change may touch. Must never know views, pages or
 * listeners. Called by joblist.ts.
 */
import type { JobDoc } from './wire.ts'

export const SORTS = ['created', 'activity', 'finished', 'priority', 'duration'] as const
export type Sort = (typeof SORTS)[number]
type Key = string | number

/** What a sort compares, larger first; of equal keys the newer job comes first. `now` in ms. */
const KEYS: Readonly<Record<Sort, (id: string, job: JobDoc, now: number) => Key>> = {
  created: id => id,
  activity: (_, job) => job.finished_at ?? job.started_at ?? job.queued_at ?? job.created_at ?? '',
  finished: (_, job) => job.finished_at ?? '',
  priority: (_, job) => job.priority ?? 0,
  duration: (_, job, now) => durationOf(job, now),
}

/** Milliseconds from its first start to its end, or to `now`; -1: it has not started. */
export function durationOf(job: JobDoc, now: number): number {
  if (!job.started_at) return -1
  return (job.finished_at ? Date.parse(job.finished_at) : now) - Date.parse(job.started_at)
}

/** True if a change of the row may move it in this order. */
export function moves(sort: Sort, before: JobDoc, after: JobDoc): boolean {
  if (sort === 'created') return false
  return KEYS[sort]('', before, 0) !== KEYS[sort]('', after, 0)
}

/** The ids of all rows in order. */
export function sorted(rows: ReadonlyMap<string, JobDoc>, sort: Sort, now: number): string[] {
  if (sort === 'created') return [...rows.keys()].sort(newestFirst)
  const keyed = Array.from(rows, ([id, job]) => [id, KEYS[sort](id, job, now)] as const)
  keyed.sort((one, other) => descending(one[1], other[1]) || newestFirst(one[0], other[0]))
  return keyed.map(([id]) => id)
}

/** `order` (newest first) without those that left and with those that came, each in its place. */
export function merged(
  order: readonly string[],
  came: ReadonlySet<string>,
  left: ReadonlySet<string>,
): string[] {
  const fresh = [...came].sort(newestFirst)
  const result: string[] = []
  let next = 0
  for (const id of order) {
    if (left.has(id) || came.has(id)) continue
    for (let newer = fresh[next]; newer !== undefined && newer > id; newer = fresh[next]) {
      result.push(newer)
      next += 1
    }
    result.push(id)
  }
  for (; next < fresh.length; next += 1) result.push(fresh[next] as string)
  return result
}

/** `shown` as it stands, and below it what of `all` follows its last one: what is loaded at the foot moves no row. */
export function extended(shown: readonly string[], all: readonly string[], sort: Sort): readonly string[] {
  const last = shown.at(-1)
  if (last === undefined) return all
  const from = sort === 'created' ? countDownTo(all, last) : placeBelow(shown, all)
  if (from >= all.length) return shown
  const known = new Set(shown)
  const below = all.slice(from).filter(id => !known.has(id))
  return below.length ? [...shown, ...below] : shown
}

function placeBelow(shown: readonly string[], all: readonly string[]): number {
  const there = new Set(all)
  const last = shown.findLast(id => there.has(id))
  return last === undefined ? all.length : all.indexOf(last) + 1
}

/** How many ids of `order` (newest first) are not older than `bound`. */
export function countDownTo(order: readonly string[], bound: string): number {
  let low = 0
  let high = order.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((order[middle] as string) >= bound) low = middle + 1
    else high = middle
  }
  return low
}

export function newestFirst(one: string, other: string): number {
  return one < other ? 1 : one > other ? -1 : 0
}

function descending(one: Key, other: Key): number {
  return one < other ? 1 : one > other ? -1 : 0
}
