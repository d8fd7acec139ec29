/** The words for the time left: the server's estimate, counted down to an instant the caller chose, never below nothing. */

import type { EstimateDoc } from '@headway/client'
import { clock } from '../../words/numbers.ts'

/** `0:40–1:10 left`, `about 0:40 left`, `up to 0:20 left`, `any moment`; undefined where there is no estimate. */
export function timeLeft(estimate: EstimateDoc | undefined, now: number): string | undefined {
  if (!estimate) return undefined
  const passed = Math.max(0, (now - Date.parse(estimate.at)) / 1000)
  const [low, middle, high] = [estimate.low_s, estimate.p50_s, estimate.high_s].map(seconds =>
    seconds === undefined || seconds === null ? undefined : Math.max(0, seconds - passed),
  )
  if (low === undefined || high === undefined) {
    return middle === undefined || middle < 1 ? 'any moment' : `about ${clock(middle)} left`
  }
  if (high < 1) return 'any moment'
  if (low < 1) return `up to ${clock(high)} left`
  return clock(low) === clock(high) ? `${clock(low)} left` : `${clock(low)}–${clock(high)} left`
}

/** The instant to count down to: now while reports come; else the last instant at which they did. */
export function countedTo(
  now: number,
  fresh: boolean,
  held: number | undefined,
  lastSign: string | undefined,
): number {
  if (fresh) return now
  return held ?? (lastSign ? Date.parse(lastSign) : now)
}

export interface TotalSeen {
  /** attempt and stage that the total is of */
  readonly of: string
  readonly total: number | undefined
  /** what the total was before it changed; undefined: it did not */
  readonly was: number | undefined
}

/** The total of the present stage after one more look at it; a change is remembered as long as the stage lasts. */
export function seeTotal(seen: TotalSeen | undefined, of: string, total: number | undefined): TotalSeen {
  if (!seen || seen.of !== of) return { of, total, was: undefined }
  if (total === undefined || seen.total === total) return seen
  return { of, total, was: seen.total }
}
