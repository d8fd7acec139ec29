/**
 * From something that changes to a value in a component: selected, compared, and drawn again only when it is another.
 *
 * A `Source` is what `useSyncExternalStore` takes: `get` gives the same object until something changed. Must never know
 * topics. Used by every hook.
 */
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react'
import { Limiter } from '../limiter.ts'
import { isSame } from './answer.ts'

type Same<S> = (one: S, other: S) => boolean

export interface Source<T> {
  readonly get: () => T
  readonly subscribe: (listener: () => void) => () => void
  /** What there is where nothing is followed: on a server, and while a page that came from one comes to life. */
  readonly atServer: T
}

/** What `select` makes of a source; the component is drawn again only when that is another (shallow). */
export function useSelected<T, S>(source: Source<T>, select: (value: T) => S, same: Same<S> = isSame): S {
  const drawn = useRef<{ readonly value: S } | undefined>(undefined)
  const [read, readAtServer] = useMemo(() => {
    let seen: { readonly from: T; readonly value: S } | undefined
    const of = (from: T): S => {
      if (seen && Object.is(seen.from, from)) return seen.value
      const value = select(from)
      const before = seen ?? drawn.current
      seen = { from, value: before && same(before.value, value) ? before.value : value }
      return seen.value
    }
    return [() => of(source.get()), () => of(source.atServer)]
  }, [source, select, same])
  const value = useSyncExternalStore(source.subscribe, read, readAtServer)
  useEffect(() => {
    drawn.current = { value }
  }, [value])
  return value
}

/** The source, told at most once each `ms`; at once when `isUrgent`, by what it was told last. */
export function throttled<T>(
  source: Source<T>,
  ms: number,
  isUrgent: (now: T, told: T) => boolean,
): Source<T> {
  if (ms <= 0) return source
  const subscribe = (listener: () => void): (() => void) => {
    let told = source.get()
    const limiter = new Limiter(ms, () => {
      told = source.get()
      listener()
    })
    const end = source.subscribe(() => (isUrgent(source.get(), told) ? limiter.now() : limiter.ask()))
    return () => {
      end()
      limiter.stop()
    }
  }
  return { ...source, subscribe }
}

/** The source that nobody is told of: what was seen last stays. */
export function still<T>(source: Source<T>): Source<T> {
  return { ...source, subscribe: () => () => undefined }
}

/** The newest value, for what is called later. */
export function useLatest<T>(value: T): { readonly current: T } {
  const latest = useRef(value)
  useEffect(() => {
    latest.current = value
  })
  return latest
}
