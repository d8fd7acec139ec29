/** Whether the screen is as narrow as a phone's, where jobs are cards. */

import { useSyncExternalStore } from 'react'

const NARROW = matchMedia('(max-width: 639px)')

export function usePhone(): boolean {
  return useSyncExternalStore(subscribe, () => NARROW.matches)
}

function subscribe(listener: () => void): () => void {
  NARROW.addEventListener('change', listener)
  return () => NARROW.removeEventListener('change', listener)
}
