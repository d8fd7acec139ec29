/**
 * The live half of the client as pages use it: one link, whatever is followed over it, and one word per frame drawn.
 *
 * The shell around following.ts, which decides everything: opens the transport that the link asks for, carries frames, keeps
 * the timers, and listens to the page (visible, online, shown again). Connects when something is followed, and leaves when
 * nothing is. Must never know REST, or what documents mean.
 */
import { ServerClock } from './clock.ts'
import { type Connection, type ConnectionState, differs } from './connection.ts'
import { errorOf, type HeadwayError, Unreachable } from './errors.ts'
import { type Followed, keyOf, Share } from './followed.ts'
import { Following } from './following.ts'
import { type Action, Link, type Way } from './link.ts'
import { type Readable, Value } from './readable.ts'
import { here, type Surroundings } from './surroundings.ts'
import { openPoll } from './transports/poll.ts'
import { openSse } from './transports/sse.ts'
import type { Ears, Open, SocketClass, Transport, Wires } from './transports/transport.ts'
import { openWebSocket } from './transports/websocket.ts'
import type { Want } from './viewing.ts'
import type { ErrorFrame, JsonObject, ResponseFrame, ServerFrame } from './wire.ts'

export type { Change } from './change.ts'
export type { Connection, ConnectionState } from './connection.ts'
export type { Followed } from './followed.ts'
export type { Readable } from './readable.ts'

/** A token, or where to get one: asked for at each connection, and once more when the server refuses it. */
export type Token = string | (() => string | undefined | Promise<string | undefined>)

export interface LiveOptions {
  /** Where the server is: `https://host/prefix`. */
  readonly url: string
  readonly token?: Token | undefined
  readonly namespace?: string | undefined
  /** `auto`: WebSocket, then SSE, then long-poll, by evidence; else this one alone. */
  readonly transport?: 'auto' | Way | undefined
  readonly fetch?: typeof fetch | undefined
  /** In Node before 22, which has none: that of `ws`. Else `auto` begins with SSE. */
  readonly WebSocket?: SocketClass | undefined
  /** How this program names itself to the server. */
  readonly client?: string | undefined
  /** How long a subscription stays that nobody uses any more. */
  readonly lingerMs?: number | undefined
  readonly surroundings?: Surroundings | undefined
}

export interface FollowOptions {
  /** False: every event. Else progress that newer progress covers is left out. */
  readonly conflate?: boolean | undefined
  readonly paceMs?: number | undefined
  readonly want?: Want | undefined
  /** `EPOCH.SEQ` to go on from, with `want: 'events'`: each later event once. Not shared with anybody. */
  readonly since?: string | undefined
}

const OPEN: Record<Way, Open> = { websocket: openWebSocket, sse: openSse, poll: openPoll }
const LINGER_MS = 5_000
/** Flush of a page that nobody sees. */
const HIDDEN_MS = 250
/** Clocks and cursors of `connection` are no news more often than this. */
const CONNECTION_MS = 250
/** A link that was live is not said to catch up for what takes no longer: a new subscription. */
const BRIEF_MS = 1_000
/** Browsers open six connections to one server for all tabs together. */
const AT_ONCE_IN_PAGES = 3
/** The wall clock ran on so much further than the monotonic one: the machine slept. */
const SLEPT_MS = 3_000

interface Asked {
  resolve(result: unknown): void
  reject(error: HeadwayError): void
}

export class Live {
  /** What the link is doing, told at once when that changes. */
  readonly connection: Readable<Connection>
  readonly #connection: Value<Connection>
  readonly #options: LiveOptions
  readonly #api: string
  readonly #env: Surroundings
  readonly #following: Following
  readonly #clock = new ServerClock()
  readonly #shares = new Map<string, Share>()
  readonly #requests = new Map<string, Asked>()
  #transport: Transport | undefined
  #attempt = 0
  #closeCode = 0
  #refusal: { readonly code: number; readonly reason: string } | undefined
  #askedTokenAgain = false
  #isDeviceOffline = false
  #wasWelcomed = false
  #wasCaughtUp = false
  #behindSince: number | undefined
  #frozenAt: number | undefined
  #saidAt = Number.NEGATIVE_INFINITY
  #drift = 0
  #timer: { readonly at: number; cancel(): void } | undefined
  #cancelFlush: (() => void) | undefined
  #leavePage: (() => void)[] = []

  constructor(options: LiveOptions) {
    this.#options = options
    this.#env = options.surroundings ?? here()
    this.#api = `${absolute(options.url).replace(/\/+$/, '')}/api/v1`
    const { client = 'headway-typescript', namespace } = options
    this.#following = new Following({ client, namespace }, new Link(this.#ways()))
    this.#connection = new Value(this.#describe())
    this.connection = this.#connection
  }

  /** Follow topics as one view, over every reconnect, until `close` of what this answers. */
  follow(topics: readonly string[], options: FollowOptions = {}): Followed {
    const key = keyOf({ topics, ...options })
    const share = this.#shares.get(key) ?? this.#begin(key, topics, options)
    share.staying?.()
    share.staying = undefined
    return share.join(() => share.users || this.#leave(share))
  }

  /** True while commands may go over the link instead of REST. */
  get canRequest(): boolean {
    return this.#following.link.way === 'websocket' && this.#following.link.isWelcomed
  }

  /** A command over the link, with the checks and errors of REST. `Unreachable` if there is none, or it ends before the answer. */
  request(method: string, params: JsonObject = {}, key?: string): Promise<unknown> {
    if (!this.canRequest)
      return Promise.reject(new Unreachable(this.#api, 'there is no link that carries commands'))
    const id = this.#following.request(method, params, key)
    const answer = new Promise<unknown>((resolve, reject) => this.#requests.set(id, { resolve, reject }))
    this.#settle()
    return answer
  }

  /** Try at once: connect if there is no connection, look whether it lives if there is one. */
  retryNow(): void {
    const { link } = this.#following
    this.#askedTokenAgain = false
    if (link.isWelcomed) this.#act(this.#following.wake(this.#env.now(), this.#env.dice()))
    else if (this.#shares.size) this.#act(this.#following.connect(this.#env.now()))
  }

  /** The server's clock (ms); stands still while nothing is heard of it. Before anything was heard: this device's. */
  now(): number {
    const now = this.#env.now()
    if (!this.#following.link.isGrey(now)) this.#frozenAt = undefined
    else this.#frozenAt ??= this.#clock.at(now)
    return this.#frozenAt ?? this.#clock.at(now) ?? this.#env.wall()
  }

  /** Leave for good: nothing is followed any more, and nothing is told. */
  close(): void {
    for (const share of this.#shares.values()) share.staying?.()
    this.#shares.clear()
    this.#stop()
  }

  // -- subscriptions

  #begin(key: string, topics: readonly string[], options: FollowOptions): Share {
    const now = this.#env.now()
    const share = new Share(key, this.#following.subscribe({ topics, ...options }, now))
    this.#shares.set(key, share)
    const { state } = this.#following.link
    if (state === 'idle' || state === 'closed') this.#start()
    else this.#settle()
    return share
  }

  #leave(share: Share): void {
    const { lingerMs = this.#env.isPage ? LINGER_MS : 0 } = this.#options
    const isShared = lingerMs > 0 && this.#shares.get(share.key) === share && !share.refused
    if (isShared) share.staying = this.#env.later(lingerMs, () => this.#drop(share))
    else this.#drop(share)
  }

  #drop(share: Share): void {
    if (this.#shares.get(share.key) === share) this.#shares.delete(share.key)
    this.#following.unsubscribe(share.subscription, this.#env.now())
    if (this.#shares.size) this.#settle()
    else this.#stop()
  }

  // -- the link

  #ways(): readonly [Way, ...Way[]] {
    const { transport = 'auto' } = this.#options
    if (transport !== 'auto') return [transport]
    return this.#socketClass() ? ['websocket', 'sse', 'poll'] : ['sse', 'poll']
  }

  #socketClass(): SocketClass | undefined {
    return this.#options.WebSocket ?? (typeof WebSocket === 'undefined' ? undefined : WebSocket)
  }

  #start(): void {
    const env = this.#env
    this.#isDeviceOffline = !env.isOnline
    this.#drift = env.wall() - env.now()
    const wake = () => this.#act(this.#following.wake(env.now(), env.dice()))
    this.#leavePage = [
      env.on('visibilitychange', () => this.#look()),
      env.on('pageshow', wake),
      env.on('online', () => {
        this.#isDeviceOffline = false
        wake()
      }),
      env.on('offline', () => {
        this.#isDeviceOffline = true
        this.#broken('unreachable', 'this device is offline')
      }),
    ]
    this.#following.show(env.isVisible, env.now(), env.dice())
    this.#act(this.#following.connect(env.now()))
  }

  #stop(): void {
    for (const leave of this.#leavePage.splice(0)) leave()
    this.#act(this.#following.end(this.#env.now()))
    this.#timer?.cancel()
    this.#cancelFlush?.()
    this.#timer = this.#cancelFlush = undefined
  }

  #look(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    this.#act(this.#following.show(this.#env.isVisible, this.#env.now(), this.#env.dice()))
    this.#flushSoon()
  }

  /** Do what the link wants done. */
  #act(actions: readonly Action[]): void {
    for (const action of actions) {
      if (action === 'drop') this.#hangUp()
      else if (action === 'connect') this.#connect()
      else if (action === 'refuse') this.#refuse()
    }
    this.#settle()
  }

  #hangUp(): void {
    this.#attempt += 1
    this.#transport?.drop()
    this.#transport = undefined
    this.#wasCaughtUp = false
    this.now() // stands still from here
  }

  #connect(): void {
    this.#attempt += 1
    this.#refusal = undefined
    for (const share of this.#shares.values()) share.refuse(undefined)
    const { token } = this.#options
    if (typeof token === 'function') void this.#connectWith(token, this.#attempt)
    else this.#open(token)
  }

  async #connectWith(token: Exclude<Token, string>, attempt: number): Promise<void> {
    try {
      const fresh = await token()
      if (attempt === this.#attempt) this.#open(fresh)
    } catch (error) {
      if (attempt === this.#attempt) this.#broken('unreachable', `there is no token: ${String(error)}`)
    }
  }

  #open(token: string | undefined): void {
    const following = this.#following
    following.token = token
    const wires: Wires = {
      api: this.#api,
      token,
      namespace: this.#options.namespace,
      fetch: this.#options.fetch ?? globalThis.fetch.bind(globalThis),
      WebSocket: this.#socketClass(),
      atOnce: this.#env.isPage ? AT_ONCE_IN_PAGES : 32,
      asks: () => [...following.subscriptions.values()].map(each => each.frame),
    }
    this.#transport = OPEN[following.link.way](wires, this.#ears())
  }

  #ears(): Ears {
    const env = this.#env
    return {
      opened: () => this.#act(this.#following.opened(env.now())),
      heard: frame => this.#hear(frame),
      alive: () => {
        this.#following.link.hear(env.now())
        this.#settle()
      },
      ended: (code, reason) => this.#ended(code, reason),
      failed: (what, reason, retryAfterMs) => this.#broken(what, reason, retryAfterMs),
    }
  }

  #hear(frame: ServerFrame): void {
    const now = this.#env.now()
    if (frame.type === 'welcome') {
      this.#wasWelcomed = true
      this.#askedTokenAgain = false
      this.#clock.begin()
    }
    if ('now' in frame) this.#clock.hear(frame.now, now)
    this.#act(this.#following.receive(frame, now, this.#env.dice()))
  }

  #ended(code: number, reason: string): void {
    this.#closeCode = code
    const mayHelp = code === 4001 && typeof this.#options.token === 'function' && !this.#askedTokenAgain
    if (mayHelp) this.#askedTokenAgain = true
    this.#act(this.#following.closed(mayHelp ? 4101 : code, this.#env.now(), this.#env.dice(), reason))
  }

  #broken(what: 'unreachable' | 'barred', reason: string, retryAfterMs?: number): void {
    this.#act(this.#following.failed(what, this.#env.now(), this.#env.dice(), reason, retryAfterMs))
  }

  #refuse(): void {
    const { reason } = this.#following.link
    this.#refusal = { code: this.#closeCode, reason }
    const code = REFUSED[this.#closeCode] ?? 'refused'
    const error = errorOf({ code, message: reason }, STATUS[this.#closeCode])
    for (const share of this.#shares.values()) share.refuse(error)
  }

  // -- after anything that happened

  /** Send what is to be sent, give answers, set the timer, and let everybody know in time. */
  #settle(): void {
    const now = this.#env.now()
    const { link } = this.#following
    if (link.state === 'live') this.#wasCaughtUp = true
    this.#behindSince = link.state === 'catching_up' ? (this.#behindSince ?? now) : undefined
    const frames = this.#following.frames(now)
    if (frames.length) this.#transport?.say(frames)
    for (const answer of this.#following.answers()) this.#answer(answer)
    this.#publish(now)
    this.#setTimer()
    if ([...this.#shares.values()].some(share => share.hasNews)) this.#flushSoon()
  }

  #answer(answer: ResponseFrame | ErrorFrame): void {
    const asked = this.#requests.get(answer.id ?? '')
    this.#requests.delete(answer.id ?? '')
    if (answer.type === 'response') asked?.resolve(answer.result)
    else
      asked?.reject(
        answer.code === 'link_lost' ? new Unreachable(this.#api, answer.message) : errorOf(answer),
      )
  }

  #setTimer(): void {
    const { link, due, authAt } = this.#following
    const isIdle = link.state === 'closed' || link.state === 'idle'
    const briefUntil = this.#behindSince === undefined ? undefined : this.#behindSince + BRIEF_MS
    const greyAt = link.greyAt === undefined ? undefined : link.greyAt + 1
    const unsaid = differsAtAll(this.#connection.get(), this.#describe())
      ? this.#saidAt + CONNECTION_MS
      : undefined
    const now = this.#env.now()
    const future = [greyAt, briefUntil].filter(at => at !== undefined && at > now)
    const dues = [due, authAt, unsaid, ...future].filter(at => at !== undefined)
    const at = Math.min(...dues)
    if (isIdle || !dues.length || (this.#timer && this.#timer.at <= at)) return
    this.#timer?.cancel()
    this.#timer = { at, cancel: this.#env.later(Math.max(0, at - now), () => this.#tick()) }
  }

  #tick(): void {
    this.#timer = undefined
    const { now, dice, wall } = this.#env
    const drift = wall() - now()
    const slept = drift - this.#drift > SLEPT_MS
    this.#drift = drift
    const { authAt } = this.#following
    if (authAt !== undefined && now() >= authAt) void this.#renewToken()
    if (slept) this.#act(this.#following.wake(now(), dice()))
    this.#act(this.#following.tick(now(), dice()))
  }

  async #renewToken(): Promise<void> {
    const { token } = this.#options
    const attempt = this.#attempt
    this.#following.authAt = undefined
    if (typeof token !== 'function') return
    const fresh = await Promise.resolve(token()).catch(() => undefined) // the server ends the link when the old one is over
    if (attempt !== this.#attempt || fresh === undefined) return
    this.#following.authorize(fresh)
    this.#settle()
  }

  // -- telling

  #flushSoon(): void {
    if (this.#cancelFlush || !this.#shares.size) return
    const flush = () => {
      this.#cancelFlush = undefined
      for (const share of [...this.#shares.values()]) if (share.hasNews) share.tell()
    }
    this.#cancelFlush = this.#env.isVisible ? this.#env.frame(flush) : this.#env.later(HIDDEN_MS, flush)
  }

  #publish(now: number): void {
    const before = this.#connection.get()
    const after = this.#describe()
    const isTime = now - this.#saidAt >= CONNECTION_MS && differsAtAll(before, after)
    if (!isTime && !differs(before, after)) return
    this.#saidAt = now
    this.#connection.set(after)
  }

  #describe(): Connection {
    const now = this.#env.now()
    const { link, behind, server } = this.#following
    const before = this.#connection?.get()
    const state = this.#state(now)
    return {
      state,
      way: link.way,
      since: before?.state === state ? before.since : this.now(),
      fresh: this.#wasCaughtUp && !link.isGrey(now),
      lagMs: this.#clock.lagMs === undefined ? null : Math.round(this.#clock.lagMs),
      cursor: this.#cursor(),
      asOf: this.#clock.asOf ?? null,
      behind: state === 'catching_up' ? behind : 0,
      retryAt: link.state === 'waiting' && link.due !== undefined ? this.#wallOf(link.due, before) : null,
      reason: link.isWelcomed ? '' : link.reason,
      ...(this.#refusal && { refusal: this.#refusal }),
      server,
    }
  }

  /** The two clocks are read one after the other: the same instant must not come out different each time. */
  #wallOf(due: number, before: Connection | undefined): number {
    const at = Math.round(this.#env.wall() + due - this.#env.now())
    return before?.retryAt != null && Math.abs(before.retryAt - at) < 50 ? before.retryAt : at
  }

  #state(now: number): ConnectionState {
    const { link } = this.#following
    const isBrief = this.#wasCaughtUp && now - (this.#behindSince ?? now) < BRIEF_MS
    if (link.state === 'live' || (link.state === 'catching_up' && isBrief))
      return link.way === 'poll' ? 'polling' : 'live'
    if (link.state === 'catching_up' || link.state === 'refused') return link.state
    if (link.state === 'idle' || link.state === 'closed') return 'idle'
    if (this.#isDeviceOffline) return 'offline'
    return this.#wasWelcomed || link.state === 'waiting' || link.failures > 0 ? 'reconnecting' : 'connecting'
  }

  #cursor(): string | null {
    let newest: { readonly epoch: string; readonly seq: number } | undefined
    for (const { subscription } of this.#shares.values()) {
      const { epoch, seq } = subscription.view
      if (seq !== undefined && seq >= (newest?.seq ?? 0)) newest = { epoch, seq }
    }
    return newest ? `${newest.epoch}.${newest.seq}` : null
  }
}

const STATUS: Readonly<Record<number, number>> = { 4001: 401, 4003: 403 }
const REFUSED: Readonly<Record<number, string>> = {
  4001: 'unauthorized',
  4003: 'forbidden',
  4009: 'too_many_subscriptions',
  4013: 'frame_too_large',
}

function differsAtAll(one: Connection, other: Connection): boolean {
  const keys = Object.keys(other) as (keyof Connection)[]
  return keys.some(key => one[key] !== other[key]) || differs(one, other)
}

function absolute(url: string): string {
  return typeof document === 'undefined' ? url : new URL(url, document.baseURI).href
}
