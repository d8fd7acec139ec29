/**
 * A regular expression of the reader's, looked for in a worker that is ended when it takes too long: nothing that is typed
 * can hold the page.
 *
 * One question at a time, each with a limit. Marks of drawn lines are asked for as they are missing and told when they come.
 * Must never know logs or rows. Made by finder.ts.
 */
import type { LineTest } from '@headway/client'
import type { Places, Question } from './matching.ts'
import type { Range } from './pieces.ts'

/** What is marked in a text, as far as it is known; listeners hear when more is. */
export interface Marks {
  of(text: string): readonly Range[]
  subscribe(listener: () => void): () => void
  version(): number
}

/** The part of a Worker that is used. */
export interface Looker {
  onmessage: ((event: MessageEvent<unknown>) => void) | null
  onerror: ((event: ErrorEvent) => void) | null
  postMessage(question: Question): void
  terminate(): void
}

const LIMIT_MS = 2_000
/** Characters of one question: ordinary patterns take milliseconds for them. */
const MOST_CHARACTERS = 500_000
const MOST_KNOWN = 5_000
const NONE: readonly Range[] = []

export class Pattern implements Marks {
  /** Why it is not looked for any more. */
  refused: Error | undefined
  readonly #source: string
  readonly #flags: string
  readonly #make: () => Looker
  #looker: Promise<Looker> | undefined
  #ending = new AbortController()
  /** The end of the questions so far: the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve()
  readonly #known = new Map<string, readonly Range[]>()
  readonly #missing = new Set<string>()
  readonly #listeners = new Set<() => void>()
  #version = 0

  constructor(source: string, flags: string, make: () => Looker = makeLooker) {
    this.#source = source
    this.#flags = flags
    this.#make = make
  }

  /** For a search of the log. Rejects once the pattern has taken too long. */
  readonly test: LineTest = async texts => {
    const found: boolean[] = []
    for (const part of partsOf(texts)) {
      const answer = await this.#ask({ source: this.#source, flags: this.#flags, texts: part, places: false })
      found.push(...(answer as readonly boolean[]))
    }
    return found
  }

  of(text: string): readonly Range[] {
    const known = this.#known.get(text)
    if (!known && !this.refused) {
      if (!this.#missing.size) queueMicrotask(() => void this.#fill())
      this.#missing.add(text)
    }
    return known ?? NONE
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  version = (): number => this.#version

  /** Let the worker go; what is asked later has a new one. */
  stop(): void {
    this.#ending.abort()
    this.#ending = new AbortController()
    this.#looker = undefined
    this.#last = Promise.resolve()
  }

  async #fill(): Promise<void> {
    const texts = [...this.#missing]
    this.#missing.clear()
    if (this.#known.size > MOST_KNOWN) this.#known.clear()
    try {
      const question = { source: this.#source, flags: this.#flags, texts, places: true }
      const places = (await this.#ask(question)) as Places
      for (const [index, text] of texts.entries()) this.#known.set(text, places[index] ?? NONE)
    } catch {
      return // the search says why
    }
    this.#version += 1
    for (const listener of this.#listeners) listener()
  }

  #ask(question: Question): Promise<unknown> {
    const answer = this.#last.then(() => this.#insist(question))
    this.#last = answer.catch(() => undefined)
    return answer
  }

  async #insist(question: Question): Promise<unknown> {
    if (this.refused) throw this.refused
    const { signal } = this.#ending
    this.#looker ??= started(this.#make, signal)
    const looker = await this.#looker
    try {
      return await answered(looker, question, signal)
    } catch (error) {
      if (error instanceof TooLong) {
        this.refused = error
        this.stop()
      }
      throw error
    }
  }
}

class TooLong extends Error {
  constructor() {
    super(
      `The pattern took more than ${LIMIT_MS / 1000} s for a few lines. Write it without repetition of repetition, as in (a+)+.`,
    )
  }
}

function makeLooker(): Looker {
  return new Worker(new URL('./patternworker.ts', import.meta.url), { type: 'module' })
}

/** A worker that has loaded; it ends with `signal`. */
function started(make: () => Looker, signal: AbortSignal): Promise<Looker> {
  const looker = make()
  signal.addEventListener('abort', () => looker.terminate(), { once: true })
  return heard(looker, signal).then(() => looker)
}

async function answered(looker: Looker, question: Question, signal: AbortSignal): Promise<unknown> {
  const slow = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)])
  const answer = heard(looker, slow)
  looker.postMessage(question)
  try {
    return await answer
  } catch (error) {
    throw slow.aborted && !signal.aborted ? new TooLong() : error
  }
}

/** The next thing it says. */
function heard(looker: Looker, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new DOMException('The search was ended.', 'AbortError'))
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
    looker.onmessage = ({ data }) => resolve(data)
    looker.onerror = ({ message }) => reject(new Error(message || 'The search could not be started.'))
  })
}

function* partsOf(texts: readonly string[]): Generator<readonly string[]> {
  let part: string[] = []
  let size = 0
  for (const text of texts) {
    part.push(text)
    size += text.length
    if (size < MOST_CHARACTERS) continue
    yield part
    part = []
    size = 0
  }
  if (part.length) yield part
}
