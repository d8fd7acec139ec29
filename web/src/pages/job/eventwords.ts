/** Each event of a job in a few words, and which of them are bad news. A table by type; what it does not name is shown by its name. */

import type { JobDoc, WireEvent } from '@headway/client'
import { isObject } from '../../words/code.ts'
import { counted, worded } from '../../words/jobs.ts'
import { amount, percent, plural, spent } from '../../words/numbers.ts'
import { actionWord } from './answers.ts'
import { stagePath } from './facts.ts'

type Said = (data: WireEvent['data'], event: WireEvent) => string

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : ''
}
function by(data: WireEvent['data']): string {
  return data.by ? ` by ${text(data.by)}` : ''
}
/** `answered`, `declined`, `cancelled`. */
function answer({ answer: given }: WireEvent['data']): string {
  return actionWord(isObject(given) ? text(given.action) : 'accept').toLowerCase()
}
function part<T>(data: WireEvent['data'], key: string): T | undefined {
  const value = data.set?.[key] ?? data.put?.[key]
  return value as T | undefined
}

function progressed(data: WireEvent['data']): string {
  const progress = part<NonNullable<JobDoc['progress']>>(data, 'progress')
  if (!progress) return stagePath(text(data.stage))
  const was =
    data.total_was === undefined
      ? ''
      : `total changed ${amount(Number(data.total_was))} → ${amount(progress.total ?? 0)}`
  const share = typeof progress.overall === 'number' ? percent(progress.overall) : ''
  return [stagePath(text(data.stage)), counted(progress), was, progress.message ?? '', share]
    .filter(Boolean)
    .join(' · ')
}
function ended(data: WireEvent['data'], event: WireEvent): string {
  const attempt = part<Record<string, { error?: { type: string; message: string }; reason?: string }>>(
    data,
    'attempts',
  )?.[String(event.attempt)]
  const why = attempt?.error
    ? `: ${attempt.error.type}: ${attempt.error.message}`
    : attempt?.reason
      ? `: ${attempt.reason}`
      : ''
  return `attempt ${event.attempt ?? ''} ${worded(text(data.outcome))}${why}`
}
function failed(data: WireEvent['data']): string {
  const error = part<NonNullable<JobDoc['error']>>(data, 'error')
  return error ? `${error.type}: ${error.message}` : worded(text(data.set?.reason))
}

const WORDS: Readonly<Record<string, Said>> = {
  'job.submitted': data =>
    `made${data.set?.submitted_by ? ` by ${text(data.set.submitted_by)}` : ''}, ${text(data.set?.state)}`,
  'job.queued': () => 'waits for a worker',
  'job.scheduled': () => 'waits for its time',
  'job.blocked': data => `waits for ${plural(Array.isArray(data.after) ? data.after.length : 0, 'job')}`,
  'job.offered': (_, event) => `attempt ${event.attempt ?? ''} offered to ${event.worker ?? 'a worker'}`,
  'job.started': (_, event) => `attempt ${event.attempt ?? ''} started on ${event.worker ?? 'a worker'}`,
  'job.stage_started': data => stagePath(text(data.stage)),
  'job.progressed': progressed,
  'job.stage_completed': data => stagePath(text(data.stage)),
  'job.step_completed': data => text(data.step),
  'job.logged': data =>
    data.first === data.last ? `line ${text(data.first)}` : `lines ${text(data.first)}–${text(data.last)}`,
  'job.warned': data => text(data.message),
  'job.error_noted': data => [text(data.error), text(data.message)].filter(Boolean).join(': '),
  'job.noted': data => (data.checkpoint ? `checkpoint ${text(data.checkpoint)}` : ''),
  'job.input_requested': data => part<{ message?: string }>(data, 'input')?.message ?? '',
  'job.input_given': data => `${answer(data)}${by(data)}`,
  'job.artifact_added': data => text(data.name),
  'job.previewed': data => part<NonNullable<JobDoc['preview']>>(data, 'preview')?.label ?? '',
  'job.attempt_ended': ended,
  'job.retry_scheduled': data => `tries again after ${spent(Number(data.after_s ?? 0))}`,
  'job.completed': () => 'it succeeded',
  'job.failed': failed,
  'job.cancelled': data => worded(text(data.set?.reason)),
  'job.cancel_requested': data => {
    const receipt = part<NonNullable<JobDoc['cancel']>>(data, 'cancel')
    return `asked to stop${receipt?.requested_by ? ` by ${receipt.requested_by}` : ''}${receipt?.reason ? `: ${receipt.reason}` : ''}`
  },
  'job.cancel_delivered': () => 'the worker has the request',
  'job.cancel_acknowledged': data => text(data.step),
  'job.cancel_too_late': () => 'it had succeeded',
  'job.late_result': (data, event) =>
    `attempt ${event.attempt ?? ''} said ${worded(text(data.outcome))} after it was over`,
  'job.report_fenced': (_, event) => `attempt ${event.attempt ?? ''} reported after it was over`,
  'job.priority_changed': data => `${text(data.old)} → ${text(data.set?.priority)}`,
  'job.held': data => `held${by(data)}`,
  'job.released': () => 'may be offered again',
  'job.retried': data => `as ${text(data.set?.retried_by)}`,
  'job.compacted': () => 'earlier events were thinned',
}

/** What it says, without its name; "" where the name says it all. */
export function eventWords(event: WireEvent): string {
  const said = WORDS[event.type]
  return said ? said(event.data, event) : ''
}

/** `job.stage_started` as `stage started`; custom events keep their whole name. */
export function eventName(type: string): string {
  return type.startsWith('job.') ? worded(type.slice(4)) : type
}

const BAD: ReadonlySet<string> = new Set([
  'job.failed',
  'job.error_noted',
  'job.warned',
  'job.late_result',
  'job.report_fenced',
  'job.retry_scheduled',
])
const FINE: ReadonlySet<unknown> = new Set(['succeeded', 'released', 'cancelled'])

/** Whether it is for those who look for what went wrong. */
export function isTrouble(event: WireEvent): boolean {
  return BAD.has(event.type) || (event.type === 'job.attempt_ended' && !FINE.has(event.data.outcome))
}
