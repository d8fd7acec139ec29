/** What a job's document says, in words and numbers. Knows no screen and no clock: whoever asks brings `now` (ms). */

import type { AttemptDoc, JobDoc } from '@headway/client'
import { attemptOf } from '../../words/jobs.ts'
import { clock, spent } from '../../words/numbers.ts'
import { ACTIVE, FINAL, WAITING } from '../../words/states.ts'

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

/** `parse › inner`. */
export function stagePath(path: string): string {
  return path.replaceAll('/', ' › ')
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
