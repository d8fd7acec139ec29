/**
 * One view of some topics for all components that look at them.
 *
 * A watch is made by the first subscriber, never by drawing, so that a drawing that comes to nothing leaves nothing behind.
 * It stands in a register of its client while it is used and a little longer. Must never know what is in the documents.
 * Used by the hooks.
 */
import { useMemo } from 'react'
import type { HeadwayError } from '../errors.ts'
import { Listeners } from '../listeners.ts'
import type { Followed, Live } from '../live.ts'
import type { View } from '../viewing.ts'
import { type Leasable, lease } from './lease.ts'
import { type Source, still } from './source.ts'

/** What is known of some topics; another object after each change. The view is changed in place: read it, keep nothing. */
export interface Watched {
  readonly view: View | undefined
  /** It stands on a cut of the log, or did before. */
  readonly ready: boolean
  readonly refused: HeadwayError | null
}

const BEFORE: Watched = { view: undefined, ready: false, refused: null }

class Watch implements Leasable {
  state: Watched = BEFORE
  readonly listeners = new Listeners()
  readonly #live: Live
  readonly #topics: readonly string[]
  readonly #closed: () => void
  #followed: Followed | undefined
  #end: (() => void) | undefined

  constructor(live: Live, topics: readonly string[], closed: () => void) {
    this.#live = live
    this.#topics = topics
    this.#closed = closed
  }

  open(): void {
    if (this.#followed) return
    this.#followed = this.#live.follow([...this.#topics])
    this.#end = this.#followed.subscribe(() => this.#look())
    this.#look()
  }

  close(): void {
    this.#end?.()
    this.#followed?.close()
    this.#closed()
  }

  #look(): void {
    const followed = this.#followed
    if (!followed) return
    const ready = followed.ready || this.state.ready
    this.state = { view: followed.view, ready, refused: followed.refused ?? null }
    this.listeners.tell()
  }
}

const registers = new WeakMap<Live, Map<string, Watch>>()

function registerOf(live: Live): Map<string, Watch> {
  const register = registers.get(live) ?? new Map<string, Watch>()
  registers.set(live, register)
  return register
}

/** True for what no throttle may keep back: the first cut, and a refusal. */
export function isFirst(now: Watched, told: Watched): boolean {
  return now.ready !== told.ready || now.refused !== told.refused
}

/** The topics as a source; what was seen last stays when nobody looks any more. */
export function sourceOf(live: Live, topics: readonly string[]): Source<Watched> {
  const key = topics.join('\n')
  const register = registerOf(live)
  let last = BEFORE
  const subscribe = (listener: () => void): (() => void) => {
    const watch = register.get(key) ?? new Watch(live, topics, () => register.delete(key))
    register.set(key, watch)
    const end = watch.listeners.add(listener)
    const release = lease(watch)
    return () => {
      last = watch.state
      end()
      release()
    }
  }
  return { get: () => register.get(key)?.state ?? last, subscribe, atServer: BEFORE }
}

/** The topics as a source that stays the same while they do; not `enabled`, nothing is followed. */
export function useTopics(live: Live, topics: readonly string[], enabled: boolean): Source<Watched> {
  const key = topics.join('\n')
  const source = useMemo(() => sourceOf(live, key === '' ? [] : key.split('\n')), [live, key])
  return useMemo(() => (enabled && key !== '' ? source : still(source)), [enabled, key, source])
}
