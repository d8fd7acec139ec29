/** Where the countdown of a job's time left stands, kept between two drawings. The rule is timeleft.ts's. */

import type { JobDoc } from '@headway/client'
import { useState } from 'react'
import type { Freshness } from '../../kit/bar.tsx'
import { lastSign } from './facts.ts'
import { countedTo } from './timeleft.ts'

/** The instant (ms) to which the time left is counted down: it stops while reports are missing. */
export function useCountedTo(job: JobDoc, now: number, freshness: Freshness): number {
  const [held, hold] = useState<number>()
  const fresh = freshness === 'fresh'
  if (fresh && held !== now) hold(now)
  return countedTo(now, fresh, held, lastSign(job))
}
