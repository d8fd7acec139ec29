/**
 * The fold: how an event changes a document and the counts. One rule for every event: RFC 7396 merge patch.
 *
 * `data.set` is merged, then `data.put` replaces whole values and keeps their nulls; `seq` becomes the event's. Documents
 * are never changed: a changed one is a new object, and what did not change in it is the same object as before, so that
 * `===` tells whether a part is to be drawn again. Twin of model/fold.py; runs spec/cases/viewer-*.json.
 */
import type { WireEvent } from './wire.ts'

/** Any JSON object as it stands in a view. */
export type Document = { readonly [key: string]: unknown }

/** state → number of jobs; a state without jobs is not there. */
export type States = Readonly<Record<string, number>>

export function isObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `target` with `patch` merged in: null removes, objects merge, all else replaces. `target` itself if nothing changes. */
export function merge(target: Document, patch: Document): Document {
  return changed(target, patch) ?? target
}

/** A copy of `target` with `patch` merged in, or undefined where that is the same. */
function changed(target: Document, patch: Document): Record<string, unknown> | undefined {
  let merged: Record<string, unknown> | undefined
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    const had = Object.hasOwn(target, key)
    if (value === null) {
      if (had) delete writable()[key]
      continue
    }
    const old = had ? target[key] : undefined
    const next = isObject(value) ? merge(isObject(old) ? old : EMPTY, value) : value
    if (!had || next !== old) place(writable(), key, next === EMPTY ? {} : next)
  }
  return merged

  function writable(): Record<string, unknown> {
    merged ??= { ...target }
    return merged
  }
}

/** The document after the event; `undefined` stands for one that does not exist yet. */
export function fold(document: Document | undefined, event: WireEvent): Document {
  const { set, put } = event.data
  const before = document ?? EMPTY
  const folded = (isObject(set) ? changed(before, set) : undefined) ?? { ...before }
  if (isObject(put)) for (const key of Object.keys(put)) place(folded, key, put[key])
  if (event.seq) folded.seq = event.seq
  return folded
}

/** Keep queue → state → number exact, in place, from the states an event left and entered. True if anything changed. */
export function foldCounts(counts: Map<string, States>, event: WireEvent): boolean {
  const { was, set, deleted } = event.data
  if (event.queue == null || was === undefined || !event.type.startsWith('job.')) return false
  const states = new Map(Object.entries(counts.get(event.queue) ?? {}))
  if (typeof was === 'string' && was) add(states, was, -1)
  const entered = isObject(set) ? set.state : undefined
  if (!deleted && typeof entered === 'string' && entered) add(states, entered, 1)
  if (states.size) counts.set(event.queue, Object.fromEntries(states))
  else counts.delete(event.queue)
  return true
}

/** True for equal JSON values, whatever the order of keys. */
export function equalJson(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => equalJson(value, other[index]))
  }
  if (!isObject(one) || !isObject(other)) return false
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  return keys.every(key => Object.hasOwn(other, key) && equalJson(one[key], other[key]))
}

const EMPTY: Document = Object.freeze({})

function add(states: Map<string, number>, state: string, change: number): void {
  const number = (states.get(state) ?? 0) + change
  if (number === 0) states.delete(state)
  else states.set(state, number)
}

/** A plain assignment to `__proto__` would not make a key. */
function place(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
  } else target[key] = value
}
