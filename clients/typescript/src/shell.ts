/**
 * The hands of a follower: opens the transport that the link asks for, carries frames in and out, keeps the timer, and hears
 * of the page (visible, online, shown again).
 *
 * Decides nothing that following.ts and link.ts can decide. Must never know who follows, or what is shown. Used by live.ts.
 */
import { ServerClock } from './clock.ts'
import { errorOf, type HeadwayError } from './errors.ts'
import type { Following } from './following.ts'
import type { Action, Way } from './link.ts'
import type { Surroundings } from './surroundings.ts'
import type { Token } from './token.ts'
import { openPoll } from './transports/poll.ts'
import { FREE, seatsOf } from './transports/seats.ts'
import { openSse } from './transports/sse.ts'
import type { Ears, Open, SocketClass, Transport } from './transports/transport.ts'
import { openWebSocket } from './transports/websocket.ts'
import type { ServerFrame } from './wire.ts'

/** What is needed to connect. `api` is the absolute address of `/api/v1`. */
export interface Target {
  readonly api: string
  readonly token: Token | undefined
  readonly namespace: string | undefined
  readonly fetch: typeof fetch
  readonly WebSocket: SocketClass | undefined
}

/** What the shell tells. */
export interface Told {
  /** Something happened; what it brought has been done and sent. */
  settled(): void
  /** The link has ended for good, or (undefined) is tried again. */
  refused(error: HeadwayError | undefined): void
}

const OPEN: Record<Way, Open> = { websocket: openWebSocket, sse: openSse, poll: openPoll }
/** A link that was live is not said to catch up for what takes no longer: a new subscription. */
export const BRIEF_MS = 1_000
/** Browsers open six connections to one server for all tabs together. */
const AT_ONCE_IN_PAGES = 3
const AT_ONCE_ELSEWHERE = 32
/** The wall clock ran on so much further than the monotonic one: the machine slept. */
const SLEPT_MS = 3_000
const UNAUTHENTICATED = 4001
const TOKEN_EXPIRED = 4101

export class Shell {
  readonly clock = new ServerClock()
  refusal: { readonly code: number; readonly reason: string } | undefined
  isDeviceOffline = false
  /** Ever, on any connection. */
  wasWelcomed = false
  /** On this connection: what is shown is current. */
  wasCaughtUp = false
  behindSince: number | undefined

  readonly #following: Following
  readonly #env: Surroundings
  readonly #target: Target
  readonly #told: Told
  #transport: Transport | undefined
  #attempt = 0
  #closeCode = 0
  #askedTokenAgain = false
  #drift = 0
  #timer: { readonly at: number; cancel(): void } | undefined
  #leavePage: (() => void)[] = []

  constructor(following: Following, env: Surroundings, target: Target, told: Told) {
    this.#following = following
    this.#env = env
    this.#target = target
    this.#told = told
  }

  /** Connect, and stay connected. */
  start(): void {
    const { now, wall, dice } = this.#env
    this.isDeviceOffline = !this.#env.isOnline
    this.#drift = wall() - now()
    this.#leavePage = this.#enterPage()
    this.#following.show(this.#env.isVisible, now(), dice())
    this.#act(this.#following.connect(now()))
  }

  stop(): void {
    for (const leave of this.#leavePage.splice(0)) leave()
    this.#act(this.#following.end(this.#env.now()))
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Connect at once if there is no connection, look whether it lives if there is one. */
  retry(): void {
    this.#askedTokenAgain = false
    if (this.#following.link.isWelcomed) this.#wake()
    else this.#act(this.#following.connect(this.#env.now()))
  }

  /** Send what is to be sent, set the timer, and tell. To be called when something was asked of the follower. */
  settle(): void {
    const now = this.#env.now()
    const { link } = this.#following
    if (link.state === 'live') this.wasCaughtUp = true
    this.behindSince = link.state === 'catching_up' ? (this.behindSince ?? now) : undefined
    const frames = this.#following.frames(now)
    if (frames.length) this.#transport?.say(frames)
    this.#setTimer(now)
    this.#told.settled()
  }

  // -- the page

  #enterPage(): (() => void)[] {
    const env = this.#env
    return [
      env.on('visibilitychange', () => {
        this.#act(this.#following.show(env.isVisible, env.now(), env.dice()))
      }),
      env.on('pageshow', () => this.#wake()),
      env.on('online', () => {
        this.isDeviceOffline = false
        this.#wake()
      }),
      env.on('offline', () => {
        this.isDeviceOffline = true
        this.#broken('unreachable', 'this device is offline')
      }),
    ]
  }

  #wake(): void {
    this.#act(this.#following.wake(this.#env.now(), this.#env.dice()))
  }

  // -- what the link wants done

  #act(actions: readonly Action[]): void {
    for (const action of actions) {
      if (action === 'drop') this.#hangUp()
      else if (action === 'connect') this.#connect()
      else if (action === 'refuse') this.#refuse()
    }
    this.settle()
  }

  #hangUp(): void {
    this.#attempt += 1
    this.#transport?.drop()
    this.#transport = undefined
    this.wasCaughtUp = false
  }

  #connect(): void {
    this.#attempt += 1
    if (this.refusal) this.#told.refused(undefined)
    this.refusal = undefined
    const { token } = this.#target
    if (typeof token === 'function') void this.#connectWith(token, this.#attempt)
    else this.#open(token)
  }

  async #connectWith(token: Exclude<Token, string>, attempt: number): Promise<void> {
    try {
      const fresh = await token(this.#askedTokenAgain)
      if (attempt === this.#attempt) this.#open(fresh)
    } catch (error) {
      if (attempt === this.#attempt) this.#broken('unreachable', `there is no token: ${String(error)}`)
    }
  }

  #open(token: string | undefined): void {
    const following = this.#following
    following.token = token
    const atOnce = this.#env.isPage ? AT_ONCE_IN_PAGES : AT_ONCE_ELSEWHERE
    const seat = this.#env.isPage ? seatsOf(`headway ${this.#target.api}`, this.#env.locks) : FREE
    const asks = () => [...following.subscriptions.values()].map(each => each.frame)
    this.#transport = OPEN[following.link.way]({ ...this.#target, token, atOnce, seat, asks }, this.#ears())
  }

  #refuse(): void {
    const { reason } = this.#following.link
    const code = this.#closeCode
    this.refusal = { code, reason }
    this.#told.refused(errorOf({ code: REFUSED[code] ?? 'refused', message: reason }, STATUS[code]))
  }

  // -- what the transport tells

  #ears(): Ears {
    return {
      opened: () => this.#act(this.#following.opened(this.#env.now())),
      heard: frame => this.#hear(frame),
      alive: () => {
        this.#following.link.hear(this.#env.now())
        this.settle()
      },
      ended: (code, reason) => this.#ended(code, reason),
      failed: (what, reason, retryAfterMs) => this.#broken(what, reason, retryAfterMs),
    }
  }

  #hear(frame: ServerFrame): void {
    const now = this.#env.now()
    if (frame.type === 'welcome') {
      this.wasWelcomed = true
      this.#askedTokenAgain = false
      this.clock.begin()
    }
    if ('now' in frame) this.clock.hear(frame.now, now)
    this.#act(this.#following.receive(frame, now, this.#env.dice()))
  }

  #ended(code: number, reason: string): void {
    this.#closeCode = code
    const isToken = code === UNAUTHENTICATED && typeof this.#target.token === 'function'
    const asksAgain = isToken && !this.#askedTokenAgain
    if (asksAgain) this.#askedTokenAgain = true
    const meant = asksAgain ? TOKEN_EXPIRED : code
    this.#act(this.#following.closed(meant, this.#env.now(), this.#env.dice(), reason))
  }

  #broken(what: 'unreachable' | 'barred', reason: string, retryAfterMs?: number): void {
    this.#act(this.#following.failed(what, this.#env.now(), this.#env.dice(), reason, retryAfterMs))
  }

  // -- time

  /** One timer for all: what the link waits for, the token, and the moments from which something is shown otherwise. */
  #setTimer(now: number): void {
    const { link, due, authAt } = this.#following
    const isOver = link.state === 'closed' || link.state === 'idle'
    const briefUntil = this.behindSince === undefined ? undefined : this.behindSince + BRIEF_MS
    const greyAt = link.greyAt === undefined ? undefined : link.greyAt + 1
    const shown = [greyAt, briefUntil].filter(at => at !== undefined && at > now)
    const dues = [due, authAt, ...shown].filter(at => at !== undefined)
    const at = Math.min(...dues)
    if (isOver || !dues.length || (this.#timer && this.#timer.at <= at)) return
    this.#timer?.cancel()
    this.#timer = { at, cancel: this.#env.later(Math.max(0, at - now), () => this.#tick()) }
  }

  #tick(): void {
    const { now, wall, dice } = this.#env
    this.#timer = undefined
    const drift = wall() - now()
    const slept = drift - this.#drift > SLEPT_MS
    this.#drift = drift
    const { authAt } = this.#following
    if (authAt !== undefined && now() >= authAt) void this.#renewToken()
    if (slept) this.#wake()
    this.#act(this.#following.tick(now(), dice()))
  }

  async #renewToken(): Promise<void> {
    const { token } = this.#target
    const attempt = this.#attempt
    this.#following.authAt = undefined
    if (typeof token !== 'function') return
    const fresh = await Promise.resolve(token(false)).catch(() => undefined) // the server ends the link when the old one is over
    if (attempt !== this.#attempt || fresh === undefined) return
    this.#following.authorize(fresh)
    this.settle()
  }
}

const STATUS: Readonly<Record<number, number>> = { 4001: 401, 4003: 403 }
const REFUSED: Readonly<Record<number, string>> = {
  4001: 'unauthorized',
  4003: 'forbidden',
  4009: 'too_many_subscriptions',
  4013: 'frame_too_large',
}
