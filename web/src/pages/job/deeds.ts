/** What can be done to a job in its state: a table, as docs/reference/lifecycle.md has it. Knows no screen. */

import type { JobDoc } from '@headway/client'
import { FINAL, WAITING } from '../../words/states.ts'

export interface Deeds {
  readonly cancel: boolean
  /** A cancel is on its way and not confirmed. */
  readonly cancelling: boolean
  readonly retry: boolean
  readonly rerun: boolean
  readonly hold: boolean
  readonly release: boolean
  readonly priority: boolean
  readonly remove: boolean
  readonly watch: boolean
}

/** Of an offered or running job neither the place nor the hold can be changed; of an ended one nothing but its going. */
export function deedsOf(job: JobDoc): Deeds {
  const [final, waiting] = [FINAL.has(job.state), WAITING.has(job.state)]
  return {
    cancel: !final && job.state !== 'cancelling',
    cancelling: job.state === 'cancelling',
    retry: final,
    rerun: true,
    hold: waiting && !job.held,
    release: waiting && job.held === true,
    priority: waiting,
    remove: final,
    watch: !final,
  }
}
