/** What a job's document says, in words and numbers. Knows no screen and no clock: whoever asks brings `now` (ms). */

import type { AttemptDoc, JobDoc } from '@headway/client'
import { amount, clock, size, spent } from '../../words/numbers.ts'
import { ACTIVE, FINAL, WAITING } from '../../words/states.ts'

/** The attempt that holds the fence; undefined before the first offer. */
export function attemptOf(job: JobDoc): AttemptDoc | undefined {
  return job.attempts?.[String(job.attempt)]
}

/** Those that are kept, oldest first. */
export function attemptsOf(job: JobDoc): readonly AttemptDoc[] {
  return Object.values(job.attempts ?? {}).sort((one, other) => one.number - other.number)
}

/** The whole as a share, null where nobody knows, undefined where there is nothing to show yet. */
export function overallOf(job: JobDoc): number | null | undefined {
  if (job.state === 'completed') return 1
  if (WAITING.has(job.state) && !job.progress) return undefined
  return job.progress?.overall ?? (ACTIVE.has(job.state) ? null : undefined)
}

/** `120 of 400 files`, `1.5 of 3.0 MB`, `120 files`, `40 %`; "" without a count. */
export function counted(part: {
  readonly current?: number | null
  readonly total?: number | null
  readonly unit?: string | null
}): string {
  const { current, total, unit } = part
  if (current === undefined || current === null) return ''
  if (unit === 'B' || unit === 'bytes') return total ? `${size(current)} of ${size(total)}` : size(current)
  if (unit === 's' || unit === 'seconds')
    return total ? `${clock(current)} of ${clock(total)}` : clock(current)
  const whole = total ? `${amount(current)} of ${amount(total)}` : amount(current)
  return unit ? `${whole} ${unit}` : whole
}

/** `parse › inner`. */
export function stagePath(path: string): string {
  return path.replaceAll('/', ' › ')
}

/** The stage, count and message of a running attempt, each where it is known. */
export function doing(job: JobDoc): readonly string[] {
  const { progress } = job
  if (!progress) return []
  return [progress.stage ? stagePath(progress.stage) : '', counted(progress), progress.message ?? ''].filter(
    Boolean,
  )
}

/** The newest evidence that somebody works on it; undefined before the first offer and after the end. */
export function lastSign(job: JobDoc): string | undefined {
  if (!ACTIVE.has(job.state)) return undefined
  const attempt = attemptOf(job)
  const signs = [
    job.progress?.at,
    attempt?.progress_at,
    attempt?.heard_from,
    attempt?.started_at,
    attempt?.offered_at,
  ].filter(at => at !== undefined)
  return signs.sort().at(-1)
}

/** One line of what it does, waits for, or ended with, where no progress says it. */
export function inBrief(job: JobDoc, now: number): string {
  const line = BRIEFS[job.state]
  return line ? line(job, now) : ''
}

const BRIEFS: Readonly<Record<string, (job: JobDoc, now: number) => string>> = {
  scheduled: (job, now) => {
    if (!job.run_at) return 'waits for its time'
    const left = (Date.parse(job.run_at) - now) / 1000
    const what = job.attempt ? 'tries again' : 'starts'
    return left > 0 ? `${what} in ${clock(left)}` : `${what} any moment`
  },
  blocked: job =>
    `waits for ${job.after?.length === 1 ? 'another job' : `${job.after?.length ?? 0} other jobs`}`,
  queued: job => (job.held ? 'held: it keeps its place and is not offered' : 'waits for a worker'),
  running: job => (attemptOf(job)?.phase === 'offered' ? 'offered to a worker' : ''),
  cancelling: job => (job.cancel?.acknowledged_at ? 'stopping, clean-up runs' : 'asked to stop'),
  failed: job => (job.error ? `${job.error.type}: ${job.error.message}` : words(job.reason ?? 'failed')),
  cancelled: job => job.cancel?.reason || words(job.reason ?? ''),
}

/** `upstream_failed` as `upstream failed`. */
export function words(code: string): string {
  return code.replaceAll('_', ' ')
}

export interface Span {
  /** `running`, `took`, `waiting`, `waited` */
  readonly word: string
  readonly text: string
}

/** How long it has waited or run by now, or took. */
export function spanOf(job: JobDoc, now: number): Span {
  const [started, ended] = [job.started_at, job.finished_at]
  if (FINAL.has(job.state) && ended) {
    const from = Date.parse(started ?? job.created_at)
    return { word: started ? 'took' : 'waited', text: spent((Date.parse(ended) - from) / 1000) }
  }
  const since = ACTIVE.has(job.state)
    ? (started ?? attemptOf(job)?.offered_at)
    : (job.queued_at ?? job.created_at)
  const word = ACTIVE.has(job.state) ? 'running' : 'waiting'
  return { word, text: clock((now - Date.parse(since ?? job.created_at)) / 1000) }
}

/** `attempt 2, try 1 of 3`: attempts that were nobody's fault do not use up tries. "" before the first. */
export function attemptWords(job: JobDoc): string {
  if (!job.attempt) return job.max_attempts > 1 ? `up to ${job.max_attempts} tries` : ''
  const going = attemptOf(job)?.phase !== 'ended'
  const tries = job.tries + (going ? 1 : 0)
  const of = `${Math.min(tries, job.max_attempts)} of ${job.max_attempts}`
  return tries === job.attempt ? `attempt ${of}` : `attempt ${job.attempt} (try ${of})`
}
