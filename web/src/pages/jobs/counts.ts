/**
 * How many jobs of the filter are in each state: as the server counts them, or, where it does not, counted here.
 *
 * Counted here only where that is exact: everything that fits is loaded, and the filter leaves no state out.
 */

import type { Counts, JobDoc } from '@headway/client'
import { useEffect, useState } from 'react'
import { chipsOf, readable } from './chips.ts'
import type { Jobs } from './jobs.ts'

export function useCounts({ counts, complete, isSuccess, list, ids }: Jobs, q: string): Counts | undefined {
  const isExact = !counts && isSuccess && complete && !asksForStates(q)
  const [own, setOwn] = useState<Counts>()
  useEffect(() => {
    if (!isExact) return
    const count = () => setOwn(countStates(ids.flatMap(id => (list.fits(id) ? (list.row(id) ?? []) : []))))
    count()
    return list.subscribeRows(count)
  }, [isExact, list, ids])
  return counts ?? (isExact ? own : undefined)
}

/** A filter after which some states cannot be counted any more. */
export function asksForStates(q: string): boolean {
  return chipsOf(q).some(chip => OF_STATES.has(readable(chip).key))
}
const OF_STATES: ReadonlySet<string> = new Set(['state', 'running', 'waiting'])

export function countStates(jobs: readonly Pick<JobDoc, 'state'>[]): Counts {
  const counts: Record<string, number> = {}
  for (const { state } of jobs) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
