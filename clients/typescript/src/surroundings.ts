/**
 * Where the client runs: clocks, timers, dice, and what a browser says of the page. One object, so that tests have their own.
 *
 * The only file that touches `window`, `document` and `navigator`, and only when called: it can be imported anywhere.
 */
import type { Locks } from './transports/seats.ts'

export type PageEvent = 'visibilitychange' | 'online' | 'offline' | 'pageshow'

export interface Surroundings {
  /** Monotonic ms. */
  now(): number
  /** Ms since the epoch, by this device's clock. */
  wall(): number
  /** In [0, 1). */
  dice(): number
  /** Call once after `ms`; returns how to cancel it. */
  later(ms: number, call: () => void): () => void
  /** Call once before the next frame is drawn (where nothing is drawn: soon); returns how to cancel it. */
  frame(call: () => void): () => void
  readonly isPage: boolean
  readonly isVisible: boolean
  readonly isOnline: boolean
  /** What all pages of this browser share; undefined: it has none. */
  readonly locks: Locks | undefined
  on(what: PageEvent, call: () => void): () => void
}

const SOON_MS = 16

/** A browser's page, a worker, or Node. */
export function here(): Surroundings {
  const page = typeof document === 'undefined' ? undefined : document
  return {
    now: () => performance.now(),
    wall: () => Date.now(),
    dice: () => Math.random(),
    later: schedule,
    frame: call => {
      if (!page || typeof requestAnimationFrame === 'undefined') return schedule(SOON_MS, call)
      const id = requestAnimationFrame(call)
      return () => cancelAnimationFrame(id)
    },
    isPage: page !== undefined,
    get isVisible() {
      return page?.visibilityState !== 'hidden'
    },
    get isOnline() {
      return typeof navigator === 'undefined' || navigator.onLine !== false
    },
    get locks() {
      return typeof navigator === 'undefined' ? undefined : (navigator.locks as Locks | undefined)
    },
    on: (what, call) => {
      const target = what === 'visibilitychange' ? page : typeof window === 'undefined' ? undefined : window
      target?.addEventListener(what, call)
      return () => target?.removeEventListener(what, call)
    },
  }
}

function schedule(ms: number, call: () => void): () => void {
  const id = setTimeout(call, ms)
  return () => clearTimeout(id)
}
