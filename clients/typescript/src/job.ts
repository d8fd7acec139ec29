/**
 * One job as its submitter holds it: ask for its result, follow its events, act on it. Must never know paths or frames.
 */
import { eventsOf, type FollowEvents } from './jobevents.ts'
import type { Jobs, LogQuery, ResultOptions } from './jobs.ts'
import type { Live } from './live.ts'
import type { CallOptions } from './rest.ts'
import type { ArtifactDoc, InputRequest, JobDoc, LogLine, Submitted, WireEvent } from './wire.ts'

export class JobHandle<Out = unknown> {
  readonly id: string
  /** False: a job with this unique key was there already. Undefined for a handle made of an id. */
  readonly created: boolean | undefined
  /** What it may wait for: a kind that nobody serves yet. */
  readonly hint: string | undefined
  readonly #jobs: Jobs
  readonly #live: Live

  constructor(jobs: Jobs, live: Live, made: Partial<Submitted> & { readonly id: string }) {
    this.#jobs = jobs
    this.#live = live
    this.id = made.id
    this.created = made.created
    this.hint = made.hint
  }

  /** The whole document as it is now. */
  get(options: CallOptions = {}): Promise<JobDoc> {
    return this.#jobs.get(this, options)
  }

  /** What it returned. Throws JobFailed, JobCancelled or JobLost. */
  result(options: ResultOptions = {}): Promise<Out> {
    return this.#jobs.result<Out>(this, options)
  }

  /** Each of its events (but log lines) once and in order, from its first or after `after`, until it has ended. */
  events(options: FollowEvents = {}): AsyncGenerator<WireEvent> {
    return eventsOf(this.#jobs, this.#live, this.id, options)
  }

  /** Its log as it is now. */
  logs(query: LogQuery = {}, options: CallOptions = {}): AsyncGenerator<LogLine> {
    return this.#jobs.logs(this, query, options)
  }

  artifacts(options: CallOptions = {}): Promise<Readonly<Record<string, ArtifactDoc>>> {
    return this.#jobs.artifacts(this, options)
  }

  /** Stop it; the document's `cancel` is the receipt. */
  cancel(reason?: string, options: CallOptions = {}): Promise<JobDoc> {
    return this.#jobs.cancel(this, reason, options)
  }

  /** A new job of the same lineage, with the same arguments or with others. */
  async retry(args?: unknown, options: CallOptions = {}): Promise<JobHandle<Out>> {
    return new JobHandle(this.#jobs, this.#live, await this.#jobs.retry(this, args, options))
  }

  /** Answer what it asks for. */
  answer(answer: InputRequest, options: CallOptions = {}): Promise<JobDoc> {
    return this.#jobs.answer(this, answer, options)
  }
}
