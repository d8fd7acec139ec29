/** A search that runs as long as what it looks for stays the same, and is stopped after. */
import type { JobLog, LogSearch, SearchState, Wanted } from '@headway/client'
import { useEffect, useState } from 'react'

export interface Found {
  readonly search: LogSearch
  readonly state: SearchState
}

/** Searches `log` for `wanted` (keep its identity) once it is `ready`. */
export function useFound(log: JobLog, ready: boolean, wanted: Wanted | undefined): Found | undefined {
  const [found, setFound] = useState<Found>()
  useEffect(() => {
    if (!ready || !wanted) return setFound(undefined)
    const search = log.find(wanted)
    const tell = (): void => setFound({ search, state: search.state })
    tell()
    const end = search.subscribe(tell)
    return () => {
      end()
      search.stop()
    }
  }, [log, ready, wanted])
  return wanted ? found : undefined
}

/** A value that has stayed the same for so long. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, settle] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => settle(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}
