/**
 * How many jobs of the filter are in each state: as the server counts them, or, where it does not, counted here.
 *
 * Counted here only where that is exact: everything that fits is loaded. Of states that the filter leaves out nothing is
 * known: they are absent; a state that is known to be nobody's is 0.
 */

import type { Counts, JobDoc } from '@headway/client'
import { useEffect, useState } from 'react'
import { JOB_STATES, type JobState } from '../../words/states.ts'
import { chipsOf, readable, statesOf } from './chips.ts'
import type { Jobs } from './jobs.ts'

export function useCounts({ counts, complete, isSuccess, list, ids }: Jobs, q: string): Counts | undefined {
  const isExact = !counts && isSuccess && complete
  const [own, setOwn] = useState<Counts>()
  useEffect(() => {
    if (!isExact) return
    const count = () => setOwn(countStates(ids.flatMap(id => (list.fits(id) ? (list.row(id) ?? []) : []))))
    count()
    return list.subscribeRows(count)
  }, [isExact, list, ids])
  const found = counts ?? (isExact ? own : undefined)
  return found && { ...zeros(counts ? JOB_STATES : countable(q)), ...found }
}

/** The states of which a filter leaves none out. */
export function countable(q: string): readonly JobState[] {
  const chips = chipsOf(q)
  const limiting = chips.filter(chip => OF_STATES.has(readable(chip).key))
  if (limiting.length === 0) return JOB_STATES
  const asked = statesOf(chips)
  return limiting.length === 1 ? JOB_STATES.filter(state => asked.has(state)) : []
}
const OF_STATES: ReadonlySet<string> = new Set(['state', 'running', 'waiting'])

function zeros(states: readonly JobState[]): Counts {
  return Object.fromEntries(states.map(state => [state, 0]))
}

export function countStates(jobs: readonly Pick<JobDoc, 'state'>[]): Counts {
  const counts: Record<string, number> = {}
  for (const { state } of jobs) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
