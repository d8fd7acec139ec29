/** Whether anybody is there to run jobs. */

import { useWorkers } from '@headway/client/react'

/** How many workers are connected; undefined until it is known. */
export function useConnectedWorkers(enabled: boolean): number | undefined {
  const { data } = useWorkers({ enabled })
  return data?.reduce(
    (sum, { workers }) => sum + workers.filter(({ worker }) => CONNECTED.has(worker.state)).length,
    0,
  )
}
const CONNECTED: ReadonlySet<string> = new Set(['online', 'draining', 'stale', 'problem'])
