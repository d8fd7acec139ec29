/**
 * Views of the list of jobs: the built-in ones, and those that people saved; a view is a filter and a sort with a name.
 *
 * Pure. The address is the state, so a view is but a link. Must never know the server. Called by viewbar.tsx.
 */
import type { SavedDoc } from '@headway/client'
import { chipsOf } from './chips.ts'

export interface View {
  readonly name: string
  readonly q: string
  readonly sort?: string | undefined
  /** What the view is for, where its name does not say it. */
  readonly about?: string
  /** Somebody's own, kept on the server. */
  readonly saved?: boolean
  readonly pinned?: boolean
}

export const BUILT_IN: readonly View[] = [
  { name: 'All', q: '' },
  { name: 'Running', q: 'state:running,cancelling' },
  { name: 'Failed today', q: 'state:failed since:24h', about: 'Made in the last 24 hours' },
  { name: 'Late', q: 'waiting:>10m', about: 'Waiting for longer than 10 minutes' },
  { name: 'Long-running', q: 'running:>1h', about: 'Running for longer than an hour' },
]

/** The views that were saved, those that are pinned first; what has no filter in it is left out. */
export function savedViews(documents: readonly SavedDoc[]): readonly View[] {
  const views = documents.flatMap(({ name, body }) => viewOf(name, body))
  return [...views.filter(view => view.pinned), ...views.filter(view => !view.pinned)]
}

function viewOf(name: string, body: unknown): readonly View[] {
  if (typeof body !== 'object' || body === null || !('q' in body) || typeof body.q !== 'string') return []
  const sort = 'sort' in body && typeof body.sort === 'string' ? body.sort : undefined
  return [{ name, q: body.q, sort, saved: true, pinned: 'pinned' in body && body.pinned === true }]
}

/** The body a view is kept as. */
export function bodyOf({ q, sort, pinned }: View): {
  readonly q: string
  readonly sort?: string
  readonly pinned?: boolean
} {
  return { q, ...(sort ? { sort } : {}), ...(pinned ? { pinned } : {}) }
}

/** The view that shows exactly this, whatever the order of its terms. */
export function viewFor(views: readonly View[], q: string, sort: string | undefined): View | undefined {
  const asked = key(q, sort)
  return views.find(view => key(view.q, view.sort) === asked)
}

function key(q: string, sort: string | undefined): string {
  return `${sort ?? ''} ${[...chipsOf(q)].sort().join(' ')}`
}
