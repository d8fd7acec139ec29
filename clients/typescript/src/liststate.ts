/**
 * What a list is made of, and what it shows: one immutable value, and how two of them are told apart.
 *
 * Must never know how it comes about. Made by joblist.ts, read by hooks and pages.
 */
import type { HeadwayError } from './errors.ts'
import type { Sort } from './listorder.ts'
import type { JobPages } from './listpages.ts'
import type { Counts } from './listquery.ts'
import type { Live } from './live.ts'

export interface ListSources {
  readonly live: Pick<Live, 'follow' | 'now'>
  readonly rest: JobPages
}

export interface ListOptions {
  /** Filter language; default: every job. */
  readonly q?: string
  /** Jobs of a page; default 100. */
  readonly limit?: number
  /** Default `created`, newest first; the others order what is loaded. */
  readonly sort?: Sort
  /** Rows kept at most; the oldest beyond are asked for again when looked at. Default 20,000. */
  readonly most?: number
}

/** What a list shows; another object whenever any of it is another. */
export interface ListState {
  readonly status: 'pending' | 'error' | 'success'
  readonly error: HeadwayError | null
  /** In order; the same array until the order is another. */
  readonly ids: readonly string[]
  /** Exact number by state, of the filter without its terms of state; undefined where only the server can count. */
  readonly counts: Counts | undefined
  /** Exact number of jobs that fit; undefined: ask the server (a dry run of an action). */
  readonly total: number | undefined
  /** All that fits is loaded. */
  readonly complete: boolean
  readonly hasMore: boolean
  readonly isLoadingMore: boolean
  readonly moreError: HeadwayError | null
  /** Membership is kept from events; else see `mayMatch`. */
  readonly live: boolean
  /** Not `live`: jobs that came or changed their state since the pages were asked, and fit as far as events tell. */
  readonly mayMatch: number
  /** The server cut its scan at its bound: there may be more that fits. */
  readonly partial: boolean
  readonly held: boolean
  /** Jobs that fit and are not shown because the order is held. */
  readonly newCount: number
  /** The order is that of the loaded rows, not of all that fit. */
  readonly sortedLoaded: boolean
}

/** Before anything is known. */
export const BEFORE: ListState = {
  status: 'pending',
  error: null,
  ids: [],
  counts: undefined,
  total: undefined,
  complete: false,
  hasMore: false,
  isLoadingMore: false,
  moreError: null,
  live: true,
  mayMatch: 0,
  partial: false,
  held: false,
  newCount: 0,
  sortedLoaded: false,
}

/** True if there is nothing new to see. */
export function sameState(one: ListState, other: ListState): boolean {
  const keys = Object.keys(BEFORE) as (keyof ListState)[]
  return keys.every(key =>
    key === 'counts' ? sameCounts(one.counts, other.counts) : one[key] === other[key],
  )
}

/** `before` if it has the same ids in the same order. */
export function sameIds(before: readonly string[], now: readonly string[]): readonly string[] {
  if (before === now || before.length !== now.length) return now
  return before.every((id, index) => id === now[index]) ? before : now
}

/** How many of `all` are not shown. */
export function countNew(shown: readonly string[], all: readonly string[]): number {
  const known = new Set(shown)
  return all.reduce((number, id) => (known.has(id) ? number : number + 1), 0)
}

function sameCounts(one: Counts | undefined, other: Counts | undefined): boolean {
  if (!one || !other) return one === other
  const states = Object.keys({ ...one, ...other }) as (keyof Counts)[]
  return states.every(state => one[state] === other[state])
}
