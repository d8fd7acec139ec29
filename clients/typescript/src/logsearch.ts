/**
 * One search through a log: the numbers of the lines that match, as they are found, and from then on those that come.
 *
 * A text and levels are looked for by the server; a regular expression only here, in the streamed lines, because an evil one
 * would hold the server. Colours (ANSI) are no part of a line for a regular expression. Must never know how lines are kept.
 * Made by joblog.ts.
 */
import type { HeadwayError } from './errors.ts'
import { failureOf, isAbort } from './failing.ts'
import { Limiter } from './limiter.ts'
import type { Line } from './lines.ts'
import { Listeners } from './listeners.ts'

/** A line as REST tells it. */
export interface LogLine {
  readonly number: number
  readonly at: string
  readonly level: string
  readonly text: string
}

export interface LogQuery {
  readonly from?: number
  readonly limit?: number
  readonly contains?: string
  /** `contains` whatever its capitals. */
  readonly ignore_case?: boolean
  /** Parted by commas. */
  readonly level?: string
}

/** Where lines come from by number: the client's REST half. */
export interface LogSource {
  logs(id: string, query: LogQuery, options: { signal: AbortSignal }): AsyncIterable<LogLine>
}

/** What to look for; all that is given must hold. */
export interface Wanted {
  readonly contains?: string
  /** `contains` whatever its capitals; a pattern has a flag of its own. */
  readonly ignoreCase?: boolean
  readonly levels?: readonly string[]
  /** Looked for on this thread: one that takes for ever holds it for ever. */
  readonly pattern?: RegExp
  /** Instead of a pattern: who looks for it elsewhere, such as in a worker that can be ended. */
  readonly test?: LineTest
}

/** Says of each text, without colours, whether it is looked for. An error ends the search. */
export type LineTest = (texts: readonly string[]) => Promise<readonly boolean[]>

export interface SearchState {
  /** Numbers of the lines found, in order; another array whenever one was added. */
  readonly found: readonly number[]
  /** Share of the log that has been looked through, 0 to 1; undefined: only the server knows. */
  readonly share: number | undefined
  /** The whole log was looked through; from now on new lines are. */
  readonly done: boolean
  /** There are more than are kept. */
  readonly cut: boolean
  readonly error: HeadwayError | null
}

const TELL_MS = 100
const CHUNK = 5_000
/** Lines found that are kept at most. */
const MOST = 100_000
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, 'g')

export class LogSearch {
  state: SearchState = { found: [], share: 0, done: false, cut: false, error: null }

  readonly #wanted: Wanted
  readonly #levels: ReadonlySet<string>
  readonly #ending = new AbortController()
  readonly #listeners = new Listeners()
  readonly #tell = new Limiter(TELL_MS, () => this.#draw())
  #found: number[] = []
  readonly #lines = new Map<number, Line>()
  #next: Pick<SearchState, 'share' | 'done' | 'error'> = { share: 0, done: false, error: null }
  #under: Promise<void> | undefined
  /** Lines that came before all earlier ones were looked through. */
  #waiting: Line[] = []

  constructor(wanted: Wanted) {
    this.#wanted = wanted
    this.#levels = new Set(wanted.levels)
  }

  /**
   * Look through `first`…`last` of the log; resolves when done, stopped or failed (`state.error`). Called again for lines
   * that came past this page: those stretches follow one another, and lines that come by wait for them all.
   */
  async run(source: LogSource, id: string, first: number, last: number): Promise<void> {
    const stretch = this.#look(this.#under, source, id, first, last)
    this.#under = stretch
    this.#next = { ...this.#next, done: false }
    try {
      await stretch
      if (this.#under !== stretch) return
      const rest = this.#testWaiting()
      this.#under = rest
      await rest
      if (this.#under !== rest) return
      this.#next = { share: 1, done: true, error: null }
    } catch (error) {
      this.#fail(error)
    }
    if (!this.#ending.signal.aborted) this.#tell.now()
  }

  #fail(error: unknown): void {
    if (!isAbort(error)) this.#next = { ...this.#next, error: failureOf(error) }
  }

  /** What came while earlier lines were looked through, and while that was. */
  async #testWaiting(): Promise<void> {
    while (this.#waiting.length) await this.#testAll(this.#waiting.splice(0))
  }

  async #look(
    earlier: Promise<void> | undefined,
    source: LogSource,
    id: string,
    first: number,
    last: number,
  ): Promise<void> {
    await earlier
    if (this.#wanted.pattern || this.#wanted.test) await this.#inChunks(source, id, first, last)
    else await this.#atServer(source, id, first)
  }

  /** A line that was found, for who shows only those. */
  get(number: number): Line | undefined {
    return this.#lines.get(number)
  }

  /** Lines that came by now. */
  take(lines: readonly Line[]): void {
    if (!this.#next.done) this.#waiting.push(...lines)
    else if (this.#wanted.test) this.#under = this.#testNext(this.#under, lines)
    else for (const line of lines) if (this.#fits(line)) this.#note(line)
  }

  async #testNext(earlier: Promise<void> | undefined, lines: readonly Line[]): Promise<void> {
    try {
      await earlier
      await this.#testAll(lines)
    } catch (error) {
      this.#fail(error)
      this.#tell.ask()
    }
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  /** The first found line after `number`, or from the top again; undefined: nothing is found. */
  after(number: number): number | undefined {
    return this.#found.find(each => each > number) ?? this.#found[0]
  }

  /** The last found line before `number`, or from the end again. */
  before(number: number): number | undefined {
    return this.#found.findLast(each => each < number) ?? this.#found.at(-1)
  }

  /** Look no further, also not at what comes. */
  stop(): void {
    this.#ending.abort()
    this.#tell.stop()
  }

  get isStopped(): boolean {
    return this.#ending.signal.aborted
  }

  async #atServer(source: LogSource, id: string, first: number): Promise<void> {
    const { contains, ignoreCase } = this.#wanted
    const level = [...this.#levels].join(',')
    const query: LogQuery = {
      ...(first > 1 ? { from: first } : {}),
      ...(contains ? { contains } : {}),
      ...(contains && ignoreCase ? { ignore_case: true } : {}),
      ...(level ? { level } : {}),
    }
    this.#next = { ...this.#next, share: undefined }
    for await (const line of source.logs(id, query, this.#ending)) {
      this.#note([line.number, line.at, line.level, line.text])
    }
  }

  async #inChunks(source: LogSource, id: string, first: number, last: number): Promise<void> {
    for (let from = first; from <= last; ) {
      let next = from + CHUNK
      const lines: Line[] = []
      for await (const line of source.logs(id, { from, limit: CHUNK }, this.#ending)) {
        lines.push([line.number, line.at, line.level, line.text])
        next = Math.max(next, line.number + 1)
      }
      await this.#testAll(lines)
      from = next
      this.#next = { ...this.#next, share: Math.min((from - first) / (last - first + 1), 1) }
      this.#tell.ask()
    }
  }

  async #testAll(lines: readonly Line[]): Promise<void> {
    const likely = lines.filter(line => this.#fits(line))
    const said = await this.#wanted.test?.(likely.map(([, , , text]) => text.replace(COLOUR, '')))
    if (this.isStopped) return
    for (const [index, line] of likely.entries()) if (said?.[index] ?? !said) this.#note(line)
  }

  /** As far as it can be said at once: all but `test`. */
  #fits([, , level, text]: Line): boolean {
    const { contains = '', ignoreCase, pattern } = this.#wanted
    if (this.#levels.size && !this.#levels.has(level)) return false
    if (!(ignoreCase ? text.toLowerCase().includes(contains.toLowerCase()) : text.includes(contains)))
      return false
    if (!pattern) return true
    pattern.lastIndex = 0
    return pattern.test(text.replace(COLOUR, ''))
  }

  #note(line: Line): void {
    const [number] = line
    if (number <= (this.#found.at(-1) ?? 0)) return
    if (this.#found.length < MOST) {
      this.#found.push(number)
      this.#lines.set(number, line)
    } else this.#cut = true
    this.#tell.ask()
  }

  #cut = false

  #draw(): void {
    const found = this.#found.length === this.state.found.length ? this.state.found : [...this.#found]
    this.state = { ...this.#next, found, cut: this.#cut }
    this.#listeners.tell()
  }
}
