/** Holding things still: what is shown while somebody paused it, and the order while somebody points into it. */

import { useEffect, useRef } from 'react'

/** The value, or, while it is to stand still, the last one before. */
export function useStill<T>(value: T, isStill: boolean): T {
  const kept = useRef(value)
  if (!isStill) kept.current = value
  return kept.current
}

/** While `wanted`, the list's order is held; let go when that ends, or the page does. */
export function useHold(hold: () => () => void, wanted: boolean): void {
  useEffect(() => (wanted ? hold() : undefined), [hold, wanted])
}
