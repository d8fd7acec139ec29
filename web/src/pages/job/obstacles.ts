/** Why a job is not running: where each reason of the server leads. A table by code; knows no screen. */

import type { JobState } from '../../words/states.ts'

/** One reason as the server says it; beside these it carries facts of its own (queue, kind, job, jobs …). */
export interface Reason {
  readonly code: string
  readonly text: string
  readonly hint?: string
  readonly [fact: string]: unknown
}

/** Where the obstacle can be seen or removed. */
export interface Way {
  readonly word: string
  readonly to: '/queues' | '/kinds' | '/machines' | '/jobs' | '/jobs/$id' | '/system'
  readonly show?: string
  readonly id?: string
  readonly q?: string
}

interface Subject {
  readonly queue: string
  readonly kind: string
  readonly limit_key?: string
  readonly after?: readonly string[]
  readonly worker?: string
}

const WAYS: Readonly<Record<string, (job: Subject, reason: Reason) => readonly Way[]>> = {
  queue_paused: queue,
  queue_limit: (job, reason) => [
    ...queue(job, reason),
    { word: 'what runs in it', to: '/jobs', q: `queue:${quoted(job.queue)} state:running,cancelling` },
  ],
  kind_limit: (job, reason) => [
    ...kind(job, reason),
    { word: 'what runs of it', to: '/jobs', q: `kind:${quoted(job.kind)} state:running,cancelling` },
  ],
  key_limit: job => [
    { word: 'what runs of its kind', to: '/jobs', q: `kind:${quoted(job.kind)} state:running,cancelling` },
  ],
  no_worker: job => [{ word: 'machines', to: '/machines' }, ...kind(job)],
  no_worker_online: job => [{ word: 'machines', to: '/machines' }, ...kind(job)],
  requires: () => [{ word: 'machines', to: '/machines' }],
  slots_full: () => [{ word: 'machines', to: '/machines' }],
  avoided: () => [{ word: 'machines', to: '/machines' }],
  offered: worker,
  adopted: worker,
  leases_paused: () => [{ word: 'system', to: '/system' }],
  blocked: (job, reason) =>
    jobsOf(reason, job.after ?? []).map(id => ({ word: `job …${id.slice(-6)}`, to: '/jobs/$id', id })),
}

const MOST_JOBS = 5

/** The links that belong to a reason; [] where it is to be mended here or only time helps. */
export function waysOf(job: Subject, reason: Reason): readonly Way[] {
  return WAYS[reason.code]?.(job, reason) ?? []
}

function queue(job: Subject, reason: Reason): readonly Way[] {
  return [
    {
      word: `queue ${job.queue}`,
      to: '/queues',
      show: typeof reason.queue === 'string' ? reason.queue : job.queue,
    },
  ]
}
function kind(job: Subject, _?: Reason): readonly Way[] {
  return [{ word: `kind ${job.kind}`, to: '/kinds', show: job.kind }]
}
function worker(job: Subject, reason: Reason): readonly Way[] {
  const name = typeof reason.worker === 'string' ? reason.worker : job.worker
  return name ? [{ word: name, to: '/machines', show: name }] : []
}
function jobsOf(reason: Reason, after: readonly string[]): readonly string[] {
  const named = Array.isArray(reason.jobs) ? reason.jobs : reason.waits_for
  const ids = (Array.isArray(named) ? named : after).flatMap(each =>
    typeof each === 'string' ? [each] : hasId(each) ? [each.id] : [],
  )
  return ids.slice(0, MOST_JOBS)
}
function hasId(value: unknown): value is { readonly id: string } {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
}

/** A value as the filter language wants it. */
export function quoted(value: string): string {
  return /^[\w./@+-]+$/.test(value) && value !== ''
    ? value
    : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** Whether the question makes sense: it waits, or it is offered and not yet accepted. */
export function mayAskWhy(state: JobState, phase: string | undefined): boolean {
  return (
    state === 'scheduled' ||
    state === 'blocked' ||
    state === 'queued' ||
    (state === 'running' && phase === 'offered')
  )
}
