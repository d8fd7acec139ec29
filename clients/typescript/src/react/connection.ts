/**
 * What the live link is doing, in a component. Must never know how it is drawn.
 */
import { useCallback, useSyncExternalStore } from 'react'
import type { Connection } from '../live.ts'
import { useHeadway } from './provider.ts'

export interface ConnectionAnswer extends Connection {
  /** Try at once. */
  readonly retryNow: () => void
}

/** State, age and delay of the live link, and whether what is shown is current. */
export function useConnection(): ConnectionAnswer {
  const { live } = useHeadway()
  const { get, subscribe } = live.connection
  const connection = useSyncExternalStore(subscribe, get, get)
  const retryNow = useCallback(() => live.retryNow(), [live])
  return { ...connection, retryNow }
}
