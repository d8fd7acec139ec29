/**
 * A list of jobs that stays right: the rows of a live view joined with pages of `GET /jobs?q=`, one object per job.
 *
 * Theory. The view tells of every job from now on, and shows all unfinished and the newest finished ones up to a cap; what
 * is beyond comes by pages and is kept right by later events. A row is the document itself, another object when it changed.
 * Whether a job fits is asked once per frame that touched it, never of all (terms about time: of all, once a second). The
 * order is merged at most 4 times a second and stands still while somebody holds it. Newest first, the list is shown down
 * to where all is known, so that no row is missing between two that are shown; `loadMore` brings those below. Terms that
 * only the server can decide: the rows of its pages are live, and `mayMatch` tells how many others came or changed their
 * state since. Must never know React. Used by react/jobs.ts.
 */
import type { Change } from './change.ts'
import { failureOf } from './failing.ts'
import { Limiter } from './limiter.ts'
import { ListAsking } from './listasking.ts'
import { Listeners, ListenersById } from './listeners.ts'
import { countDownTo, extended, merged, type Sort, sorted } from './listorder.ts'
import { ListPages } from './listpages.ts'
import { type Asked, askedOf, countsOf, totalOf } from './listquery.ts'
import { ListRows } from './listrows.ts'
import { spanOf } from './listspan.ts'
import {
  BEFORE,
  countNew,
  type ListOptions,
  type ListSources,
  type ListState,
  sameIds,
  sameState,
} from './liststate.ts'
import type { Followed } from './live.ts'
import type { TopicView } from './topicview.ts'
import type { JobDoc } from './wire.ts'

export type { ListOptions, ListSources }

/** The order is made at most so often. */
export const ORDER_MS = 250
const CLOCK_MS = 1_000

export class JobList {
  readonly q: string
  readonly sort: Sort
  /** What is shown now. */
  state: ListState
  /** Another number whenever `subscribeRows` tells. */
  rowsVersion = 0

  readonly #sources: ListSources
  readonly #limit: number
  readonly #most: number
  readonly #asked: Asked | undefined
  readonly #pages: ListPages
  readonly #rows: ListRows | undefined
  readonly #asking: ListAsking | undefined
  readonly #order = new Limiter(ORDER_MS, () => this.#draw())
  readonly #any = new Limiter(ORDER_MS, () => this.#tellAny())

  #followed: Followed | undefined
  #ends: (() => void)[] = []
  #epoch = ''
  #ids: readonly string[] = []
  /** The view shows all there is; else down to where (`created`) it shows all, if that can be told. */
  #whole = false
  #viewBound: string | undefined
  #holds = 0

  readonly #listeners = new Listeners()
  readonly #anyRow = new Listeners()
  readonly #row = new ListenersById()

  constructor(sources: ListSources, options: ListOptions = {}) {
    this.q = options.q ?? ''
    this.sort = options.sort ?? 'created'
    this.#sources = sources
    this.#limit = options.limit ?? 100
    this.#most = options.most ?? 20_000
    this.#pages = new ListPages(sources.rest, this.q)
    this.state = BEFORE
    try {
      const asked = askedOf(this.q)
      this.#asked = asked
      const touched = (id: string): void => this.#touch(id)
      const rows = new ListRows({ asked, sort: this.sort, touched, beyond: event => this.#pages.note(event) })
      this.#rows = rows
      this.#asking = new ListAsking({
        pages: this.#pages,
        rows,
        limit: this.#limit,
        view: () => this.#view,
        now: sources.live.now.bind(sources.live),
        changed: () => this.#draw(),
      })
      this.state = { ...BEFORE, live: asked.live }
    } catch (error) {
      this.state = { ...BEFORE, status: 'error', error: failureOf(error) }
    }
  }

  /** The topic that carries every job of this list. */
  get topic(): string {
    return this.#asked?.topic ?? ''
  }

  // -- while somebody looks

  /** Follow the topic. Does nothing while it is open, or when the filter is wrong. */
  open(): void {
    if (!this.#asked || this.#followed) return
    this.#followed = this.#sources.live.follow([this.#asked.topic])
    this.#ends = [this.#followed.subscribe(change => this.#take(change))]
    if (this.#asked.timed) {
      const clock = setInterval(() => this.#retime(), CLOCK_MS)
      this.#ends.push(() => clearInterval(clock))
    }
    if (this.#followed.ready) this.#begin()
    else if (!this.#asked.live) void this.#asking?.more(undefined)
    this.#draw()
  }

  /** Let the topic go; what is shown stays. `open` goes on from there. */
  close(): void {
    for (const end of this.#ends.splice(0)) end()
    this.#followed?.close()
    this.#followed = undefined
    this.#asking?.stop()
    this.#order.stop()
    this.#any.stop()
  }

  /** Called when `state` is another, at most 4 times a second. */
  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Called when any row is another, at most 4 times a second. */
  subscribeRows(listener: () => void): () => void {
    return this.#anyRow.add(listener)
  }

  /** Called when this row is another, once per frame. */
  subscribeRow(id: string, listener: () => void): () => void {
    return this.#row.add(id, listener)
  }

  /** The job as it is now, also one that is shown only because the order is held. */
  row(id: string): JobDoc | undefined {
    return this.#rows?.rows.get(id) ?? this.#rows?.departed.get(id)
  }

  /** False for a job that is shown only because the order is held. */
  fits(id: string): boolean {
    return this.#rows?.rows.has(id) ?? false
  }

  // -- what somebody does

  /** Keep the order as it is (pointer, selection, scrolled away) until the answer is called. Counted. */
  hold(): () => void {
    let isHolding = true
    this.#holds += 1
    this.#heldChanged()
    return () => {
      if (!isHolding) return
      isHolding = false
      this.#holds -= 1
      this.#heldChanged()
    }
  }

  /** Show what came while the order is held; it stays held. */
  showNew(): void {
    this.#rows?.departed.clear()
    this.#draw(true)
  }

  /** The next page. Errors are in `state.moreError`. */
  async loadMore(): Promise<void> {
    if (!this.state.complete) await this.#asking?.more(this.#viewBound)
  }

  /** Ask the pages anew, so that `mayMatch` is 0. */
  async refresh(): Promise<void> {
    await this.#asking?.again()
  }

  // -- what the view tells

  get #view(): TopicView | undefined {
    return this.#followed?.view.topic()
  }

  #take(change: Change): void {
    const view = this.#view
    if (!this.#rows || !view) return
    const before = this.#rows.mayMatch.size
    if (change.whole) this.#begin()
    else if (this.#followed?.ready) this.#rows.take(change, view, this.#sources.live.now())
    if (this.#rows.unknown.size) this.#asking?.single(this.sort === 'created' ? this.#bound() : '')
    const isOther = this.#rows.isMoved || change.counts || this.#rows.mayMatch.size !== before
    if (change.whole) this.#order.now()
    else if (isOther || this.#followed?.refused) this.#order.ask()
  }

  /** A snapshot came, or the list was opened on a view that stands. */
  #begin(): void {
    const view = this.#view
    if (!this.#followed || !this.#rows || !this.#asked || !view) return
    const { epoch } = this.#followed.view
    if (this.#epoch && epoch && epoch !== this.#epoch) {
      this.#rows.clear()
      this.#pages.restart()
    }
    this.#epoch = epoch
    if (!this.#followed.ready) return
    const jobs = view.all('job')
    const isOld = this.#pages.bound !== undefined || [...this.#rows.rows.keys()].some(id => !jobs.has(id))
    const { isWhole, bound } = spanOf(view, this.#asked)
    this.#whole = isWhole
    this.#viewBound = bound
    this.#rows.takeAll(view, this.#sources.live.now())
    const needsPage = !this.#asked.live || (!this.#whole && this.#viewBound === undefined)
    if (isOld) void this.#asking?.again()
    else if (needsPage) void this.#asking?.more(this.#viewBound)
  }

  #retime(): void {
    const view = this.#view
    if (!view || !this.#followed?.ready) return
    this.#rows?.takeAll(view, this.#sources.live.now())
    if (this.#rows?.isMoved) this.#order.ask()
  }

  #touch(id: string): void {
    this.#row.tell(id)
    if (this.#anyRow.size) this.#any.ask()
  }

  #tellAny(): void {
    this.rowsVersion += 1
    this.#anyRow.tell()
  }

  // -- what is shown

  #heldChanged(): void {
    const rows = this.#rows
    if (!rows) return
    rows.holding = this.#holds > 0
    if (!rows.holding) rows.departed.clear()
    this.#draw()
  }

  /** Down to which id nothing is missing. */
  #bound(): string {
    if (this.#whole || !this.#asked?.live) return ''
    return this.#pages.bound ?? this.#viewBound ?? this.#ids[this.#limit - 1] ?? ''
  }

  #arrange(rows: ListRows): void {
    if (rows.isMoved) {
      const isMerged = this.sort === 'created'
      this.#ids = isMerged
        ? merged(this.#ids, rows.came, rows.left)
        : sorted(rows.rows, this.sort, this.#sources.live.now())
      rows.came.clear()
      rows.left.clear()
      rows.resort = false
    }
    if (this.#ids.length <= this.#most || this.sort !== 'created') return
    const kept = this.#ids.slice(0, this.#most)
    rows.forget(this.#ids.slice(this.#most))
    this.#pages.bound = kept.at(-1)
    this.#whole = false
    this.#ids = kept
  }

  #draw(isShown = false): void {
    const { state } = this
    const rows = this.#rows
    if (!rows || !this.#asked) return
    this.#arrange(rows)
    const known = this.sort === 'created' ? countDownTo(this.#ids, this.#bound()) : this.#ids.length
    const all = known === this.#ids.length ? this.#ids : this.#ids.slice(0, known)
    const held = this.#holds > 0
    const ids = held && !isShown ? extended(state.ids, all, this.sort) : sameIds(state.ids, all)
    const next = {
      ...state,
      ids,
      held,
      newCount: held ? countNew(ids, all) : 0,
      ...this.#standing(rows, this.#asked),
    }
    if (sameState(state, next)) return
    this.state = next
    this.#listeners.tell()
  }

  #standing(rows: ListRows, asked: Asked): Partial<ListState> {
    const complete = this.#whole || (this.#pages.bound === '' && !this.#pages.partial)
    const moreError = this.#asking?.error ?? null
    const isThere = asked.live ? this.#followed?.ready : this.#pages.bound !== undefined
    const error = this.#followed?.refused ?? (isThere ? null : moreError)
    const counts = countsOf(asked, this.#view?.counts ?? null)
    return {
      status: error ? 'error' : isThere || this.state.status === 'success' ? 'success' : 'pending',
      error,
      counts,
      total: counts ? totalOf(asked, counts) : complete ? rows.rows.size : undefined,
      complete,
      hasMore: !complete,
      isLoadingMore: this.#asking?.isRunning ?? false,
      moreError,
      mayMatch: rows.mayMatch.size,
      partial: this.#pages.partial,
      sortedLoaded: this.sort !== 'created' && !complete,
    }
  }
}
