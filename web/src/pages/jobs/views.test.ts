import type { SavedDoc } from '@headway/client'
import { expect, it } from 'vitest'
import { BUILT_IN, bodyOf, savedViews, viewFor } from './views.ts'

function saved(name: string, body: SavedDoc['body']): SavedDoc {
  return {
    id: `views/${name}`,
    section: 'views',
    name,
    owner: null,
    body,
    stored_at: '2026-11-22T12:00:00.000Z',
  }
}

it('shows pinned views first, and none without a filter', () => {
  const views = savedViews([
    saved('b', { q: 'x' }),
    saved('broken', {}),
    saved('a', { q: 'y', pinned: true }),
  ])

  expect(views.map(view => view.name)).toEqual(['a', 'b'])
})

it('knows a view whatever the order of its terms', () => {
  expect(viewFor(BUILT_IN, ' since:24h  state:failed ', undefined)?.name).toBe('Failed today')
  expect(viewFor(BUILT_IN, '', undefined)?.name).toBe('All')
  expect(viewFor(BUILT_IN, '', 'duration')).toBeUndefined()
  expect(viewFor(BUILT_IN, 'state:failed', undefined)).toBeUndefined()
})

it('keeps what a view is, and nothing of its name', () => {
  expect(bodyOf({ name: 'n', q: 'x', sort: undefined, saved: true, pinned: false })).toEqual({ q: 'x' })
  expect(bodyOf({ name: 'n', q: 'x', sort: 'duration', pinned: true })).toEqual({
    q: 'x',
    sort: 'duration',
    pinned: true,
  })
})
