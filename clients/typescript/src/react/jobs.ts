/**
 * A list of jobs in a component: joblist.ts, opened while somebody looks.
 *
 * The order and the counts draw the component; each row draws itself by `useJobRow`. Must never know how rows look.
 */
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { HeadwayError } from '../errors.ts'
import { JobList, type ListOptions } from '../joblist.ts'
import type { ListState } from '../liststate.ts'
import type { JobDoc } from '../wire.ts'
import { lease } from './lease.ts'
import { useHeadway } from './provider.ts'

export interface JobsOptions extends Pick<ListOptions, 'q' | 'limit' | 'sort'> {
  /** False: nothing is followed, and what was there stays. May change at any time. Default true. */
  readonly enabled?: boolean
  /** Default true: drawn (at most 4 times a second) when any row is another, `jobs` filled. False: see `useJobRow`. */
  readonly rows?: boolean
}

export interface JobsAnswer extends Omit<ListState, 'error'> {
  readonly error: HeadwayError | null
  readonly isPending: boolean
  readonly isError: boolean
  readonly isSuccess: boolean
  /** As `jobs`; undefined while nothing is known. */
  readonly data: readonly JobDoc[] | undefined
  /** The rows in order; empty with `rows: false`. */
  readonly jobs: readonly JobDoc[]
  /** The list itself, for `useJobRow(list, id)`, `list.row(id)` and `list.fits(id)`. */
  readonly list: JobList
  /** Still the list of the filter before, until the new one is known. */
  readonly isPrevious: boolean
  readonly loadMore: () => Promise<void>
  readonly refresh: () => Promise<void>
  /** Keep the order as it is until the answer is called: pointer, selection, scrolled away. Counted. */
  readonly hold: () => () => void
  readonly showNew: () => void
}

/** Jobs that fit a filter, live. */
export function useJobs({ q = '', limit, sort, enabled, rows }: JobsOptions = {}): JobsAnswer {
  const client = useHeadway()
  const list = useMemo(() => {
    const sources = { live: client.live, rest: client }
    return new JobList(sources, { q, ...(limit === undefined ? {} : { limit }), ...(sort ? { sort } : {}) })
  }, [client, q, limit, sort])
  const [before, setBefore] = useState(list)
  const { status } = useListState(list, enabled)
  const isPrevious = status === 'pending' && before !== list && before.state.status === 'success'
  useEffect(() => {
    if (status !== 'pending') setBefore(list)
  }, [status, list])
  const shown = isPrevious ? before : list
  return { ...useJobList(shown, { enabled: enabled !== false && !isPrevious, rows }), isPrevious }
}

/** A list that somebody else keeps (`new JobList`), so that it outlives the component. */
export function useJobList(
  list: JobList,
  { enabled = true, rows = true }: { readonly enabled?: boolean; readonly rows?: boolean | undefined } = {},
): Omit<JobsAnswer, 'isPrevious'> {
  const state = useListState(list, enabled)
  const version = useRowsVersion(list, enabled && rows)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` stands for the rows, which the list holds
  const jobs = useMemo(
    () => (rows ? state.ids.flatMap(id => list.row(id) ?? []) : []),
    [list, state.ids, rows, version],
  )
  const acts = useMemo(
    () => ({
      loadMore: () => list.loadMore(),
      refresh: () => list.refresh(),
      hold: () => list.hold(),
      showNew: () => list.showNew(),
    }),
    [list],
  )
  return {
    ...state,
    ...acts,
    list,
    jobs,
    data: state.status === 'pending' ? undefined : jobs,
    isPending: state.status === 'pending',
    isError: state.status === 'error',
    isSuccess: state.status === 'success',
  }
}

/** One row of a list, as it is now; the component is drawn again for this row only. */
export function useJobRow(list: JobList, id: string): JobDoc | undefined {
  const subscribe = useCallback((listener: () => void) => list.subscribeRow(id, listener), [list, id])
  const read = (): JobDoc | undefined => list.row(id)
  return useSyncExternalStore(subscribe, read, read)
}

function useListState(list: JobList, enabled = true): ListState {
  const subscribe = useCallback(
    (listener: () => void) => {
      const end = list.subscribe(listener)
      const release = enabled ? lease(list) : () => undefined
      return () => {
        end()
        release()
      }
    },
    [list, enabled],
  )
  const read = (): ListState => list.state
  return useSyncExternalStore(subscribe, read, read)
}

function useRowsVersion(list: JobList, enabled: boolean): number {
  const subscribe = useCallback(
    (listener: () => void) => (enabled ? list.subscribeRows(listener) : () => undefined),
    [list, enabled],
  )
  const read = (): number => list.rowsVersion
  return useSyncExternalStore(subscribe, read, read)
}
