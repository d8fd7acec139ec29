/**
 * The log of one job by line number: the tail as it grows, and any other part as soon as somebody looks at it.
 *
 * The topic `logs:ID` tells the newest lines and all that follow; older ones are asked for by number, a block at a time, a
 * few requests at once, those looked at last first. Memory is bounded: blocks that nobody looks at go, and are asked for
 * again. A log faster than 2,000 lines a second is kept at its end only; what was left out is fetched when looked at.
 * Must never know React or how lines are drawn. Used by react/logs.ts.
 */
import type { Change } from './change.ts'
import type { HeadwayError } from './errors.ts'
import { failureOf, isAbort } from './failing.ts'
import { Limiter } from './limiter.ts'
import type { Line } from './lines.ts'
import { Listeners } from './listeners.ts'
import type { Followed, Live } from './live.ts'
import { BLOCK, blockOf, LogBlocks } from './logblocks.ts'
import { LogSearch, type LogSource, type Wanted } from './logsearch.ts'

export interface LogSources {
  readonly live: Pick<Live, 'follow'>
  readonly rest: LogSource
}

export interface LogState {
  readonly status: 'pending' | 'error' | 'success'
  readonly error: HeadwayError | null
  /** Numbers of the first and the last line there is, here or not; 0 and 0: there are none. */
  readonly first: number
  readonly last: number
  /** Another number whenever a line came. */
  readonly version: number
  /** Too fast to keep all: only the end is kept as it comes. */
  readonly tailOnly: boolean
  /** Lines are being asked for. */
  readonly isLoading: boolean
}

/** Listeners are told at most so often. */
export const DRAW_MS = 100
const FAST_LINES = 2_000
const WINDOW_MS = 1_000
const REQUESTS = 3
const AGAIN_MS = 2_000
/** Lines that the view itself may hold. */
const SEEN = 20 * BLOCK
/** Of the lines of a fast log, what is kept of each change. */
const TAIL = BLOCK

export class JobLog {
  readonly id: string
  state: LogState = {
    status: 'pending',
    error: null,
    first: 0,
    last: 0,
    version: 0,
    tailOnly: false,
    isLoading: false,
  }

  readonly #sources: LogSources
  readonly #blocks: LogBlocks
  readonly #listeners = new Listeners()
  readonly #draw = new Limiter(DRAW_MS, () => this.#show())
  readonly #searches = new Set<LogSearch>()
  #followed: Followed | undefined
  #end: (() => void) | undefined
  #epoch = ''
  #first = 0
  #last = 0
  #version = 0
  #error: HeadwayError | null = null
  #looked: readonly [from: number, to: number] | undefined
  #queue: number[] = []
  readonly #asking = new Set<number>()
  #ending = new AbortController()
  #again: ReturnType<typeof setTimeout> | undefined
  #window = { since: 0, lines: 0 }
  #tailOnly = false

  /** `blocks`: how many blocks of 1,000 lines are kept, default 200. */
  constructor(sources: LogSources, id: string, options: { readonly blocks?: number } = {}) {
    this.id = id
    this.#sources = sources
    this.#blocks = new LogBlocks(options.blocks ?? 200)
  }

  /** Follow the log. Does nothing while it is open. */
  open(): void {
    if (this.#followed) return
    this.#ending = new AbortController()
    this.#followed = this.#sources.live.follow([`logs:${this.id}`])
    this.#end = this.#followed.subscribe(change => this.#take(change))
    this.#begin()
    this.#draw.now()
  }

  /** Let the topic go, and what was asked for; lines stay. */
  close(): void {
    this.#end?.()
    this.#followed?.close()
    this.#followed = undefined
    this.#ending.abort()
    this.#queue = []
    clearTimeout(this.#again)
    this.#again = undefined
    this.#draw.stop()
    for (const search of this.#searches) search.stop()
    this.#searches.clear()
  }

  /** Called when `state` is another, at most 10 times a second. */
  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  /** `[number, instant, level, text]`, or undefined: it is not here (see `ensure`), or there is none (`isAbsent`). */
  get(number: number): Line | undefined {
    return this.#blocks.get(number)
  }

  has(number: number): boolean {
    return this.get(number) !== undefined
  }

  /** True if there is no line of this number: the server was asked. */
  isAbsent(number: number): boolean {
    return this.#blocks.isAbsent(number)
  }

  /** Somebody looks at these lines: get what is not here. Each block is asked for once; the newest wish comes first. */
  ensure(from: number, to: number): void {
    const first = Math.max(from, this.#first, 1)
    const last = Math.min(to, this.#last)
    this.#looked = [from, to]
    if (last < first || !this.#followed) return
    this.#blocks.pin(first, last)
    this.#queue = []
    for (let index = blockOf(first); index <= blockOf(last); index += 1) {
      if (!this.#asking.has(index) && this.#missing(index)) this.#queue.push(index)
    }
    if (this.#again === undefined) this.#pump()
  }

  /** Look for lines; `stop` it when nobody looks any more. */
  find(wanted: Wanted): LogSearch {
    const search = new LogSearch(wanted)
    this.#searches.add(search)
    void search.run(this.#sources.rest, this.id, Math.max(this.#first, 1), this.#last)
    return search
  }

  // -- what the view tells

  #begin(): void {
    const followed = this.#followed
    if (!followed) return
    if (this.#epoch && followed.view.epoch && followed.view.epoch !== this.#epoch) this.#forget()
    this.#epoch = followed.view.epoch
    if (!followed.ready) return
    const { firstLine, lastLine, lines } = followed.view.topic()
    const before = this.#last
    this.#first = firstLine ?? this.#first
    this.#last = Math.max(this.#last, lastLine)
    if (before > 0 && this.#last > before) this.#searchOn(before + 1)
    if (this.#blocks.put(lines)) this.#version += 1
    this.#lookAgain()
  }

  #take(change: Change): void {
    if (change.whole) this.#begin()
    if (change.lines.length) this.#grow(change.lines)
    const seen = this.#followed?.view.topic().lines
    if (seen && seen.size > SEEN) seen.clear() // they are in the blocks, which know a bound
    if (change.whole) this.#draw.now()
    else this.#draw.ask()
  }

  #grow(lines: readonly Line[]): void {
    for (const search of this.#searches) {
      if (search.isStopped) this.#searches.delete(search)
      else search.take(lines)
    }
    this.#measure(lines.length)
    this.#blocks.put(this.#tailOnly ? lines.slice(-TAIL) : lines)
    this.#version += 1
    for (const [number] of lines) this.#last = Math.max(this.#last, number)
    if (!this.#first) this.#first = lines[0]?.[0] ?? 0
  }

  /** Lines that came past this page, while it was cut off, are searched too. */
  #searchOn(from: number): void {
    for (const search of this.#searches) {
      if (!search.isStopped) void search.run(this.#sources.rest, this.id, from, this.#last)
    }
  }

  #measure(lines: number): void {
    const now = performance.now()
    if (now - this.#window.since >= WINDOW_MS) {
      this.#tailOnly = this.#window.lines > FAST_LINES && now - this.#window.since < 2 * WINDOW_MS
      this.#window = { since: now, lines: 0 }
    }
    this.#window.lines += lines
    this.#tailOnly ||= this.#window.lines > FAST_LINES
  }

  #forget(): void {
    this.#blocks.clear()
    this.#first = 0
    this.#last = 0
    this.#version += 1
  }

  // -- what the server is asked

  #missing(index: number): readonly [from: number, to: number] | undefined {
    return this.#blocks.missing(index, Math.max(this.#first, 1), this.#last)
  }

  #pump(): void {
    while (this.#asking.size < REQUESTS) {
      const index = this.#queue.shift()
      if (index === undefined) break
      const range = this.#missing(index)
      if (range) void this.#fetch(index, range)
    }
    this.#draw.ask()
  }

  async #fetch(index: number, [from, to]: readonly [from: number, to: number]): Promise<void> {
    const { signal } = this.#ending
    const lines: Line[] = []
    this.#asking.add(index)
    try {
      const found = this.#sources.rest.logs(this.id, { from, limit: to - from + 1 }, { signal })
      for await (const { number, at, level, text } of found) lines.push([number, at, level, text])
      this.#blocks.asked(index, to)
      this.#blocks.put(lines)
      this.#version += 1
      this.#error = null
    } catch (error) {
      if (!isAbort(error)) this.#fail(failureOf(error))
    } finally {
      this.#asking.delete(index)
      if (!signal.aborted && this.#again === undefined) this.#pump()
      this.#draw.ask()
    }
  }

  #fail(error: HeadwayError): void {
    this.#error = error
    this.#again ??= setTimeout(() => {
      this.#again = undefined
      this.#lookAgain()
    }, AGAIN_MS)
  }

  #lookAgain(): void {
    if (this.#looked) this.ensure(...this.#looked)
  }

  #show(): void {
    const refused = this.#followed?.refused
    const isThere = this.#followed?.ready || this.state.status === 'success'
    this.state = {
      status: refused ? 'error' : isThere ? 'success' : 'pending',
      error: refused ?? this.#error,
      first: this.#first,
      last: this.#last,
      version: this.#version,
      tailOnly: this.#tailOnly,
      isLoading: this.#asking.size > 0,
    }
    this.#listeners.tell()
  }
}
