/** How long the time left is counted down, and whether a total has changed. Pure; words/jobs.ts writes the time itself. */

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
