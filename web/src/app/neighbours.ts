/** The list one came from: its order and its address, kept for this tab, so that a job knows the one before and after it. */

import { useEffect, useRef } from 'react'

interface Kept {
  readonly ids: readonly string[]
  /** the filter and order of the list */
  readonly q: string | undefined
  readonly sort: string | undefined
}

const KEY = 'headway.list'
const MOST = 2_000
const NONE: Kept = { ids: [], q: undefined, sort: undefined }

/** Keeps the list of a page when one leaves it, whichever way. */
export function useKeptList(ids: readonly string[], q: string, sort: string): void {
  const latest = useRef({ ids, q, sort })
  useEffect(() => {
    latest.current = { ids, q, sort }
  })
  useEffect(() => () => keepList(latest.current.ids, latest.current.q, latest.current.sort), [])
}

export function keepList(ids: readonly string[], q?: string, sort?: string): void {
  const kept = { ids: ids.slice(0, MOST), q, sort }
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept))
  } catch {
    // private mode: no neighbours
  }
}

export function keptList(): Kept {
  try {
    const kept: Partial<Kept> = JSON.parse(sessionStorage.getItem(KEY) ?? '{}')
    return { ...NONE, ...kept }
  } catch {
    return NONE
  }
}

/** The job before (-1) or after (1) it; undefined at an end, or for one that is not of the list. */
export function neighbour(ids: readonly string[], id: string, step: -1 | 1): string | undefined {
  const here = ids.indexOf(id)
  return here < 0 ? undefined : ids[here + step]
}
