/**
 * Jobs by REST: submit, list, look, act on one or on many. Knows paths and shapes; must never know links or how calls travel.
 *
 * Every method throws the error that the server named (errors.ts), or Unreachable. Options are called as on the wire.
 */
import { errorOf, errorOfJob, HeadwayError, Unavailable, Unreachable } from './errors.ts'
import {
  artifactPath,
  bodyOf,
  idOf,
  type JobRef,
  type ListQuery,
  type LogQuery,
  pathOf,
  type ResultOptions,
  type SubmitOptions,
  type SubmitRequest,
} from './jobref.ts'
import { readLogs } from './loglines.ts'
import { type CallOptions, newKey, type Rest, sleep } from './rest.ts'
import type {
  ActionsAnswer,
  ActionsRequest,
  ArtifactDoc,
  AttemptDoc,
  AttemptList,
  BatchAnswer,
  Ending,
  EventPage,
  InputRequest,
  JobDoc,
  JobPage,
  LogLine,
  Submitted,
  Why,
} from './wire.ts'

export {
  idOf,
  type JobRef,
  type ListQuery,
  type LogQuery,
  type ResultOptions,
  type SubmitOptions,
  type SubmitRequest,
} from './jobref.ts'

const BATCH = 1_000
const PAGE = 500
/** How long one request for a result waits at the server. */
const WAIT_S = 25
const CUT_MS = 1_000

export class Jobs {
  readonly rest: Rest

  constructor(rest: Rest) {
    this.rest = rest
  }

  // -- make

  /** Make one job; it is durable when this answers. The same `key` makes a repeated call one submit. */
  make(kind: string, args: unknown, { key, signal, ...options }: SubmitOptions = {}): Promise<Submitted> {
    return this.rest.call('POST', '/jobs', { body: bodyOf({ ...options, kind, args }), key, signal })
  }

  /** Make many, in requests of a thousand. An error in any refuses its request; what the ledger refuses is thrown at the end. */
  async makeMany(
    jobs: Iterable<SubmitRequest>,
    { key = newKey(), signal }: CallOptions = {},
  ): Promise<Submitted[]> {
    const bodies = Array.from(jobs, bodyOf)
    const made: Submitted[] = []
    let refused: HeadwayError | undefined
    for (let start = 0; start < bodies.length; start += BATCH) {
      const body = { jobs: bodies.slice(start, start + BATCH) }
      const answer = await this.rest.call<BatchAnswer>('POST', '/jobs/batch', {
        body,
        key: `${key}.${start}`,
        signal,
      })
      for (const { id, created = false, problem } of answer.jobs) {
        if (id !== undefined) made.push({ id, created })
        else refused ??= errorOf(problem, problem?.status)
      }
    }
    if (refused) throw refused
    return made
  }

  // -- look

  /** The whole document, arguments and result included. */
  get(job: JobRef, options: CallOptions = {}): Promise<JobDoc> {
    return this.rest.get(pathOf(job), options)
  }

  /** A page of the jobs that match, newest first. */
  list({ q, limit, after }: ListQuery = {}, options: CallOptions = {}): Promise<JobPage> {
    return this.rest.get('/jobs', { ...options, query: { q, limit, after } })
  }

  /** Every job that matches, newest first, page by page as they are read. */
  async *listAll(
    { q, limit = PAGE, after }: ListQuery = {},
    options: CallOptions = {},
  ): AsyncGenerator<JobDoc> {
    let next = after
    do {
      const page = await this.list({ ...(q && { q }), limit, ...(next && { after: next }) }, options)
      yield* page.jobs
      next = page.next
    } while (next)
  }

  /** What keeps it from running, what it itself waits for first. */
  why(job: JobRef, options: CallOptions = {}): Promise<Why> {
    return this.rest.get(`${pathOf(job)}/why`, options)
  }

  /** The newest 20, in order. */
  async attempts(job: JobRef, options: CallOptions = {}): Promise<readonly AttemptDoc[]> {
    return (await this.rest.get<AttemptList>(`${pathOf(job)}/attempts`, options)).attempts
  }

  /** What happened to it after `after` (a seq), log lines too. `next` is the `after` of the next page. */
  events(
    job: JobRef,
    query: { readonly after?: number; readonly limit?: number } = {},
    options: CallOptions = {},
  ): Promise<EventPage> {
    return this.rest.get(`${pathOf(job)}/events`, { ...options, query })
  }

  /** Its log as it is now, line by line, over cuts; with `tail` the last so many. */
  logs(job: JobRef, query: LogQuery = {}, options: CallOptions = {}): AsyncGenerator<LogLine> {
    return readLogs(this.rest, job, query, options)
  }

  /** The address of its log, for a link or a download. */
  logsUrl(job: JobRef, query: LogQuery & { readonly format?: 'text' | 'jsonl' } = {}): string {
    return this.rest.address(`${pathOf(job)}/logs`, { ...query })
  }

  /** Its files, by name. */
  async artifacts(job: JobRef, options: CallOptions = {}): Promise<Readonly<Record<string, ArtifactDoc>>> {
    const answer = await this.rest.get<{ artifacts: Record<string, ArtifactDoc> }>(
      `${pathOf(job)}/artifacts`,
      options,
    )
    return answer.artifacts
  }

  /** The address of a file; where a token is needed, `artifact` fetches it. */
  artifactUrl(job: JobRef, name: string): string {
    return this.rest.address(artifactPath(job, name))
  }

  /** A file's bytes, of the type it was stored with. */
  async artifact(job: JobRef, name: string, { signal }: CallOptions = {}): Promise<Blob> {
    const request = { signal, accept: '*/*', isStream: true }
    return (await this.rest.open('GET', artifactPath(job, name), request)).blob()
  }

  /**
   * How its running attempt looks now; NotFound while it shows nothing. With the `version` of its document, by which caches
   * tell pictures apart, undefined: it has gone with its attempt.
   */
  async preview(
    job: JobRef,
    { version, signal }: CallOptions & { readonly version?: number } = {},
  ): Promise<Blob | undefined> {
    const request = { signal, accept: 'image/*', isStream: true, query: { v: version } }
    const answer = await this.rest.open('GET', `${pathOf(job)}/preview`, request)
    return answer.status === 204 ? undefined : answer.blob()
  }

  /**
   * What it returned, however long that takes and whatever breaks meanwhile.
   * Throws JobFailed, JobCancelled or JobLost; a HeadwayError `timeout` after `timeoutMs`.
   */
  async result<Out = unknown>(
    job: JobRef,
    { signal, timeoutMs = Number.POSITIVE_INFINITY }: ResultOptions = {},
  ): Promise<Out> {
    const end = performance.now() + timeoutMs
    for (;;) {
      const left = end - performance.now()
      const ending = await this.#ending(job, Math.max(0, Math.min(WAIT_S, left / 1000)), signal)
      if (ending?.final) {
        if (ending.state === 'completed') return ending.result as Out
        throw errorOfJob(ending)
      }
      if (performance.now() < end) continue
      const message = `Job ${idOf(job)} is ${ending?.state ?? 'out of reach'} after ${timeoutMs / 1000} s.`
      throw new HeadwayError(message, { code: 'timeout', hint: 'It goes on; ask for its result again.' })
    }
  }

  /** How it stands after at most `wait` seconds; undefined while nobody answers. */
  async #ending(job: JobRef, wait: number, signal: AbortSignal | undefined): Promise<Ending | undefined> {
    try {
      return await this.rest.get<Ending>(`${pathOf(job)}/result`, {
        query: { wait },
        waitMs: wait * 1000,
        signal,
      })
    } catch (error) {
      if (!(error instanceof Unreachable || error instanceof Unavailable)) throw error
      await sleep(Math.min(error.retryAfterMs ?? CUT_MS, wait * 1000), signal)
      return undefined
    }
  }

  // -- act

  /** Stop it; the document's `cancel` is the receipt. A second time changes nothing. */
  cancel(job: JobRef, reason?: string, options: CallOptions = {}): Promise<JobDoc> {
    return this.#ask(job, 'cancel', reason ? { reason } : {}, options)
  }

  /** Run it again as a new job, with the same arguments or with others. */
  retry(job: JobRef, args?: unknown, options: CallOptions = {}): Promise<Submitted> {
    return this.#ask(job, 'retry', args === undefined ? {} : { args }, options)
  }

  /** Keep a waiting job from starting, until `release`. */
  hold(job: JobRef, options: CallOptions = {}): Promise<JobDoc> {
    return this.#ask(job, 'hold', undefined, options)
  }

  release(job: JobRef, options: CallOptions = {}): Promise<JobDoc> {
    return this.#ask(job, 'release', undefined, options)
  }

  /** Higher runs first; only while it waits. */
  setPriority(job: JobRef, priority: number, options: CallOptions = {}): Promise<JobDoc> {
    return this.#ask(job, 'priority', { priority }, options)
  }

  /** Answer what it asks for. */
  answer(job: JobRef, answer: InputRequest, options: CallOptions = {}): Promise<JobDoc> {
    return this.#ask(job, 'input', answer, options)
  }

  /** Remove an ended job, its log and its files for good. */
  remove(job: JobRef, options: CallOptions = {}): Promise<void> {
    return this.rest.call('DELETE', pathOf(job), options)
  }

  /** One thing to all that match `q`, or to those of `ids`: a job of its own does it. With `dry_run` only how many. */
  act(request: ActionsRequest, options: CallOptions = {}): Promise<ActionsAnswer> {
    return this.rest.call('POST', '/jobs/actions', { ...options, body: request })
  }

  #ask<T>(job: JobRef, verb: string, body: unknown, options: CallOptions): Promise<T> {
    return this.rest.call('POST', `${pathOf(job)}/${verb}`, { ...options, body })
  }
}
