/**
 * Documents of any topic in a component: kinds, saved views, workers, metrics, whatever a server has.
 *
 * `Seen` is what a view shows, as plain arrays that may be compared. Must never know what the documents mean.
 */
import { useCallback, useMemo } from 'react'
import type { SavedOf, Section } from '../desks.ts'
import type { Document, States } from '../fold.ts'
import type { KindDoc, WireEvent } from '../wire.ts'
import { type Answer, answerOf, type Found, isSame } from './answer.ts'
import { useHeadway } from './provider.ts'
import { throttled, useSelected } from './source.ts'
import { isFirst, useTopics, type Watched } from './watch.ts'

/** What some topics show now. Without `topic`: of the first one. */
export interface Seen {
  /** All documents of an entity (`worker`, `queue`, `kind`, `job` …), by id. */
  all(entity: string, topic?: string): readonly Document[]
  get(entity: string, id: string, topic?: string): Document | undefined
  /** Kept events, oldest first. */
  events(topic?: string): readonly WireEvent[]
  /** queue → state → number of jobs; null: this topic does not tell. */
  counts(topic?: string): ReadonlyMap<string, States> | null
  /** There are more jobs than these. */
  capped(topic?: string): boolean
}

export interface TopicOptions<S> {
  /** False: nothing is followed, and what was there stays. Default true. */
  readonly enabled?: boolean
  /** Draw again only when this is another (shallow). Give it a fixed function, or it runs at each drawing. */
  readonly select?: (seen: Seen) => S
  /** Draw at most once in so many ms. */
  readonly throttleMs?: number
}

type Same<S> = (one: S, other: S) => boolean

export function useTopic(topics: string | readonly string[], options?: TopicOptions<Seen>): Answer<Seen>
export function useTopic<S>(
  topics: string | readonly string[],
  options: TopicOptions<S> & { readonly select: (seen: Seen) => S },
): Answer<S>
/** What topics show, live. */
export function useTopic<S>(
  topics: string | readonly string[],
  options: TopicOptions<S> = {},
): Answer<S | Seen> {
  const { select } = options
  return useSeen<S | Seen>(topics, select ?? seenItself, options)
}

/** The same for hooks of our own, with another idea of what is the same. */
export function useSeen<S>(
  topics: string | readonly string[],
  select: (seen: Seen) => S,
  { enabled = true, throttleMs = 0 }: { readonly enabled?: boolean; readonly throttleMs?: number } = {},
  same: Same<S> = isSame,
): Answer<S> {
  const list = typeof topics === 'string' ? [topics] : topics
  const source = useTopics(useHeadway().live, list, enabled)
  const drawn = useMemo(() => throttled(source, throttleMs, isFirst), [source, throttleMs])
  const find = useCallback(
    (state: Watched): Found<S> => {
      const known = state.ready && state.view ? { data: select(seenOf(state.view)) } : undefined
      return { known, error: state.refused }
    },
    [select],
  )
  const sameAnswer = useCallback(
    (one: Found<S>, other: Found<S>) =>
      one.error === other.error &&
      (one.known && other.known ? same(one.known.data, other.known.data) : one.known === other.known),
    [same],
  )
  return answerOf(useSelected(drawn, find, sameAnswer))
}

/** Kinds that workers have declared, by name, live. */
export function useKinds(options: { readonly enabled?: boolean } = {}): Answer<readonly KindDoc[]> {
  return useSeen('kinds', kindsIn, options)
}

/** What is saved in a section, by name, live. */
export function useSaved<S extends Section>(
  section: S,
  options: { readonly enabled?: boolean } = {},
): Answer<readonly SavedOf<S>[]> {
  const select = useCallback((seen: Seen) => savedIn(seen, section), [section])
  return useSeen('saved', select, options)
}

function seenItself(seen: Seen): Seen {
  return seen
}

function kindsIn(seen: Seen): readonly KindDoc[] {
  return seen.all('kind').map(document => document as Partial<KindDoc> as KindDoc)
}

function savedIn<S extends Section>(seen: Seen, section: S): readonly SavedOf<S>[] {
  const saved = seen.all('saved').map(document => document as Partial<SavedOf<S>> as SavedOf<S>)
  return saved.filter(document => document.section === section)
}

function seenOf(view: NonNullable<Watched['view']>): Seen {
  return {
    all: (entity, topic) => [...view.topic(topic).all(entity)].sort(byId).map(([, document]) => document),
    get: (entity, id, topic) => view.topic(topic).all(entity).get(id),
    events: topic => view.topic(topic).events,
    counts: topic => view.topic(topic).counts,
    capped: topic => view.topic(topic).capped,
  }
}

function byId([one]: readonly [string, Document], [other]: readonly [string, Document]): number {
  return one < other ? -1 : 1
}
