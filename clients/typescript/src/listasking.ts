/**
 * What a list asks the server for, one thing after the other: more pages, all pages anew, single jobs that may fit by now.
 *
 * An answer goes into the rows; a failure is kept to be shown and does not end the list. Must never know orders or
 * listeners. Owned by joblist.ts.
 */
import type { HeadwayError } from './errors.ts'
import { failureOf, isAbort } from './failing.ts'
import { Limiter } from './limiter.ts'
import type { ListPages } from './listpages.ts'
import type { ListRows } from './listrows.ts'
import type { TopicView } from './topicview.ts'

export interface AskingOptions {
  readonly pages: ListPages
  readonly rows: ListRows
  /** Jobs of a page. */
  readonly limit: number
  /** What the answer is joined with; undefined: nobody looks any more. */
  readonly view: () => TopicView | undefined
  readonly now: () => number
  /** Something is to be shown. */
  readonly changed: () => void
}

/** Single jobs are asked for so often at most. */
const SINGLE_MS = 1_000
const SINGLE_AT_ONCE = 50
/** Of more jobs than that of which only an event is known, the pages are asked anew instead. */
const MOST_UNKNOWN = 200

export class ListAsking {
  /** Of the newest request; null: it was answered. */
  error: HeadwayError | null = null
  readonly #options: AskingOptions
  readonly #single = new Limiter(SINGLE_MS, () => this.#askSingle())
  #running: Promise<void> | undefined
  /** Below it nobody looks. */
  #bound = ''

  constructor(options: AskingOptions) {
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** The next page, below `from` if there was none; while something is asked for, that. */
  more(from: string | undefined): Promise<void> {
    return this.#running ?? this.#after(() => this.#more(from))
  }

  /** All pages that there were, when what is asked for now has come. */
  again(): Promise<void> {
    return this.#after(() => this.#again())
  }

  /** Jobs that moved and are known by an event only, if they are not older than `bound`. */
  single(bound: string): void {
    this.#bound = bound
    this.#single.ask()
  }

  /** Let go what is on its way. */
  stop(): void {
    this.#single.stop()
    this.#options.pages.stop()
  }

  #after(ask: () => Promise<void>): Promise<void> {
    const run = (this.#running ?? Promise.resolve())
      .then(() => this.#told(ask))
      .then(() => {
        if (this.#running === run) this.#running = undefined
        this.#options.changed()
      })
    this.#running = run
    this.#options.changed()
    return run
  }

  async #told(ask: () => Promise<void>): Promise<void> {
    try {
      await ask()
      this.error = null
    } catch (error) {
      if (!isAbort(error)) this.error = failureOf(error)
    }
  }

  async #more(from: string | undefined): Promise<void> {
    const { pages, rows, limit, view, now } = this.#options
    const found = await pages.more(limit, from)
    const seen = view()
    if (seen) rows.put(found, seen, now())
  }

  async #again(): Promise<void> {
    const { pages, rows, limit, view, now } = this.#options
    const others = [...rows.mayMatch]
    const found = await pages.again(limit)
    const seen = view()
    if (!seen) return
    for (const id of others) rows.mayMatch.delete(id)
    rows.put(found, seen, now())
    rows.keepOnly(found, pages.bound ?? '', seen)
  }

  async #askSingle(): Promise<void> {
    const { pages, rows, view, now, changed } = this.#options
    for (const id of rows.unknown) if (id < this.#bound) rows.unknown.delete(id)
    if (rows.unknown.size > MOST_UNKNOWN) {
      rows.unknown.clear()
      return this.again()
    }
    const ids = [...rows.unknown].slice(0, SINGLE_AT_ONCE)
    if (!ids.length || !view()) return
    await this.#told(async () => {
      const found = await pages.those(ids)
      const seen = view()
      for (const id of ids) rows.unknown.delete(id)
      if (seen) rows.put(found, seen, now())
    })
    changed()
    if (rows.unknown.size && view()) this.#single.ask()
  }
}
