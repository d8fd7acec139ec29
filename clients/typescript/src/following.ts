/**
 * A whole viewer without its network: one link, its subscriptions, and what to say next.
 *
 * Owns which frames are sent in answer to which: hello, subscriptions from their cursors, pongs, and a resubscription where
 * a view has a gap (one, until it came to something). Frames, instants (ms, monotonic) and dice come in; frames and actions
 * come out; live.ts connects and writes. Must never know sockets. Views are in viewing.ts, the link's rules in link.ts.
 * Twin of protocol/following.py and linked.py.
 */
import {
  type Action,
  type Happening,
  HIDDEN_PING_MS,
  happeningOfClose,
  Link,
  type Patience,
  PING_MS,
} from './link.ts'
import { Subscription, type SubscriptionOptions } from './subscription.ts'
import type {
  BatchFrame, ErrorFrame, JsonObject, ResetFrame, ResponseFrame, ServerFrame, SnapshotFrame, ViewerFrame, WelcomeFrame,
} from './wire.ts' // biome-ignore format: a list

/** The first frame of a link, but for the token. */
export interface Greeting {
  readonly client: string
  readonly namespace?: string | undefined
}
/** A server allows so many frames in a burst and a second; a little less is used. */
const BURST = 40
const FRAMES_PER_S = 15

export class Following {
  readonly link: Link
  readonly subscriptions = new Map<string, Subscription>()
  /** Asked for before each connection. */
  token: string | undefined
  /** Of the server's process and of this link, as it says. */
  server = ''
  session = ''
  /** The newest `seq` the server named on this link. */
  seq = 0
  /** When the token is to be renewed; undefined: never. */
  authAt: number | undefined

  readonly #greeting: Greeting
  #epoch = ''
  #visible = true
  #pingMs = PING_MS
  #out: ViewerFrame[] = []
  #answers: (ResponseFrame | ErrorFrame)[] = []
  #requests = new Set<string>()
  #patience: Patience | undefined
  #count = 0
  #budget = BURST
  #budgetAt = 0

  constructor(greeting: Greeting, link = new Link()) {
    this.#greeting = greeting
    this.link = link
  }

  // -- out

  /** What is to be sent now, in order; each is given once. What the server would not take yet waits until `due`. */
  frames(now: number): ViewerFrame[] {
    this.#budget = Math.min(BURST, this.#budget + ((now - this.#budgetAt) / 1000) * FRAMES_PER_S)
    this.#budgetAt = now
    const sent = this.#out.splice(0, Math.floor(this.#budget))
    this.#budget -= sent.length
    return sent
  }

  /** Answers to requests, each given once. */
  answers(): (ResponseFrame | ErrorFrame)[] {
    return this.#answers.splice(0)
  }

  /** When there is something to do even if nothing happens. */
  get due(): number | undefined {
    const dues = [
      this.link.due,
      this.authAt,
      this.#out.length ? this.#budgetAt + 1000 / FRAMES_PER_S : undefined,
    ]
    const known = dues.filter(due => due !== undefined)
    return known.length ? Math.min(...known) : undefined
  }

  /** How many events the server knows that some view does not show yet, while it catches up. */
  get behind(): number {
    if (this.link.state !== 'catching_up') return 0
    return Math.max(0, ...[...this.subscriptions.values()].map(each => each.behind))
  }

  // -- what the shell tells

  /** The user wants the link: connect, and stay connected. */
  connect(now: number): readonly Action[] {
    return this.#happen('open', now)
  }

  /** The transport is up. */
  opened(now: number): readonly Action[] {
    return this.#happen('opened', now)
  }

  /** The transport could not be opened. */
  failed(
    what: 'unreachable' | 'barred',
    now: number,
    dice: number,
    reason: string,
    retryAfterMs?: number,
  ): readonly Action[] {
    if (retryAfterMs !== undefined) this.#patience = { retryAfterMs }
    return this.#happen(what, now, dice, reason)
  }

  /** The transport ended; 1006 and the like where there was no code. */
  closed(code: number, now: number, dice: number, reason: string): readonly Action[] {
    return this.#happen(happeningOfClose(code), now, dice, reason)
  }

  /** The user is done: leave for good. */
  end(now: number): readonly Action[] {
    return this.#happen('close', now)
  }

  /** What time brings about: a silent link, the end of a wait. */
  tick(now: number, dice: number): readonly Action[] {
    return this.#do(this.link.tick(now, dice), now)
  }

  /** A reason to look at once whether the link lives, or to try again at once. */
  wake(now: number, dice: number): readonly Action[] {
    return this.#happen('wake', now, dice)
  }

  /** Somebody looks, or no longer does: said to the server, and a reason to probe the link. */
  show(visible: boolean, now: number, dice: number): readonly Action[] {
    this.#visible = visible
    this.#setPing(now)
    if (visible) return this.wake(now, dice)
    if (this.link.isWelcomed) this.#out.push({ type: 'visible', visible })
    return []
  }

  /** Follow topics as one view from now on, over every reconnect. */
  subscribe(options: SubscriptionOptions, now: number): Subscription {
    this.#count += 1
    const subscription = new Subscription(`s${this.#count}`, options)
    this.subscriptions.set(subscription.id, subscription)
    if (this.link.isWelcomed) {
      if (this.#epoch) subscription.view.open(this.#epoch)
      this.#ask(subscription, now)
      this.#look(now)
    }
    return subscription
  }

  /** No more of it. */
  unsubscribe(subscription: Subscription, now: number): void {
    if (!this.subscriptions.delete(subscription.id) || !this.link.isWelcomed) return
    this.#out.push({ type: 'unsubscribe', id: subscription.id })
    this.#look(now)
  }

  /** A command over the link; its answer comes by `answers` under this id. */
  request(method: string, params: JsonObject, key?: string): string {
    this.#count += 1
    const id = `r${this.#count}`
    this.#requests.add(id)
    this.#out.push({ type: 'request', id, method, params, ...(key !== undefined && { key }) })
    return id
  }

  /** A fresh token. */
  authorize(token: string | undefined): void {
    this.token = token
    this.authAt = undefined
    if (token !== undefined && this.link.isWelcomed) this.#out.push({ type: 'auth', token })
  }

  /** Take one frame. Batches, snapshots and resets change the view they name before anybody is told (R5). */
  receive(frame: ServerFrame, now: number, dice: number): readonly Action[] {
    this.link.hear(now)
    switch (frame.type) {
      case 'welcome':
        return this.#welcome(frame, now)
      case 'batch':
      case 'snapshot':
      case 'reset':
        return this.#show(frame, now)
      case 'ping':
        this.seq = Math.max(this.seq, frame.seq ?? 0)
        this.#out.push({ type: 'pong' })
        for (const each of this.subscriptions.values()) if (each.isUnanswered(now)) this.#ask(each, now)
        return []
      case 'bye':
        this.#patience = { afterMs: frame.after_ms ?? [0, 1000] }
        return this.#happen('bye', now, dice, frame.reason)
      case 'response':
        this.#answer(frame)
        return []
      case 'error':
        this.#note(frame)
        return this.#look(now)
      default:
        return [] // a newer server says more than we know
    }
  }

  // --

  #welcome(frame: WelcomeFrame, now: number): readonly Action[] {
    this.session = frame.session
    this.server = frame.server ?? ''
    this.seq = frame.seq
    this.#epoch = frame.epoch
    this.#pingMs = frame.ping_s * 1000
    this.authAt = frame.token_ttl_s === undefined ? undefined : now + frame.token_ttl_s * 800
    if (frame.epoch) for (const { view } of this.subscriptions.values()) view.open(frame.epoch)
    this.#setPing(now)
    return [...this.#happen('welcomed', now), ...this.#look(now)]
  }

  #show(frame: BatchFrame | SnapshotFrame | ResetFrame, now: number): readonly Action[] {
    const subscription = this.subscriptions.get(frame.id)
    if (!subscription) return []
    if (frame.type === 'reset') this.#epoch = frame.epoch
    const took = subscription.view.take(frame)
    if (took === 'gap' && (!subscription.asked || subscription.isUnanswered(now)))
      this.#ask(subscription, now)
    else if (took === 'applied') subscription.asked = false
    return this.#look(now)
  }

  /** Tell the link whether every view is where the server was. */
  #look(now: number): readonly Action[] {
    for (const each of this.subscriptions.values()) {
      if (each.asked || !each.isCaughtUp) return this.#happen('fell_behind', now)
    }
    return this.#happen('caught_up', now)
  }

  #ask(subscription: Subscription, now: number): void {
    this.#out.push(subscription.ask(this.seq, now))
  }

  #note(error: ErrorFrame): void {
    if (error.retry_after_ms !== undefined) this.#patience = { retryAfterMs: error.retry_after_ms }
    if (error.id === undefined) this.link.reason = error.message
    else if (this.#requests.has(error.id)) this.#answer(error)
    else this.subscriptions.get(error.id)?.refuse(error)
  }

  #answer(frame: ResponseFrame | ErrorFrame): void {
    if (frame.id !== undefined && this.#requests.delete(frame.id)) this.#answers.push(frame)
  }

  #setPing(now: number): void {
    this.link.pingMs = this.#visible ? this.#pingMs : HIDDEN_PING_MS
    if (!this.#visible) this.link.hear(now) // the longer time counts from here
  }

  #happen(what: Happening, now: number, dice = 0.5, reason = ''): readonly Action[] {
    const actions = this.link.happen(what, now, dice, this.#patience, reason)
    if (actions.includes('wait')) this.#patience = undefined // it was waited by
    return this.#do(actions, now)
  }

  /** Turn the actions that are frames into frames; the rest is the shell's. */
  #do(actions: readonly Action[], now: number): readonly Action[] {
    for (const action of actions) {
      if (action === 'greet') this.#greet(now)
      else if (action === 'subscribe') {
        for (const each of this.subscriptions.values()) this.#ask(each, now)
        if (!this.#visible) this.#out.push({ type: 'visible', visible: false })
      } else if (action === 'probe') this.#probe(now)
      else if (action === 'drop') this.#drop()
    }
    return actions.filter(action => !FRAMES.has(action))
  }

  #greet(now: number): void {
    const { client, namespace } = this.#greeting
    const token = this.token === undefined ? {} : { token: this.token }
    this.#out = [{ type: 'hello', v: 1, client, ...token, ...(namespace !== undefined && { namespace }) }]
    this.#budget = BURST
    this.#budgetAt = now
  }

  /** A way without a voice is asked for a sign of life by asking for everything again, from where it stands. */
  #probe(now: number): void {
    if (this.link.way === 'websocket') this.#out.push({ type: 'visible', visible: this.#visible })
    else for (const each of this.subscriptions.values()) this.#ask(each, now)
  }

  #drop(): void {
    this.#out = []
    this.authAt = undefined
    for (const id of this.#requests) {
      const message = 'The link ended before the answer came. Ask again, with the same key.'
      this.#answers.push({ type: 'error', id, code: 'link_lost', message })
    }
    this.#requests.clear()
  }
}

const FRAMES = new Set<Action>(['greet', 'subscribe', 'probe'])
