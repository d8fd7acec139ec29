/**
 * Whether a job's progress is to be believed: fresh, quiet, or unknown.
 *
 * The rule. `unknown`: this viewer is not fresh, whatever the job does. `quiet`: an attempt runs and nothing was heard of
 * its progress for longer than `patience`; else `fresh`. Patience is the largest of 10 s, five times the usual (median) gap
 * between the last reports of this attempt, 30 s until three gaps are known, 60 s while the stage has no known end, and
 * half of the `progress_timeout_s` that was declared for the stage or the job: who declares that reports may be 10 min apart
 * is not quiet after one. Nothing that waits or has ended is quiet. Must never know views. Used by react/freshness.ts.
 */
import { currentAttempt, specOf } from './stages.ts'
import type { JobDoc } from './wire.ts'

export type Freshness = 'fresh' | 'quiet' | 'unknown'

/** `quietS`: whole seconds since the last report while quiet, else 0. */
export interface Sign {
  readonly freshness: Freshness
  readonly quietS: number
}

const LEAST_MS = 10_000
const UNKNOWN_GAP_MS = 30_000
const NO_END_MS = 60_000
const TIMES = 5
const GAPS_KEPT = 20
const GAPS_NEEDED = 3
const ATTEMPTS_KEPT = 2_000

interface Pace {
  at: number
  readonly gaps: number[]
}

/** The gaps between reports, of the attempts seen last. */
export class Paces {
  readonly #paces = new Map<string, Pace>()

  /** A job as it is now; called whenever it is looked at, the same one as often as you like. */
  note(job: JobDoc): void {
    const at = reportedAt(job)
    if (at === undefined) return
    const key = `${job.id} ${job.attempt}`
    const pace = this.#paces.get(key)
    if (pace?.at === at) return
    if (pace && at > pace.at) {
      pace.gaps.push(at - pace.at)
      if (pace.gaps.length > GAPS_KEPT) pace.gaps.shift()
    }
    this.#paces.delete(key)
    this.#paces.set(key, { at, gaps: pace?.gaps ?? [] })
    for (const oldest of this.#paces.keys()) {
      if (this.#paces.size <= ATTEMPTS_KEPT) return
      this.#paces.delete(oldest)
    }
  }

  /** Median gap in ms; undefined: too few are known. */
  usual(job: JobDoc): number | undefined {
    const gaps = this.#paces.get(`${job.id} ${job.attempt}`)?.gaps ?? []
    if (gaps.length < GAPS_NEEDED) return undefined
    return gaps.toSorted((one, other) => one - other)[Math.floor(gaps.length / 2)]
  }
}

/** How the job's progress is to be taken at `now` (the server's clock, ms). */
export function signOf(job: JobDoc | undefined, now: number, isViewerFresh: boolean, paces: Paces): Sign {
  if (!isViewerFresh) return { freshness: 'unknown', quietS: 0 }
  const since = job && lastSign(job)
  if (!job || since === undefined || now - since <= patienceOf(job, paces.usual(job))) return FRESH
  return { freshness: 'quiet', quietS: Math.floor((now - since) / 1000) }
}

/** How long nothing may be heard before a job counts as quiet, in ms. */
export function patienceOf(job: JobDoc, usualMs: number | undefined): number {
  const attempt = currentAttempt(job)
  const path = job.progress?.stage
  const stage = path ? attempt?.stages?.[path] : undefined
  const declared =
    (path ? specOf(attempt?.plan, path)?.progress_timeout_s : undefined) ?? job.options?.progress_timeout_s
  return Math.max(
    LEAST_MS,
    usualMs === undefined ? UNKNOWN_GAP_MS : TIMES * usualMs,
    stage && stage.fraction === undefined && stage.total === undefined ? NO_END_MS : 0,
    declared === undefined ? 0 : (declared * 1000) / 2,
  )
}

const FRESH: Sign = { freshness: 'fresh', quietS: 0 }

/** When the current attempt reported progress; undefined: it has not. */
function reportedAt(job: JobDoc): number | undefined {
  const at = currentAttempt(job)?.progress_at ?? job.progress?.at
  return at === undefined ? undefined : Date.parse(at)
}

/** The last sign of life of an attempt that runs, in ms; undefined: none runs. */
function lastSign(job: JobDoc): number | undefined {
  if (job.state !== 'running' && job.state !== 'cancelling') return undefined
  const attempt = currentAttempt(job)
  const signs = [
    attempt?.progress_at,
    attempt?.heard_from,
    attempt?.started_at,
    attempt?.offered_at,
    job.cancel?.requested_at,
  ]
  const instants = signs.flatMap(at => (at ? [Date.parse(at)] : []))
  return instants.length ? Math.max(...instants) : undefined
}
