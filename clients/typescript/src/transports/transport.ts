/**
 * What every transport is given, what it tells, and what an HTTP answer that is not the one hoped for means to a link.
 *
 * A transport carries frames; where they fit is viewing.ts's, when to come again is link.ts's. Failures tell apart whether
 * nobody answers, somebody does and not with this transport, or the server means it. Must never know views.
 */
import { parse } from '../json.ts'
import type { ErrorFrame, Problem, ServerFrame, SubscribeFrame, ViewerFrame } from '../wire.ts'
import type { Seat } from './seats.ts'

/** The part of the standard WebSocket that is used, so that `ws` in Node will do. */
export interface Socket {
  readonly readyState: number
  addEventListener(type: 'open' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
  send(data: string): void
  close(code?: number, reason?: string): void
}
export type SocketClass = new (url: string, protocols: string[]) => Socket

/** What a transport needs. `api` is the absolute address of `/api/v1`, without a slash at the end. */
export interface Wires {
  readonly api: string
  readonly token: string | undefined
  readonly namespace: string | undefined
  readonly fetch: typeof fetch
  readonly WebSocket: SocketClass | undefined
  /** How many answers a page may keep open beside its other requests. */
  readonly atOnce: number
  /** From where an answer may be kept open, among all pages of this browser. */
  readonly seat: Seat
  /** The subscriptions as they are to be asked for now, each from where its view stands. */
  asks(): readonly SubscribeFrame[]
}

/** What a transport tells. After `ended`, `failed` or its `drop` it says nothing more. */
export interface Ears {
  opened(): void
  heard(frame: ServerFrame): void
  /** A sign of life that says nothing else. */
  alive(): void
  /** It was up, or the server refused it with a close code; 1006 where there is none. */
  ended(code: number, reason: string): void
  failed(what: 'unreachable' | 'barred', reason: string, retryAfterMs?: number): void
}

export interface Transport {
  say(frames: readonly ViewerFrame[]): void
  drop(): void
}
export type Open = (wires: Wires, ears: Ears) => Transport

/** A frame of its text. */
export function frameOf(text: string): ServerFrame {
  return parse(text) as ServerFrame
}

/** Ears that hear nothing after the end: whatever an aborted transport still says is not for the link. */
export function once(ears: Ears): Ears & { deafen(): void; readonly isDeaf: boolean } {
  let isDeaf = false
  const unless = <A extends unknown[]>(tell: (...said: A) => void, isLast = false) => {
    return (...said: A): void => {
      if (isDeaf) return
      isDeaf = isLast
      tell(...said)
    }
  }
  return {
    opened: unless(() => ears.opened()),
    heard: unless(frame => ears.heard(frame)),
    alive: unless(() => ears.alive()),
    ended: unless((code, reason) => ears.ended(code, reason), true),
    failed: unless((what, reason, retryAfterMs) => ears.failed(what, reason, retryAfterMs), true),
    deafen: () => {
      isDeaf = true
    },
    get isDeaf() {
      return isDeaf
    },
  }
}

export function headersOf(wires: Wires): Record<string, string> {
  return wires.token === undefined ? {} : { authorization: `Bearer ${wires.token}` }
}

/** Somebody is there, and away for a moment. */
const LATER = new Set([429, 502, 503, 504])
const CLOSE_CODES: Readonly<Record<number, number>> = { 401: 4001, 403: 4003 }

/**
 * Tell what an answer means that is not the one hoped for. The server's own refusals mean what they say; one that concerns
 * the question alone is given back, as the error of a subscription; anything else is a proxy that does not let this through.
 */
export async function tellTrouble(
  response: Response,
  ears: Ears,
): Promise<Omit<ErrorFrame, 'id'> | undefined> {
  const problem = await problemOf(response)
  const reason = problem?.message ?? `answered with ${response.status}`
  const code = CLOSE_CODES[response.status]
  if (LATER.has(response.status) || (problem && response.status >= 500)) {
    const seconds = problem?.retry_after_s ?? Number(response.headers.get('retry-after') ?? Number.NaN)
    ears.failed('unreachable', reason, Number.isFinite(seconds) ? seconds * 1000 : undefined)
  } else if (!problem) ears.failed('barred', reason)
  else if (code) ears.ended(code, reason)
  else {
    const { message, hint, field } = problem
    return { type: 'error', code: problem.code, message, ...(hint && { hint }), ...(field && { field }) }
  }
  return undefined
}

async function problemOf(response: Response): Promise<Problem | undefined> {
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return undefined
  try {
    return parse(await response.text()) as Problem
  } catch {
    return undefined
  }
}
