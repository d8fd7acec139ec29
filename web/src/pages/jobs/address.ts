/** The state of the page that is in its address, so that whoever has the link sees the same: filter and sort. */

import { useCallback } from 'react'
import { addressOf } from '../../app/router.tsx'
import { SORTS, type Sort } from './statusline.tsx'

const route = addressOf('/jobs')

export interface Address {
  readonly q: string
  readonly sort: Sort
  readonly setQ: (q: string) => void
  readonly setSort: (sort: Sort) => void
}

export function useAddress(): Address {
  const { q = '', sort: asked } = route.useSearch()
  const navigate = route.useNavigate()
  const sort = SORTS.find(([id]) => id === asked)?.[0] ?? 'created'
  const setQ = useCallback(
    (next: string) =>
      void navigate({
        search: before => ({ ...before, q: next || undefined }),
      }),
    [navigate],
  )
  const setSort = useCallback(
    (next: Sort) =>
      void navigate({
        search: before => ({ ...before, sort: next === 'created' ? undefined : next }),
      }),
    [navigate],
  )
  return { q, sort, setQ, setSort }
}
