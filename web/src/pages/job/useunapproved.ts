/** Whether a job that is queued waits for the approval of its tool, live. The rule is words/kinds.ts's. */

import type { JobDoc, KindDoc, WorkerDoc } from '@headway/client'
import { type Seen, useTopic } from '@headway/client/react'
import { useCallback } from 'react'
import { isUnapproved } from '../../words/kinds.ts'

/** The same as why.tsx follows beside it. */
const FOLLOWED = ['workers', 'kinds']

/** False while that is not known. */
export function useUnapproved({ kind, state }: Pick<JobDoc, 'kind' | 'state'>): boolean {
  const select = useCallback(
    (seen: Seen) => isUnapproved(kindIn(seen, kind), seen.all('worker', 'workers').map(asWorker)),
    [kind],
  )
  const isQueued = state === 'queued'
  const { data } = useTopic(FOLLOWED, { enabled: isQueued, select })
  return isQueued && data === true
}

function kindIn(seen: Seen, name: string): KindDoc | undefined {
  return seen.get('kind', name, 'kinds') as Partial<KindDoc> | undefined as KindDoc | undefined
}

function asWorker(document: Partial<WorkerDoc>): WorkerDoc {
  return document as WorkerDoc
}
