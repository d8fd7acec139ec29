/**
 * A job's log in a component: joblog.ts, opened while somebody looks. Lines are read from `log` as they are drawn.
 *
 * Must never know how lines look.
 */
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import { JobLog, type LogState } from '../joblog.ts'
import { lease } from './lease.ts'
import { useHeadway } from './provider.ts'

export interface LogsAnswer extends LogState {
  readonly isPending: boolean
  readonly isError: boolean
  readonly isSuccess: boolean
  /** `get(n)`, `has(n)`, `isAbsent(n)`, `ensure(from, to)`, `find({contains, levels, pattern})`. */
  readonly log: JobLog
}

/** The log of a job, live; drawn at most 10 times a second. */
export function useJobLogs(
  id: string | undefined,
  { enabled = true, blocks }: { readonly enabled?: boolean; readonly blocks?: number } = {},
): LogsAnswer {
  const client = useHeadway()
  const log = useMemo(() => {
    const sources = { live: client.live, rest: client }
    return new JobLog(sources, id ?? '', blocks === undefined ? {} : { blocks })
  }, [client, id, blocks])
  const isOpen = enabled && id !== undefined && id !== ''
  const subscribe = useCallback(
    (listener: () => void) => {
      const end = log.subscribe(listener)
      const release = isOpen ? lease(log) : () => undefined
      return () => {
        end()
        release()
      }
    },
    [log, isOpen],
  )
  const read = (): LogState => log.state
  const state = useSyncExternalStore(subscribe, read, read)
  const { status } = state
  return {
    ...state,
    log,
    isPending: status === 'pending',
    isError: status === 'error',
    isSuccess: status === 'success',
  }
}
