/**
 * A link of several answers, one for each subscription, where the server hears nothing but the questions: what SSE and
 * long-poll have in common.
 *
 * A connection begins with what is followed now; the first answer is its welcome. After that a `subscribe` frame means:
 * ask (again), from where the view stands; `unsubscribe`: no more. All else that would be said is left unsaid. A page has
 * few connections to one server, so no more than `atOnce` answers are kept open. Called by sse.ts and poll.ts.
 */
import type { ServerFrame, SubscribeFrame, ViewerFrame, WelcomeFrame } from '../wire.ts'
import { type Ears, once, type Transport, tellTrouble, type Wires } from './transport.ts'

/** Ask for one subscription until it ends or `signal` says so. True: it ended well, the server will say no more of it. */
export type Asking = (line: Line) => Promise<boolean>

/** One subscription's part of the link. */
export interface Line {
  readonly id: string
  readonly signal: AbortSignal
  /** How it is to be asked for now; undefined: no more. */
  ask(): SubscribeFrame | undefined
  /** A frame of the server, under whatever name it goes there. True if it refuses the subscription. */
  hear(frame: ServerFrame): boolean
  /** A link that was not greeted begins here, on the log of this cursor. */
  greet(cursor: string | null | undefined, now: string): void
  alive(): void
  /** An answer that is not the one hoped for; it is the last of this line. */
  refused(response: Response): Promise<void>
}

export class Voiceless implements Transport {
  readonly #wires: Wires
  readonly #ears: ReturnType<typeof once>
  readonly #choose: (id: string) => Asking
  readonly #lines = new Map<string, AbortController>()
  /** Asked for with the connection, before the link says so. */
  readonly #ahead = new Set<string>()
  #isOpened = false
  #epoch: string | undefined

  constructor(wires: Wires, ears: Ears, choose: (id: string) => Asking) {
    this.#wires = wires
    this.#ears = once(ears)
    this.#choose = choose
    for (const { id } of wires.asks()) {
      this.#ahead.add(id)
      this.#begin(id)
    }
  }

  say(frames: readonly ViewerFrame[]): void {
    for (const frame of frames) {
      if (frame.type === 'subscribe' && !this.#ahead.delete(frame.id)) this.#begin(frame.id)
      else if (frame.type === 'unsubscribe') this.#end(frame.id)
    }
  }

  drop(): void {
    this.#ears.deafen()
    for (const id of [...this.#lines.keys()]) this.#end(id)
  }

  #end(id: string): void {
    this.#lines.get(id)?.abort()
    this.#lines.delete(id)
    this.#ahead.delete(id)
  }

  #begin(id: string): void {
    this.#lines.get(id)?.abort()
    const controller = new AbortController()
    this.#lines.set(id, controller)
    void this.#run(id, controller)
  }

  async #run(id: string, controller: AbortController): Promise<void> {
    const line = this.#line(id, controller.signal)
    let reason = 'the stream ended'
    try {
      if (await this.#choose(id)(line)) return
    } catch (error) {
      if (controller.signal.aborted) return
      reason = error instanceof Error ? error.message : String(error)
    }
    if (controller.signal.aborted) return
    if (this.#isOpened) this.#ears.ended(1006, reason)
    else this.#ears.failed('unreachable', reason)
  }

  #line(id: string, signal: AbortSignal): Line {
    const isOver = () => signal.aborted || this.#ears.isDeaf
    return {
      id,
      signal,
      ask: () => this.#wires.asks().find(ask => ask.id === id),
      alive: () => isOver() || this.#ears.alive(),
      hear: frame => !isOver() && this.#hear(id, frame),
      greet: (cursor, now) => {
        if (isOver() || this.#epoch !== undefined) return
        const [epoch = '', seq = '0'] = cursor?.split('.') ?? []
        this.#welcome({ type: 'welcome', session: '', epoch, seq: Number(seq), now, ping_s: 0 })
      },
      refused: async response => {
        const error = await tellTrouble(response, isOver() ? SILENCE : this.#ears)
        if (!error || isOver()) return
        if (this.#epoch === undefined)
          this.#welcome({ type: 'welcome', session: '', epoch: '', seq: 0, now: '', ping_s: 0 })
        this.#ears.heard({ ...error, id })
      },
    }
  }

  #hear(id: string, frame: ServerFrame): boolean {
    if (frame.type === 'welcome') this.#welcome(frame)
    else if ('id' in frame && frame.id !== undefined) this.#ears.heard({ ...frame, id })
    else this.#ears.heard(frame)
    return frame.type === 'error'
  }

  /** The first answer greets the link; those of later subscriptions are signs of life. */
  #welcome(frame: WelcomeFrame): void {
    if (!this.#isOpened) {
      this.#isOpened = true
      this.#ears.opened()
    }
    if (this.#epoch === undefined || this.#epoch === '') {
      const isFirst = this.#epoch === undefined
      this.#epoch = frame.epoch
      if (isFirst || frame.epoch) this.#ears.heard(frame)
    } else if (this.#epoch === frame.epoch) this.#ears.heard({ type: 'ping', seq: frame.seq, now: frame.now })
    else this.#ears.ended(1006, 'the server has another log now')
  }
}

const SILENCE: Ears = {
  opened: () => undefined,
  heard: () => undefined,
  alive: () => undefined,
  ended: () => undefined,
  failed: () => undefined,
}

/** The question as the query of a URL. */
export function queryOf(
  ask: SubscribeFrame,
  wires: Wires,
  more: Readonly<Record<string, string>> = {},
): string {
  const query = new URLSearchParams(more)
  for (const topic of ask.topics) query.append('topic', topic)
  if (ask.since !== undefined) query.set('since', ask.since)
  if (ask.want !== undefined && ask.want !== 'auto') query.set('want', ask.want)
  if (ask.conflate === false) query.set('conflate', 'false')
  if (ask.pace_ms !== undefined) query.set('pace_ms', String(ask.pace_ms))
  if (wires.namespace !== undefined) query.set('namespace', wires.namespace)
  return query.toString()
}
