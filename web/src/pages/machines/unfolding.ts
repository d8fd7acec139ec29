/**
 * What of the tree is unfolded: kept while one looks at other pages and over a reload, in this browser's tab.
 *
 * Machines are unfolded and details of workers folded until somebody says otherwise. Must never know what is drawn.
 */
import { useSyncExternalStore } from 'react'

const KEY = 'headway.machines.unfolded'
type Said = Readonly<Record<string, boolean>>

let said: Said = kept()
const listeners = new Set<() => void>()

function kept(): Said {
  try {
    const read: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '{}')
    const entries = Object.entries(read ?? {}).filter(([, value]) => typeof value === 'boolean')
    return Object.fromEntries(entries)
  } catch {
    return {}
  }
}

/** Unfold or fold these; the rest stays. */
export function unfold(keys: readonly string[], isOpen: boolean): void {
  said = { ...said, ...Object.fromEntries(keys.map(key => [key, isOpen])) }
  try {
    sessionStorage.setItem(KEY, JSON.stringify(said))
  } catch {
    // private mode: it holds for this page
  }
  for (const listener of listeners) listener()
}

/** Whether it is unfolded; `initially` until somebody said. */
export function useUnfolded(key: string, initially: boolean): boolean {
  return useSyncExternalStore(subscribe, () => said[key]) ?? initially
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const machineKey = (name: string): string => `machine ${name}`
export const workerKey = (id: string): string => `worker ${id}`
