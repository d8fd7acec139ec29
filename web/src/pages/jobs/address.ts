/** The state of the page that is in its address, so that whoever has the link sees the same: filter and sort. */

import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { SORTS, type Sort } from './statusline.tsx'

export interface Address {
  readonly q: string
  readonly sort: Sort
  readonly setQ: (q: string) => void
  readonly setSort: (sort: Sort) => void
}

export function useAddress(): Address {
  const { q = '', sort: asked } = useSearch({ from: '/jobs' })
  const navigate = useNavigate()
  const sort = SORTS.find(([id]) => id === asked)?.[0] ?? 'created'
  const setQ = useCallback(
    (next: string) =>
      void navigate({
        to: '/jobs',
        search: before => ({ ...before, q: next || undefined }),
        resetScroll: false,
      }),
    [navigate],
  )
  const setSort = useCallback(
    (next: Sort) =>
      void navigate({
        to: '/jobs',
        search: before => ({ ...before, sort: next === 'created' ? undefined : next }),
        resetScroll: false,
      }),
    [navigate],
  )
  return { q, sort, setQ, setSort }
}
