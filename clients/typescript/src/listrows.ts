/**
 * The rows of a list: which jobs fit, told by what changed and never by looking at all of them.
 *
 * Of each row the newest known document. What a view does not show any more (it keeps the newest finished jobs only) stays
 * a row here and is kept right by its events. `came`, `left` and `resort` tell an order what to do, once per drawing. Must
 * never know pages in flight, orders or listeners. Owned by joblist.ts.
 */
import type { Change } from './change.ts'
import { matches, type Query } from './filter.ts'
import type { Document } from './fold.ts'
import { moves, type Sort } from './listorder.ts'
import { folded, jobOf } from './listpages.ts'
import type { Asked } from './listquery.ts'
import { subjectOf } from './topic.ts'
import type { TopicView } from './topicview.ts'
import type { JobDoc, WireEvent } from './wire.ts'

/** That many and more say the same: ask again. */
const MOST_OTHERS = 10_000
const TOLD_BY_EVENT: ReadonlySet<string> = new Set(['state', 'kind', 'queue', 'label'])

export interface RowsOptions {
  readonly asked: Asked
  readonly sort: Sort
  /** A row is another, came, left, or was deleted. */
  readonly touched: (id: string) => void
  /** An event of a job that the view does not show. */
  readonly beyond: (event: WireEvent) => void
}

export class ListRows {
  /** Jobs that fit. */
  readonly rows = new Map<string, JobDoc>()
  /** Since the order was last made. */
  readonly came = new Set<string>()
  readonly left = new Set<string>()
  resort = false
  /** Where only the server can say whether they fit: jobs that came or changed their state, and fit as far as can be told. */
  readonly mayMatch = new Set<string>()
  /** Jobs of which only an event is known, and that may fit. */
  readonly unknown = new Set<string>()
  /** The last of rows that left while `holding`, for those who still show them. */
  readonly departed = new Map<string, JobDoc>()
  holding = false

  readonly #asked: Asked
  readonly #sort: Sort
  readonly #touched: (id: string) => void
  readonly #beyond: (event: WireEvent) => void
  readonly #told: Query

  constructor({ asked, sort, touched, beyond }: RowsOptions) {
    this.#asked = asked
    this.#sort = sort
    this.#touched = touched
    this.#beyond = beyond
    this.#told = { terms: asked.livePart.terms.filter(term => TOLD_BY_EVENT.has(term.key)) }
  }

  get isMoved(): boolean {
    return this.resort || this.came.size > 0 || this.left.size > 0
  }

  /** What changed in the view. */
  take(change: Change, view: TopicView, now: number): void {
    const jobs = view.all('job')
    const moved = new Set<string>()
    for (const event of change.fresh) {
      if (!event.type.startsWith('job.')) continue
      const id = subjectOf(event)
      if (event.data.was !== undefined) moved.add(id)
      if (event.data.deleted) this.#drop(id)
      if (!jobs.has(id)) this.#follow(event, id, now)
    }
    for (const id of change.dirty.get('job') ?? []) {
      const job = jobs.get(id)
      if (job) this.#settle(jobOf(job), now, moved.has(id))
    }
  }

  /** Everything in the view, and every row, as of `now`: after a snapshot, and for terms about time. */
  takeAll(view: TopicView, now: number): void {
    const jobs = view.all('job')
    for (const job of jobs.values()) this.#settle(jobOf(job), now, false)
    if (!this.#asked.timed) return
    for (const [id, row] of this.rows) if (!jobs.has(id)) this.#settle(row, now, false)
  }

  /** Rows that the server says fit; what the view or a later event says of them wins. */
  put(found: readonly JobDoc[], view: TopicView, now: number): void {
    for (const page of found) {
      const seen = newer(this.rows.get(page.id), view.all('job').get(page.id)) ?? page
      const job = seen.seq >= page.seq ? seen : page
      this.mayMatch.delete(page.id)
      this.unknown.delete(page.id)
      if (this.#asked.live) this.#settle(job, now, false)
      else this.#fits(job)
    }
  }

  /** Rows not older than `bound` that neither the view nor `found` knows, although it says all: they are gone. */
  keepOnly(found: readonly JobDoc[], bound: string, view: TopicView): void {
    const known = new Set(found.map(job => job.id))
    for (const [id, row] of this.rows) {
      const isSeen = known.has(id) || (this.#asked.live && view.all('job').has(id))
      if (!isSeen && id >= bound) this.#leave(id, row)
    }
  }

  /** Forget rows without anybody having deleted them: they are asked for again when looked at. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) if (this.rows.delete(id)) this.left.add(id)
  }

  /** Nothing is known any more. */
  clear(): void {
    for (const [id, row] of this.rows) this.#leave(id, row)
    this.mayMatch.clear()
    this.unknown.clear()
  }

  #follow(event: WireEvent, id: string, now: number): void {
    this.#beyond(event)
    const row = this.rows.get(id)
    const { was, set } = event.data
    if (row) {
      const job = folded(row, [event])
      if (job) this.#settle(job, now, was !== undefined)
    } else if (was && this.#mayFit(event, set?.state)) {
      if (this.#asked.live) this.unknown.add(id)
      else this.#mayMatch(id)
    }
  }

  #mayMatch(id: string): void {
    if (this.mayMatch.size < MOST_OTHERS) this.mayMatch.add(id)
  }

  #mayFit({ kind = '', queue = '', labels = {} }: WireEvent, state: unknown): boolean {
    return matches(this.#told, { kind, queue, labels, state } as Partial<JobDoc> as JobDoc, 0)
  }

  #settle(job: JobDoc, now: number, moved: boolean): void {
    const { query, livePart, live, timed } = this.#asked
    const before = this.rows.get(job.id)
    if (before === job && !timed) return
    const fits = matches(live ? query : livePart, job, now)
    if (fits && (live || before)) this.#fits(job)
    else if (before) this.#leave(job.id, job)
    else this.#stayOut(job, fits, moved)
  }

  #stayOut(job: JobDoc, mayFit: boolean, moved: boolean): void {
    if (this.departed.has(job.id)) {
      this.departed.set(job.id, job)
      this.#touched(job.id)
    }
    if (this.#asked.live) return
    if (!mayFit) this.mayMatch.delete(job.id)
    else if (moved) this.#mayMatch(job.id)
  }

  #fits(job: JobDoc): void {
    const { id } = job
    const before = this.rows.get(id)
    if (before === job) return
    this.rows.set(id, job)
    if (!before) {
      this.came.add(id)
      this.left.delete(id)
      this.departed.delete(id)
    } else if (moves(this.#sort, before, job)) this.resort = true
    this.#touched(id)
  }

  #leave(id: string, last: JobDoc): void {
    this.rows.delete(id)
    this.came.delete(id)
    this.left.add(id)
    if (this.holding) this.departed.set(id, last)
    this.#touched(id)
  }

  #drop(id: string): void {
    const row = this.rows.get(id)
    if (row) this.#leave(id, row)
    this.mayMatch.delete(id)
    this.unknown.delete(id)
  }
}

function newer(row: JobDoc | undefined, seen: Document | undefined): JobDoc | undefined {
  return seen ? jobOf(seen) : row
}
