/**
 * How much of a list a view shows: everything, or everything down to some id, or no one can tell.
 *
 * A snapshot has the newest unfinished jobs up to a cap (`capped`), and the newest finished ones up to `keep.finished`; which
 * of these stay is decided by when they finished, so nothing follows from their ids. Pure. Called by joblist.ts.
 */
import { jobOf } from './listpages.ts'
import { type Asked, FINAL } from './listquery.ts'
import type { TopicView } from './topicview.ts'

export interface Span {
  /** Every job that fits is in the view. */
  readonly isWhole: boolean
  /** Every job that fits and is not older is in the view; undefined: not to be told. */
  readonly bound: string | undefined
}

/** What of the asked jobs is in the view as it stands now. */
export function spanOf(view: TopicView, { live, hasEnded }: Asked): Span {
  let ended = 0
  let oldest: string | undefined
  for (const document of view.all('job').values()) {
    const { id, state } = jobOf(document)
    if (FINAL.has(state)) ended += 1
    else if (oldest === undefined || id < oldest) oldest = id
  }
  const isCut = hasEnded && ended > 0 && ended >= (view.keep.finished ?? Number.POSITIVE_INFINITY)
  return {
    isWhole: live && !view.capped && !isCut,
    bound: live && view.capped && !hasEnded ? oldest : undefined,
  }
}
