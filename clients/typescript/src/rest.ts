/**
 * One HTTP call to the server: repeated where that is safe, its problems turned back into errors, integers exact.
 *
 * Theory. A call is safe to repeat if it only reads or carries an Idempotency-Key, and each unsafe one is given one: the
 * server answers the same key with the first answer. So a cut, an overload or a restart costs time and nothing else, within
 * `patienceMs`. A refused token is asked for anew, once. Knows paths only as text. Must never know links. Touches no global
 * before the first call.
 */
import { errorOf, LATER, Unauthorized, Unreachable } from './errors.ts'
import { parse, stringify } from './json.ts'
import type { Token } from './token.ts'

export interface RestOptions {
  /** Where the server is: `https://host/prefix`; in a page also relative to it. */
  readonly url: string
  readonly token?: Token | undefined
  readonly fetch?: typeof fetch | undefined
  /** How long a call is repeated while nobody answers or the server says later. Default 10 s. */
  readonly patienceMs?: number | undefined
  /** How long one answer may take, beside what the server is asked to wait. Default 30 s. */
  readonly timeoutMs?: number | undefined
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Idempotency-Key of an unsafe call; made here if none is given. */
  readonly key?: string | undefined
}

type Value = string | number | boolean | undefined

interface Request extends CallOptions {
  readonly query?: Readonly<Record<string, Value>> | undefined
  readonly body?: unknown
  /** How long the server may keep it. */
  readonly waitMs?: number
  readonly accept?: string
  /** The answer is read as it comes, however long that takes. */
  readonly isStream?: boolean
}

const PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000

export class Rest {
  readonly #options: RestOptions
  #token: Promise<string | undefined> | undefined

  constructor(options: RestOptions) {
    this.#options = options
  }

  /** The address of a path of the server, for links and downloads. */
  address(path: string, query: Request['query'] = {}): string {
    const base = this.#options.url
    const absolute = typeof document === 'undefined' ? base : new URL(base, document.baseURI).href
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
    const asked = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
    return `${absolute.replace(/\/+$/, '')}/api/v1${path}${asked && `?${asked}`}`
  }

  /** The JSON answer of a read. */
  get<T>(path: string, request: Request = {}): Promise<T> {
    return this.call<T>('GET', path, request)
  }

  /** The JSON answer, undefined for an empty one. Throws the error that the server named, or Unreachable. */
  async call<T>(method: string, path: string, request: Request = {}): Promise<T> {
    const response = await this.open(method, path, request)
    const text = await this.#finished(response.text(), request)
    if (!text) return undefined as T
    try {
      return parse(text) as T
    } catch (cause) {
      throw new Unreachable(this.#options.url, 'something else answers there, not with JSON', cause)
    }
  }

  /** The answer itself, once it is none of trouble. */
  async open(method: string, path: string, request: Request = {}): Promise<Response> {
    const asked = { ...request, key: method === 'GET' ? undefined : (request.key ?? newKey()) }
    const token = this.#knownToken()
    const response = await this.#insist(method, path, asked, await token)
    if (response.status !== 401) return this.#checked(response)
    if (this.#token === token) this.#token = undefined
    if (typeof this.#options.token !== 'function') return this.#checked(response)
    return this.#checked(await this.#insist(method, path, asked, await this.#knownToken(true)))
  }

  #knownToken(refused = false): Promise<string | undefined> {
    const { token } = this.#options
    this.#token ??= Promise.resolve(typeof token === 'function' ? token(refused) : token)
    this.#token.catch(() => {
      this.#token = undefined // the next call asks again
    })
    return this.#token
  }

  /** Send it again while that may help. */
  async #insist(
    method: string,
    path: string,
    request: Request,
    token: string | undefined,
  ): Promise<Response> {
    const end = now() + (this.#options.patienceMs ?? 10_000)
    for (let pause = PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      let wait = pause * (0.5 + Math.random() / 2)
      let outcome: Response | Unreachable
      try {
        outcome = await this.#send(method, path, request, token)
        if (!LATER.has(outcome.status)) return outcome
        wait = Math.max(wait, retryAfterMs(outcome) ?? 0)
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
        outcome = error
      }
      if (now() + wait > end) {
        if (outcome instanceof Unreachable) throw outcome
        return outcome
      }
      await sleep(wait, request.signal)
    }
  }

  async #send(method: string, path: string, request: Request, token: string | undefined): Promise<Response> {
    const { query, body, key, accept = 'application/json' } = request
    const headers: Record<string, string> = { accept }
    if (token) headers.authorization = `Bearer ${token}`
    if (key) headers['idempotency-key'] = key
    if (body !== undefined) headers['content-type'] = 'application/json'
    const send = this.#options.fetch ?? globalThis.fetch
    const given = body === undefined ? {} : { body: stringify(body) }
    const signal = this.#until(request)
    return this.#finished(send(this.address(path, query), { method, headers, ...given, ...signal }), request)
  }

  #until({ signal, waitMs = 0, isStream }: Request): { signal?: AbortSignal } {
    const late = isStream
      ? []
      : [AbortSignal.timeout(Math.ceil((this.#options.timeoutMs ?? 30_000) + waitMs))]
    const signals = signal ? [signal, ...late] : late
    return signals.length ? { signal: AbortSignal.any(signals) } : {}
  }

  /** The end that the caller wanted is his own; any other is that nobody answers. */
  async #finished<T>(answer: Promise<T>, { signal }: Request): Promise<T> {
    try {
      return await answer
    } catch (cause) {
      if (signal?.aborted) throw signal.reason
      throw new Unreachable(this.#options.url, saidOf(cause), cause)
    }
  }

  async #checked(response: Response): Promise<Response> {
    if (response.ok) return response
    const text = await response.text().catch(() => '')
    const error = errorOf(problemOf(text), response.status, retryAfterMs(response))
    throw response.status === 401 && !(error instanceof Unauthorized)
      ? new Unauthorized(error.message, { ...error })
      : error
  }
}

function problemOf(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) ? seconds * 1000 : undefined
}

/** Node hides the reason of a `fetch failed` in its cause. */
function saidOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  const cause: unknown = error.cause
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message
}

/** Not `randomUUID`, which pages on plain HTTP lack. */
export function newKey(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

function now(): number {
  return performance.now()
}

/** Throws what `signal` was aborted with. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const end = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end)
      resolve()
    }, ms)
    signal?.addEventListener('abort', end, { once: true })
  })
}
