/**
 * Frames by long-poll at `/api/v1/events`: one answer after the other, each asked for from where its view then stands.
 *
 * Where there are more subscriptions than a page may keep answers open for, they take turns, and nobody waits long.
 * Called by live.ts, and by sse.ts for what does not fit into its streams.
 */
import { parse } from '../json.ts'
import type { ServerFrame } from '../wire.ts'
import { type Ears, headersOf, type Transport, type Wires } from './transport.ts'
import { type Asking, queryOf, Voiceless } from './voiceless.ts'

const WAIT_S = 25
/** The first answer comes soon, because it is the welcome; so does every one while others wait for their turn. */
const SHORT_S = 1
/** Between two answers that come at once, because there is no seat to wait from. */
const PAUSE_MS = 2_000

interface Answer {
  readonly frames: readonly ServerFrame[]
  readonly cursor: string | null
}

export function openPoll(wires: Wires, ears: Ears): Transport {
  const asking = polling(wires, wires.atOnce)
  return new Voiceless(wires, ears, () => asking)
}

/** A way to ask by polling, no more than `atOnce` at a time. */
export function polling(wires: Wires, atOnce: number): Asking {
  const turns = new Turns(atOnce)
  return async line => {
    let wait = SHORT_S
    for (;;) {
      await turns.take()
      const { hurry } = turns
      const leave = await wires.seat()
      let isNews = false
      try {
        const ask = line.signal.aborted ? undefined : line.ask()
        if (!ask) return true
        const seconds = !leave ? 0 : turns.areWanted ? SHORT_S : wait
        const url = `${wires.api}/events?${queryOf(ask, wires, { wait: String(seconds) })}`
        // whoever is short already is not hurried: it would never get an answer
        const signal = seconds === WAIT_S ? AbortSignal.any([line.signal, hurry]) : line.signal
        const response = await wires.fetch(url, { headers: headersOf(wires), signal, cache: 'no-store' })
        if (!response.ok) {
          await line.refused(response)
          return true
        }
        const answer = parse(await response.text()) as Answer
        const [first] = answer.frames
        line.greet(answer.cursor, first && 'now' in first ? first.now : '')
        if (answer.frames.map(frame => line.hear(frame)).includes(true)) return true
        line.alive()
        wait = WAIT_S
        isNews = answer.frames.length > 0
      } catch (error) {
        if (line.signal.aborted || !hurry.aborted) throw error
      } finally {
        leave?.()
        turns.give()
      }
      if (!leave && !isNews) await pause(PAUSE_MS, line.signal)
    }
  }
}

/** Over early where `signal` says so. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}

/** Turns at a few open answers. Whoever must wait hurries those who only wait for news. */
class Turns {
  #free: number
  readonly #waiting: (() => void)[] = []
  #hurry = new AbortController()

  constructor(number: number) {
    this.#free = number
  }

  get areWanted(): boolean {
    return this.#waiting.length > 0
  }

  /** Aborted when somebody came who has to wait; a new one then. */
  get hurry(): AbortSignal {
    return this.#hurry.signal
  }

  async take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    const turn = new Promise<void>(resolve => this.#waiting.push(resolve))
    this.#hurry.abort()
    await turn
  }

  give(): void {
    if (this.#hurry.signal.aborted) this.#hurry = new AbortController()
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free += 1
  }
}
