/**
 * A view and how it was asked for, and whether the answer has come. Must never know the link. Used by following.ts.
 */
import { View, type Want } from './viewing.ts'
import type { ErrorFrame, SubscribeFrame } from './wire.ts'

/** A subscription that got no answer for so long, while the link lives, is asked for again. */
const REASK_MS = 5_000

export interface SubscriptionOptions {
  readonly topics: readonly string[]
  readonly want?: Want | undefined
  /** False: every event. Else progress that newer progress covers may be left out (R4). */
  readonly conflate?: boolean | undefined
  /** At most one batch in this time; else as the topic has it. */
  readonly paceMs?: number | undefined
  /** `EPOCH.SEQ` to go on from, with `want: 'events'`. */
  readonly since?: string | undefined
}

export class Subscription {
  readonly id: string
  readonly view: View
  /** Why the server does not give this. */
  refused: ErrorFrame | undefined
  /** Asked for, and the answer has not made the view whole yet. */
  asked = false
  #askedAt = 0
  #target = 0
  readonly #template: SubscribeFrame

  constructor(id: string, { topics, want = 'auto', conflate = true, paceMs, since }: SubscriptionOptions) {
    this.id = id
    this.view = new View(topics, want)
    const pace = paceMs === undefined ? {} : { pace_ms: paceMs }
    this.#template = { type: 'subscribe', id, topics, want, conflate, ...pace }
    const dot = since?.lastIndexOf('.') ?? -1
    if (since !== undefined && dot > 0) this.view.stand(since.slice(0, dot), Number(since.slice(dot + 1)))
  }

  /** The frame that begins it, or goes on from where it stands. */
  get frame(): SubscribeFrame {
    const since = this.view.cursor
    return since === undefined ? this.#template : { ...this.#template, since }
  }

  /** The frame, now that it is sent to a server that stands at `seq`. */
  ask(seq: number, now: number): SubscribeFrame {
    this.asked = true
    this.refused = undefined
    this.#askedAt = now
    this.#target = seq
    return this.frame
  }

  refuse(error: ErrorFrame): void {
    this.refused = error
    this.asked = false
  }

  isUnanswered(now: number): boolean {
    return this.asked && now - this.#askedAt >= REASK_MS
  }

  /** True when it stands on a cut at least as new as the server was when it was asked, or is refused. */
  get isCaughtUp(): boolean {
    return this.refused !== undefined || (this.view.seq !== undefined && this.view.seq >= this.#target)
  }

  /** How many events lie between the view and where the server stood; 0 for one that has no cut yet. */
  get behind(): number {
    return this.refused || this.view.seq === undefined ? 0 : Math.max(0, this.#target - this.view.seq)
  }
}
