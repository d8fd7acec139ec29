/**
 * What the system has to say reaches whoever looks, on whichever page: a notice each, once; what came before is counted.
 *
 * Which alert was looked at last stays in this browser. The system page is where one looks. Used by the shell.
 */

import type { WireEvent } from '@headway/client'
import { type Seen, useNow, useTopic } from '@headway/client/react'
import { useEffect, useRef, useSyncExternalStore } from 'react'
import { ALERT, ANNOUNCED, alertText, saidAfter, unseen, wayOf } from './alerts.ts'
import { useNavigate } from './router.tsx'
import { noticed } from './toasts.tsx'

const KEY = 'headway.alerts.seen'
const MINUTE_MS = 60_000
const listeners = new Set<() => void>()
let seenAt = kept()

function kept(): string {
  try {
    return localStorage.getItem(KEY) ?? ''
  } catch {
    return ''
  }
}

/** Says what comes; how many alerts nobody looked at yet in this browser. */
export function useAlerts(): number {
  const { data: events } = useTopic('system', { select: said })
  const navigate = useNavigate()
  const last = useRef<number>(undefined)
  const seen = useSyncExternalStore(subscribe, () => seenAt)
  const now = useNow({ everyMs: MINUTE_MS })
  useEffect(() => {
    if (!events) return
    const newest = events.at(-1)?.seq ?? 0
    for (const event of saidAfter(events, last.current ?? newest)) show(event, navigate)
    last.current = newest
  }, [events, navigate])
  return unseen(events ?? [], seen, now)
}

/** All of these were looked at. */
export function sawAlerts(events: readonly WireEvent[]): void {
  const newest = events.findLast(event => event.type === ALERT)?.at ?? ''
  if (newest <= seenAt) return
  seenAt = newest
  try {
    localStorage.setItem(KEY, newest)
  } catch {
    // private mode: it holds for this page
  }
  for (const listener of listeners) listener()
}

function show(event: WireEvent, navigate: ReturnType<typeof useNavigate>): void {
  if (event.type === ANNOUNCED) {
    noticed('announced', alertText(event))
    return
  }
  const way = wayOf(event)
  const run = () =>
    void (way ? navigate({ to: way.to, search: { show: way.show } }) : navigate({ to: '/system' }))
  noticed('alert', alertText(event), { label: 'Look', run })
}

function said(seen: Seen): readonly WireEvent[] {
  return seen.events()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
