/** The past of a job for this page: all its events read once, folded to the event of the address. */

import type { HeadwayError, WireEvent } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { allEvents } from './files.ts'
import { History, type Past } from './past.ts'

export interface Travel {
  readonly past: Past | undefined
  readonly events: readonly WireEvent[]
  readonly loading: boolean
  /** events that have come so far */
  readonly loaded: number
  readonly error: HeadwayError | Error | null
  /** there is more now than what was read */
  readonly more: boolean
  readonly reload: () => void
}

/** Reads while `at` (a seq) is set. `seq` is the newest event that changed the job. */
export function usePast(id: string, at: number | undefined, seq: number): Travel {
  const headway = useHeadway()
  const [loaded, setLoaded] = useState(0)
  const query = useQuery({
    queryKey: ['job-events', id],
    queryFn: ({ signal }) => allEvents(headway, id, { signal, onPage: setLoaded }),
    enabled: at !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  })
  const history = useMemo(
    () => new History((query.data ?? []).filter(event => event.type !== 'job.logged')),
    [query.data],
  )
  const past = useMemo(
    () => (at === undefined || !history.events.length ? undefined : history.at(history.indexAt(at))),
    [history, at],
  )
  return {
    past,
    events: history.events,
    loading: query.isFetching,
    loaded,
    error: query.error,
    more: query.isSuccess && seq > (query.data.at(-1)?.seq ?? 0),
    reload: () => void query.refetch(),
  }
}
