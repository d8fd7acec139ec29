/**
 * One ticking clock for all that shows time: the server's, standing still while this viewer is not fresh.
 *
 * One timer for a client, as often as the most impatient needs it; others are told only when their own step is over. Must
 * never know what is shown. Used by useNow and freshness.ts.
 */
import { useCallback, useSyncExternalStore } from 'react'
import { Listeners } from '../listeners.ts'
import type { Live } from '../live.ts'
import { useHeadway } from './provider.ts'

interface Step {
  readonly listeners: Listeners
  at: number
}

class Ticker {
  readonly #live: Live
  readonly #steps = new Map<number, Step>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #end: (() => void) | undefined

  constructor(live: Live) {
    this.#live = live
  }

  /** The server's time in ms, cut to whole steps; the same until the step is over. */
  at(everyMs: number): number {
    return this.#steps.get(everyMs)?.at ?? this.#cut(everyMs)
  }

  subscribe(everyMs: number, listener: () => void): () => void {
    const step = this.#steps.get(everyMs) ?? { listeners: new Listeners(), at: this.#cut(everyMs) }
    this.#steps.set(everyMs, step)
    const end = step.listeners.add(listener)
    this.#end ??= this.#live.connection.subscribe(() => this.#tick())
    this.#plan()
    return () => {
      end()
      if (step.listeners.size) return
      this.#steps.delete(everyMs)
      this.#plan()
    }
  }

  #cut(everyMs: number): number {
    return Math.floor(this.#live.now() / everyMs) * everyMs
  }

  #tick(): void {
    for (const [everyMs, step] of this.#steps) {
      const at = this.#cut(everyMs)
      if (at === step.at) continue
      step.at = at
      step.listeners.tell()
    }
    this.#plan()
  }

  #plan(): void {
    clearTimeout(this.#timer)
    if (!this.#steps.size) {
      this.#end?.()
      this.#end = undefined
      return
    }
    const least = Math.min(...this.#steps.keys())
    this.#timer = setTimeout(() => this.#tick(), least - (this.#live.now() % least) + 1)
  }
}

const tickers = new WeakMap<Live, Ticker>()

/** The clock of a client. */
export function tickerOf(live: Live): Ticker {
  const ticker = tickers.get(live) ?? new Ticker(live)
  tickers.set(live, ticker)
  return ticker
}

/**
 * The server's clock in ms, cut to whole steps of `everyMs` (default 1,000); stands still while the viewer is not fresh.
 * 0 on a server, and not `enabled` it does not tick.
 */
export function useNow({
  everyMs = 1_000,
  enabled = true,
}: {
  everyMs?: number
  enabled?: boolean
} = {}): number {
  const ticker = tickerOf(useHeadway().live)
  const subscribe = useCallback(
    (listener: () => void) => (enabled ? ticker.subscribe(everyMs, listener) : () => undefined),
    [ticker, everyMs, enabled],
  )
  return useSyncExternalStore(subscribe, () => ticker.at(everyMs), atServer)
}

function atServer(): number {
  return 0
}
