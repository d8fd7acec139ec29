/**
 * The client of one server: jobs by REST, everything else at its desk, and one live link that is opened when it is needed.
 *
 * Put together here, decided elsewhere: calls in rest.ts, the link in live.ts. Nothing is connected, and no page is looked
 * at, before the first call: it can be made while a page is rendered on a server.
 */
import { Admin, Kinds, Queues, Saved, Workers } from './desks.ts'
import { JobHandle } from './job.ts'
import { idOf, type JobRef, Jobs, type SubmitOptions, type SubmitRequest } from './jobs.ts'
import { type Connection, Live, type LiveOptions, type Readable } from './live.ts'
import { type CallOptions, Rest, type RestOptions } from './rest.ts'
import type { EventRequest, JsonObject, Stats } from './wire.ts'

/** `url` and `token` serve both halves; the others are described where they are used. */
export type HeadwayOptions = RestOptions & LiveOptions

/** A client of the server at `url`. One per page: everything followed shares its link. */
export function createHeadway(options: HeadwayOptions): Headway {
  return new Headway(options)
}

export class Headway extends Jobs {
  readonly live: Live
  readonly queues: Queues
  readonly kinds: Kinds
  readonly workers: Workers
  readonly saved: Saved
  readonly admin: Admin

  constructor(options: HeadwayOptions) {
    super(new Rest(options))
    this.live = new Live(options)
    this.queues = new Queues(this.rest)
    this.kinds = new Kinds(this.rest)
    this.workers = new Workers(this.rest)
    this.saved = new Saved(this.rest)
    this.admin = new Admin(this.rest)
  }

  /** What the live link is doing. */
  get connection(): Readable<Connection> {
    return this.live.connection
  }

  /** Make a job. `key` makes a repeated call one submit; `unique` one unfinished job, whoever submits it. */
  async submit<Out = unknown>(
    kind: string,
    args: unknown = {},
    options: SubmitOptions = {},
  ): Promise<JobHandle<Out>> {
    return new JobHandle<Out>(this, this.live, await this.make(kind, args, options))
  }

  /** Make many jobs. An error in any refuses its thousand; what the ledger refuses is thrown after the others were made. */
  async submitMany(jobs: Iterable<SubmitRequest>, options: CallOptions = {}): Promise<JobHandle[]> {
    return (await this.makeMany(jobs, options)).map(made => new JobHandle(this, this.live, made))
  }

  /** The handle of a job that is there already. */
  job<Out = unknown>(job: JobRef): JobHandle<Out> {
    return new JobHandle<Out>(this, this.live, { id: idOf(job) })
  }

  /** A kind with the types of what it takes and gives: `const crawl = hw.task<{ url: string }, Page>('crawl')`. */
  task<In, Out>(kind: string): Task<In, Out> {
    return {
      kind,
      submit: (args, options) => this.submit<Out>(kind, args, options),
      run: async (args, { signal, ...options } = {}) =>
        (await this.submit<Out>(kind, args, { ...options, signal })).result({ signal }),
    }
  }

  /** Counts now; throughput, waits, run times and reasons of failure of the window `since` (a duration back from now). */
  stats(
    query: { readonly since?: string; readonly q?: string } = {},
    options: CallOptions = {},
  ): Promise<Stats> {
    return this.rest.get('/stats', { ...options, query })
  }

  /** A custom event `<prefix>.<name>`, seen by viewers of `custom:<prefix>` and of its job at once. */
  async emit(type: string, data: JsonObject = {}, options: EmitOptions = {}): Promise<void> {
    const { key, signal, job, ...rest } = options
    const body: EventRequest = { ...rest, type, data, ...(job && { job: idOf(job) }) }
    await this.rest.call('POST', '/events', { body, key, signal })
  }

  /** Leave: nothing is followed any more. Calls by REST still work. */
  close(): void {
    this.live.close()
  }
}

export type EmitOptions = Pick<EventRequest, 'priority' | 'conflate_key'> &
  CallOptions & { readonly job?: JobRef }

export interface Task<In, Out> {
  readonly kind: string
  submit(args: In, options?: SubmitOptions): Promise<JobHandle<Out>>
  /** Submit, and wait for the result. */
  run(args: In, options?: SubmitOptions): Promise<Out>
}
