/**
 * The part of a list that the view does not hold: pages of `GET /jobs?q=`, newest first, and single jobs asked for by id.
 *
 * Theory. A page tells what was true when the server read it; events that arrive while it is on its way may be newer than
 * what it says. So they are kept while any request runs, and folded into its rows by `seq`. Events from before the request
 * are in it already: what a viewer was told of, the server has committed. `bound` is the id down to which the pages reach;
 * everything of the list that is not older is known. Must never know views, orders or listeners. Owned by joblist.ts.
 */
import { type Document, fold } from './fold.ts'
import { subjectOf } from './topic.ts'
import type { JobDoc, JobPage, WireEvent } from './wire.ts'

/** Where pages of jobs come from: the client's REST half. */
export interface JobPages {
  list(
    query: { q: string; limit: number; after?: string },
    options: { signal: AbortSignal },
  ): Promise<JobPage>
}

/** Pages in which nothing fits, asked for in a row (a scan that the server cut at its bound). */
const EMPTY_PAGES = 5
const PAGE = 500

export class ListPages {
  /** Down to which id the pages reach, or undefined: none came yet. `''`: there are no more. */
  bound: string | undefined
  partial = false
  readonly #source: JobPages
  readonly #q: string
  readonly #meanwhile = new Map<string, WireEvent[]>()
  #running = 0
  #ending = new AbortController()

  constructor(source: JobPages, q: string) {
    this.#source = source
    this.#q = q
  }

  /** Events of jobs that the view does not show; kept while a request is on its way. */
  note(event: WireEvent): void {
    if (!this.#running) return
    const id = subjectOf(event)
    const events = this.#meanwhile.get(id)
    if (events) events.push(event)
    else this.#meanwhile.set(id, [event])
  }

  /** The next page below the bound with something in it, or below `from`. */
  async more(limit: number, from?: string): Promise<JobDoc[]> {
    for (let pages = 0; ; pages += 1) {
      const page = await this.#ask(this.#q, limit, this.bound ?? from)
      this.bound = page.next ?? ''
      this.partial = page.partial ?? false
      if (page.jobs.length || !page.next || pages >= EMPTY_PAGES) return page.jobs
    }
  }

  /** All pages anew, down to the bound (or one, if there were none). */
  async again(limit: number): Promise<JobDoc[]> {
    const bound = this.bound
    const rows: JobDoc[] = []
    let after: string | undefined
    do {
      const page = await this.#ask(this.#q, bound === undefined ? limit : PAGE, after)
      rows.push(...page.jobs)
      after = page.next
      this.partial = page.partial ?? false
    } while (after && bound !== undefined && after > bound)
    this.bound = after ?? ''
    return rows
  }

  /** Those of the ids that fit the filter by now. */
  async those(ids: readonly string[]): Promise<JobDoc[]> {
    return (await this.#ask(`${this.#q} id:${ids.join(',')}`.trim(), ids.length)).jobs
  }

  /** Let go what is on its way: it rejects with an AbortError. */
  stop(): void {
    this.#ending.abort()
    this.#ending = new AbortController()
  }

  /** Another log: what was asked for does not count any more. */
  restart(): void {
    this.stop()
    this.bound = undefined
    this.partial = false
  }

  async #ask(q: string, limit: number, after?: string): Promise<{ jobs: JobDoc[] } & Omit<JobPage, 'jobs'>> {
    const { signal } = this.#ending
    this.#running += 1
    try {
      const page = await this.#source.list(after ? { q, limit, after } : { q, limit }, { signal })
      signal.throwIfAborted()
      return { ...page, jobs: page.jobs.flatMap(job => this.#upToDate(job)) }
    } finally {
      this.#running -= 1
      if (!this.#running) this.#meanwhile.clear()
    }
  }

  #upToDate(job: JobDoc): JobDoc[] {
    const row = folded(job, this.#meanwhile.get(job.id) ?? [])
    return row ? [row] : []
  }
}

/** A document of the entity `job`, as the specification has it. */
export function jobOf(document: Document): JobDoc {
  return document as Partial<JobDoc> as JobDoc
}

/** The row after those of the events that are newer; undefined: it was deleted. */
export function folded(job: JobDoc, events: readonly WireEvent[]): JobDoc | undefined {
  let row: JobDoc = job
  for (const event of events) {
    if (event.seq <= row.seq) continue
    if (event.data.deleted) return undefined
    const { set, put } = event.data
    if (set !== undefined || put !== undefined) row = jobOf(fold({ ...row }, event))
  }
  return row
}
