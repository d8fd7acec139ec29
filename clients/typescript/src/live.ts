/**
 * The live half of the client as pages use it: one link, whatever is followed over it, and one word per frame drawn.
 *
 * Connects when something is followed, and leaves when nothing is. Whoever listens is told of all that changed at once, at
 * most once per frame drawn, never per event. Must never know transports, REST, or what documents mean.
 */
import { type Connection, describe, differs, differsNow, isFresh } from './connection.ts'
import { errorOf, type HeadwayError, Unreachable } from './errors.ts'
import { type Followed, keyOf, Share } from './followed.ts'
import { Following } from './following.ts'
import { Link, type Way } from './link.ts'
import { type Readable, Value } from './readable.ts'
import { Shell } from './shell.ts'
import { here, type Surroundings } from './surroundings.ts'
import type { Token } from './token.ts'
import type { SocketClass } from './transports/transport.ts'
import type { Want } from './viewing.ts'
import type { ErrorFrame, JsonObject, ResponseFrame } from './wire.ts'

export type { Change } from './change.ts'
export type { Connection, ConnectionState } from './connection.ts'
export type { Followed } from './followed.ts'
export type { Readable } from './readable.ts'

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

const LINGER_MS = 5_000
/** Flush of a page that nobody sees. */
const HIDDEN_MS = 250
/** Clocks and cursors of `connection` are no news more often than this. */
const CONNECTION_MS = 250

interface Asked {
  resolve(result: unknown): void
  reject(error: HeadwayError): void
}

export class Live {
  /** What the link is doing, told at once when that changes. */
  readonly connection: Readable<Connection>
  readonly #connection: Value<Connection>
  readonly #lingerMs: number
  readonly #api: string
  readonly #env: Surroundings
  readonly #following: Following
  readonly #shell: Shell
  readonly #shares = new Map<string, Share>()
  readonly #requests = new Map<string, Asked>()
  #frozenAt: number | undefined
  #saidAt = Number.NEGATIVE_INFINITY
  #cancelSaying: (() => void) | undefined
  #flush: { readonly wasVisible: boolean; cancel(): void } | undefined

  constructor(options: LiveOptions) {
    const { client = 'headway-typescript', namespace, token, surroundings = here() } = options
    const SocketOf = options.WebSocket ?? (typeof WebSocket === 'undefined' ? undefined : WebSocket)
    this.#env = surroundings
    this.#lingerMs = options.lingerMs ?? (surroundings.isPage ? LINGER_MS : 0)
    this.#api = `${absolute(options.url).replace(/\/+$/, '')}/api/v1`
    this.#following = new Following({ client, namespace }, new Link(waysOf(options.transport, SocketOf)))
    const fetcher = options.fetch ?? globalThis.fetch.bind(globalThis)
    const target = { api: this.#api, token, namespace, fetch: fetcher, WebSocket: SocketOf }
    this.#shell = new Shell(this.#following, surroundings, target, {
      settled: () => this.#settled(),
      refused: error => {
        for (const share of this.#shares.values()) share.refuse(error)
      },
    })
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

  /**
   * A command over the link, with the checks and errors of REST. Unreachable if there is no link that carries commands, or it
   * ends before the answer; then the same command with the same key is safe to repeat.
   */
  request(method: string, params: JsonObject = {}, key?: string): Promise<unknown> {
    if (!this.canRequest)
      return Promise.reject(new Unreachable(this.#api, 'there is no link that carries commands'))
    const id = this.#following.request(method, params, key)
    const answer = new Promise<unknown>((resolve, reject) => this.#requests.set(id, { resolve, reject }))
    this.#shell.settle()
    return answer
  }

  /** Try at once: connect if there is no connection, look whether it lives if there is one. */
  retryNow(): void {
    if (this.#shares.size) this.#shell.retry()
  }

  /** The server's clock (ms); stands still while what is shown may be old. Before anything was heard: this device's. */
  now(): number {
    const now = this.#env.now()
    const { clock } = this.#shell
    const isKnown = isFresh({ link: this.#following.link, shell: this.#shell, now })
    if (isKnown) this.#frozenAt = undefined
    else this.#frozenAt ??= clock.at(now)
    return this.#frozenAt ?? clock.at(now) ?? this.#env.wall()
  }

  /** Leave for good: nothing is followed any more, and nothing is told. */
  close(): void {
    for (const share of this.#shares.values()) {
      share.staying?.()
      this.#following.unsubscribe(share.subscription, this.#env.now())
    }
    this.#shares.clear()
    this.#stop()
  }

  // -- subscriptions

  #begin(key: string, topics: readonly string[], options: FollowOptions): Share {
    const share = new Share(key, this.#following.subscribe({ topics, ...options }, this.#env.now()))
    this.#shares.set(key, share)
    const { state } = this.#following.link
    if (state === 'idle' || state === 'closed') this.#shell.start()
    else this.#shell.settle()
    return share
  }

  /** Nobody uses it any more: it stays for a while, if it is any good. */
  #leave(share: Share): void {
    const stays = this.#lingerMs > 0 && this.#shares.has(share.key) && !share.refused
    if (stays) share.staying = this.#env.later(this.#lingerMs, () => this.#drop(share))
    else this.#drop(share)
  }

  #drop(share: Share): void {
    if (!this.#shares.delete(share.key)) return
    this.#following.unsubscribe(share.subscription, this.#env.now())
    if (this.#shares.size) this.#shell.settle()
    else this.#stop()
  }

  #stop(): void {
    this.#shell.stop()
    this.#flush?.cancel()
    this.#cancelSaying?.()
    this.#flush = this.#cancelSaying = undefined
  }

  // -- telling

  #settled(): void {
    for (const answer of this.#following.answers()) this.#answer(answer)
    this.#say()
    const isVisible = this.#env.isVisible
    if (this.#flush && this.#flush.wasVisible !== isVisible) {
      this.#flush.cancel() // a page that is hidden draws no frames
      this.#flush = undefined
    }
    if (!this.#flush && [...this.#shares.values()].some(share => share.hasNews)) {
      const cancel = isVisible
        ? this.#env.frame(() => this.#tell())
        : this.#env.later(HIDDEN_MS, () => this.#tell())
      this.#flush = { wasVisible: isVisible, cancel }
    }
  }

  #tell(): void {
    this.#flush = undefined
    for (const share of [...this.#shares.values()]) if (share.hasNews) share.tell()
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

  /** Let those know who show the connection: at once what matters, the rest four times a second. */
  #say(): void {
    const now = this.#env.now()
    const before = this.#connection.get()
    const after = this.#describe()
    if (!differs(before, after)) return
    const wait = this.#saidAt + CONNECTION_MS - now
    if (wait > 0 && !differsNow(before, after)) {
      this.#cancelSaying ??= this.#env.later(wait, () => {
        this.#cancelSaying = undefined
        this.#say()
      })
      return
    }
    this.#saidAt = now
    this.#connection.set(after)
  }

  #describe(): Connection {
    const { link, behind, server } = this.#following
    const now = this.#env.now()
    const facts = { now, wall: this.#env.wall(), serverNow: this.now(), cursor: this.#cursor() }
    return describe({ link, behind, server, shell: this.#shell, ...facts }, this.#connection?.get())
  }

  #cursor(): string | null {
    let newest: string | null = null
    let seq = -1
    for (const { view } of this.#following.subscriptions.values()) {
      if (view.seq === undefined || view.seq <= seq) continue
      seq = view.seq
      newest = view.cursor ?? null
    }
    return newest
  }
}

function waysOf(transport: 'auto' | Way = 'auto', SocketOf?: SocketClass): readonly [Way, ...Way[]] {
  if (transport !== 'auto') return [transport]
  return SocketOf ? ['websocket', 'sse', 'poll'] : ['sse', 'poll']
}

function absolute(url: string): string {
  return typeof document === 'undefined' ? url : new URL(url, document.baseURI).href
}
