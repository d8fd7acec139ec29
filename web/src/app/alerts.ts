/**
 * Alerts and announcements among what the system says: which are worth a notice, which nobody looked at, their words.
 *
 * Pure. Must never know why somebody is alerted. Called by alerting.ts and the system page.
 */
import type { WireEvent } from '@headway/client'

export const ALERT = 'system.alert'
export const ANNOUNCED = 'system.announced'
const NEW_MS = 24 * 60 * 60 * 1000

/** What it says: `worker gpu-3/1: its worker no longer knows it`. */
export function alertText({ data }: WireEvent): string {
  return [data.about, data.message].filter(part => typeof part === 'string' && part !== '').join(': ')
}

const KIND = 'kind '

/** The kind that it is about; undefined: another thing. */
export function kindOf({ data }: WireEvent): string | undefined {
  return typeof data.about === 'string' && data.about.startsWith(KIND)
    ? data.about.slice(KIND.length)
    : undefined
}

export interface AlertWay {
  readonly word: string
  readonly to: '/kinds' | '/machines'
  readonly show: string
}

/** Where what it is about can be seen: the kind before the worker that told of it; undefined: nowhere of its own. */
export function wayOf(event: WireEvent): AlertWay | undefined {
  const kind = kindOf(event)
  if (kind) return { word: 'Show the kind', to: '/kinds', show: kind }
  return event.worker ? { word: 'Show the worker', to: '/machines', show: event.worker } : undefined
}

/** Those worth a notice, of what was said after `seq`. */
export function saidAfter(events: readonly WireEvent[], seq: number): readonly WireEvent[] {
  return events.filter(event => event.seq > seq && (event.type === ALERT || event.type === ANNOUNCED))
}

/** How many alerts came after the instant `seen`, within the day before `now` (ms). */
export function unseen(events: readonly WireEvent[], seen: string, now: number): number {
  return events.filter(({ type, at }) => type === ALERT && at > seen && now - Date.parse(at) < NEW_MS).length
}
