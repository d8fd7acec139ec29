/** What the search box can offer on this page: asked of the server only once somebody uses the box. */

import type { JobList } from '@headway/client'
import { useKinds, useQueues, useWorkers } from '@headway/client/react'
import { useCallback } from 'react'
import { seenIn } from './seen.ts'
import type { Seen } from './suggest.ts'

const NONE: readonly never[] = []

export function useOffers(list: JobList, isUsed: boolean): () => Seen {
  const { data: kinds = NONE } = useKinds({ enabled: isUsed })
  const { data: queues = NONE } = useQueues({ enabled: isUsed })
  const { data: machines = NONE } = useWorkers({ enabled: isUsed })
  return useCallback(() => {
    const jobs = list.state.ids.slice(0, 1000).flatMap(id => list.row(id) ?? [])
    return seenIn(jobs, {
      kinds: kinds.map(each => each.name),
      queues: queues.map(each => each.name),
      workers: machines.flatMap(machine => machine.workers.map(each => each.id)),
    })
  }, [list, kinds, queues, machines])
}
