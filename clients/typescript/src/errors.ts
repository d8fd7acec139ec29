/**
 * Every error of this client, as one tree; `code` is stable, `message` a sentence for people, `hint` the way out.
 *
 *     HeadwayError
 *     ├── InvalidInput   a field is missing, of the wrong type or out of range (`field` names it)
 *     ├── Refused        the command does not fit the state it met
 *     ├── NotFound       no such job, queue, worker …
 *     ├── Unauthorized   no valid token where one is needed
 *     ├── Forbidden      known, but not allowed
 *     ├── Unavailable    overloaded, starting, stopping, cut off: the same call may succeed later (`retryAfterMs`)
 *     ├── Unreachable    nobody answers at the URL
 *     └── JobError       how a job ended, thrown by `result()`
 *         ├── JobFailed  (JobTimedOut is one of them), JobCancelled, JobLost
 *
 * Must never know requests. Made from the server's problem+json, or from a frame `error`.
 */
import type { Ending } from './wire.ts'

export interface ErrorFacts {
  readonly code?: string | undefined
  readonly hint?: string | undefined
  readonly field?: string | undefined
  readonly status?: number | undefined
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

export class HeadwayError extends Error {
  override readonly name: string = 'HeadwayError'
  /** Stable and machine-readable, as docs/reference/errors.md lists them. */
  readonly code: string
  /** What to do next; may be empty. */
  readonly hint: string
  /** The input that is wrong, as the caller wrote it. */
  readonly field: string | undefined
  /** Of the HTTP answer; undefined where there was none. */
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined

  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? {} : { cause: facts.cause })
    this.code = facts.code ?? 'error'
    this.hint = facts.hint ?? ''
    this.field = facts.field
    this.status = facts.status
    this.retryAfterMs = facts.retryAfterMs
  }
}

export class InvalidInput extends HeadwayError {
  override readonly name = 'InvalidInput'
}

export class Refused extends HeadwayError {
  override readonly name = 'Refused'
}

export class NotFound extends HeadwayError {
  override readonly name = 'NotFound'
}

export class Unauthorized extends HeadwayError {
  override readonly name = 'Unauthorized'
}

export class Forbidden extends HeadwayError {
  override readonly name = 'Forbidden'
}

export class Unavailable extends HeadwayError {
  override readonly name = 'Unavailable'
}

export class Unreachable extends HeadwayError {
  override readonly name = 'Unreachable'

  constructor(url: string, problem: string, cause?: unknown) {
    const hint = 'Is the server running, and is the address right?'
    super(`No Headway server answers at ${url} (${problem}).`, { code: 'unreachable', hint, cause })
  }
}

/** A job ended otherwise than by completing. `reason` is its reason code, `error` what its handler reported. */
export class JobError extends HeadwayError {
  override readonly name: string = 'JobError'
  readonly job: string
  readonly reason: string
  readonly error: Ending['error']

  constructor(verb: string, code: string, ending: Ending) {
    const said = ending.error ? `${ending.error.type}: ${ending.error.message}` : (ending.reason ?? '')
    super(`Job ${ending.id} ${verb}${said ? `: ${said.replace(/[ .:]+$/, '')}` : ''}.`, { code })
    this.job = ending.id
    this.reason = ending.reason ?? ''
    this.error = ending.error
  }
}

/** Every allowed try failed. */
export class JobFailed extends JobError {
  override readonly name: string = 'JobFailed'

  constructor(ending: Ending, verb = 'failed', code = 'job_failed') {
    super(verb, code, ending)
  }
}

/** It ran over its timeout, made no progress for its progress timeout, or expired before it started. */
export class JobTimedOut extends JobFailed {
  override readonly name = 'JobTimedOut'

  constructor(ending: Ending) {
    super(ending, 'timed out', 'job_timed_out')
  }
}

/** Somebody cancelled it. */
export class JobCancelled extends JobError {
  override readonly name = 'JobCancelled'

  constructor(ending: Ending) {
    super('was cancelled', 'job_cancelled', ending)
  }
}

/** Its last worker went silent past its lease, or its process died. */
export class JobLost extends JobError {
  override readonly name = 'JobLost'

  constructor(ending: Ending) {
    super('was lost', 'job_lost', ending)
  }
}

const LOST: ReadonlySet<string> = new Set(['crashed', 'worker_lost', 'released', 'refused'])
const TIMED_OUT: ReadonlySet<string> = new Set(['timeout', 'stalled', 'expired'])

/** How a job that did not complete ended, as an error. */
export function errorOfJob(ending: Ending): JobError {
  if (ending.state === 'cancelled') return new JobCancelled(ending)
  if (LOST.has(ending.reason ?? '')) return new JobLost(ending)
  return TIMED_OUT.has(ending.reason ?? '') ? new JobTimedOut(ending) : new JobFailed(ending)
}

/** Statuses that ask to come again. */
export const LATER: ReadonlySet<number> = new Set([425, 429, 502, 503, 504])

const BY_CODE: Readonly<Record<string, typeof HeadwayError>> = {
  invalid_input: InvalidInput,
  key_reused: InvalidInput,
  refused: Refused,
  not_found: NotFound,
  unauthorized: Unauthorized,
  forbidden: Forbidden,
  overloaded: Unavailable,
  not_serving: Unavailable,
  cut_off: Unavailable,
  store_unavailable: Unavailable,
}

/** The error of a problem+json body or a frame `error`: by its code, else by whose fault the status says it is. */
export function errorOf(problem: unknown, status?: number, retryAfterMs?: number): HeadwayError {
  const said = isRecord(problem) ? problem : {}
  const ours = typeof said.message === 'string'
  const code = text(said.code) ?? 'wire_error'
  const kind = BY_CODE[code] ?? (LATER.has(status ?? 0) ? Unavailable : HeadwayError)
  return new kind(
    ours ? String(said.message) : `Status ${status ?? 'unknown'}, and not as a Headway server says it.`,
    {
      code,
      hint: ours ? text(said.hint) : 'Check the address and what stands in between.',
      field: text(said.field),
      status: status ?? number(said.status),
      retryAfterMs: number(said.retry_after_ms) ?? seconds(said.retry_after_s) ?? retryAfterMs,
    },
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function seconds(value: unknown): number | undefined {
  return typeof value === 'number' ? value * 1000 : undefined
}
