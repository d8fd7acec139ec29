/** Why a job is not running: where each reason of the server leads. A table by code (model/waiting.py); knows no screen. */

import type { JobDoc, Reason } from '@headway/client'
import { shortId } from '../../words/jobs.ts'
import { WAITING } from '../../words/states.ts'

/** Where the obstacle can be seen or removed. */
export interface Way {
  readonly word: string
  readonly to: '/queues' | '/kinds' | '/machines' | '/jobs' | '/jobs/$id'
  readonly show?: string
  readonly id?: string
  readonly q?: string
}

type Subject = Pick<JobDoc, 'queue' | 'kind' | 'worker'>
type Ways = (job: Subject, reason: Reason) => readonly Way[]

const MOST = 5
const machines: Way = { word: 'machines', to: '/machines' }
const queue: Ways = job => [{ word: `queue ${job.queue}`, to: '/queues', show: job.queue }]
const kind: Ways = job => [{ word: `kind ${job.kind}`, to: '/kinds', show: job.kind }]
const running = (q: string): Way => ({ word: 'what runs', to: '/jobs', q: `${q} state:running,cancelling` })

const WAYS: Readonly<Record<string, Ways>> = {
  blocked: (_, reason) =>
    named(reason.jobs).map(([id, state]) => ({
      word: `job …${shortId(id)} (${state})`,
      to: '/jobs/$id',
      id,
    })),
  queue_paused: queue,
  queue_limit: (job, reason) => [...queue(job, reason), running(`queue:${quoted(job.queue)}`)],
  kind_limit: (job, reason) => [...kind(job, reason), running(`kind:${quoted(job.kind)}`)],
  key_limit: (job, reason) => [...kind(job, reason), running(`kind:${quoted(job.kind)}`)],
  kind_quarantined: kind,
  no_worker: (job, reason) => [machines, ...kind(job, reason)],
  no_worker_online: workers,
  queue_not_served: (job, reason) => [...workers(job, reason), ...queue(job, reason)],
  requires: workers,
  slots_full: workers,
  avoided: workers,
  next: workers,
  offered: workers,
  worker_away: workers,
}

/** The links that belong to a reason; [] where it is mended on this page or only time helps. */
export function waysOf(job: Subject, reason: Reason): readonly Way[] {
  return WAYS[reason.code]?.(job, reason) ?? []
}

function workers(job: Subject, reason: Reason): readonly Way[] {
  const names = named(reason.workers).map(([id]) => id)
  const one = typeof reason.worker === 'string' ? reason.worker : undefined
  const found = one ? [one] : names.length ? names : job.worker ? [job.worker] : []
  return found.length ? found.slice(0, MOST).map(id => ({ word: id, to: '/machines', show: id })) : [machines]
}

/** `{id: state}` or `[id]`, at most five. */
function named(value: unknown): readonly (readonly [string, string])[] {
  if (Array.isArray(value)) return value.slice(0, MOST).map(id => [String(id), ''] as const)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value)
    .slice(0, MOST)
    .map(([id, state]) => [id, typeof state === 'string' ? state : ''] as const)
}

/** A value as the filter language wants it. */
export function quoted(value: string): string {
  return value && !/[\s,"\\]/.test(value)
    ? value
    : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** Whether the question makes sense: it waits, is offered and not accepted, or runs where nothing moves. */
export function mayAskWhy(job: JobDoc, phase: string | undefined, isQuiet: boolean): boolean {
  return WAITING.has(job.state) || (job.state === 'running' && (phase === 'offered' || isQuiet))
}

/** The server's sentence without `, in 35m 16s`: what is left goes on while nobody asks again, so the page counts it. */
export function withoutCount(text: string): string {
  return text.replace(/, in [^,;]+\.$/, '.')
}
