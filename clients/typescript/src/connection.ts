/**
 * What the user is shown of the link. Pure: made of what the link, its shell and the clock know. Used by
 * live.ts.
 */
import type { Link, Way } from './link.ts'
import { BRIEF_MS, type Shell } from './shell.ts'

/**
 * `idle`: nothing is followed. `connecting`: for the first time. `catching_up`: connected, `behind` events are missing yet.
 * `live`: all that is shown is current (`polling`: by asking, so up to seconds late). `reconnecting`: again at `retryAt`, or
 * just now if that is null. `offline`: this device has no network. `refused`: ended for good, `refusal` says why.
 */
export type ConnectionState =
  | 'idle'
  | 'connecting'
  | 'live'
  | 'catching_up'
  | 'polling'
  | 'reconnecting'
  | 'offline'
  | 'refused'

export interface Connection {
  readonly state: ConnectionState
  readonly way: Way
  /** When this state began, by the server's clock (ms), as far as it was known. */
  readonly since: number
  /** What is shown is as the server has it: connected, caught up once, and heard of within twice its ping (R6). */
  readonly fresh: boolean
  /** How much later than the fastest one the newest frame came. */
  readonly lagMs: number | null
  /** `EPOCH.SEQ` of the newest event shown. */
  readonly cursor: string | null
  /** The server's clock (ms) in the newest frame heard: "live as of". */
  readonly asOf: number | null
  readonly behind: number
  /** When the next try is due, by this device's clock (`Date.now()`). */
  readonly retryAt: number | null
  /** Why the last connection ended; empty while there was none, or all is well. */
  readonly reason: string
  readonly refusal?: { readonly code: number; readonly reason: string }
  /** Name of the server's process that answers. */
  readonly server: string
}

/** What a connection is made of; instants as the shell has them. */
export interface Facts {
  readonly link: Link
  readonly now: number
  /** The server's clock as it is shown. */
  readonly serverNow: number
  /** This device's clock at `now`. */
  readonly wall: number
  readonly shell: Pick<
    Shell,
    'clock' | 'refusal' | 'isDeviceOffline' | 'wasWelcomed' | 'wasCaughtUp' | 'behindSince'
  >
  readonly behind: number
  readonly server: string
  readonly cursor: string | null
}

/** The connection as it is now; what it was before tells since when. */
export function describe(facts: Facts, before?: Connection): Connection {
  const { link, shell } = facts
  const state = stateOf(facts)
  return {
    state,
    way: link.way,
    since: before?.state === state ? before.since : facts.serverNow,
    fresh: isFresh(facts),
    lagMs: shell.clock.lagMs === undefined ? null : Math.round(shell.clock.lagMs),
    cursor: facts.cursor,
    asOf: shell.clock.asOf ?? null,
    behind: state === 'catching_up' ? facts.behind : 0,
    retryAt: retryAt(facts, before),
    reason: link.isWelcomed ? '' : link.reason,
    ...(shell.refusal && { refusal: shell.refusal }),
    server: facts.server,
  }
}

type Look = Pick<Facts, 'link' | 'shell' | 'now'>

/** What is shown is how it is: heard of lately, and not behind for more than a moment. */
export function isFresh(look: Look): boolean {
  return look.shell.wasCaughtUp && isCaughtUp(look) && !look.link.isGrey(look.now)
}

/** A moment of catching up, as where something new is followed, does not count. */
function isCaughtUp({ link, shell, now }: Look): boolean {
  const isBrief = shell.wasCaughtUp && now - (shell.behindSince ?? now) < BRIEF_MS
  return link.state === 'live' || (link.state === 'catching_up' && isBrief)
}

function stateOf(facts: Facts): ConnectionState {
  const { link, shell } = facts
  if (isCaughtUp(facts)) return link.way === 'poll' ? 'polling' : 'live'
  if (link.state === 'catching_up' || link.state === 'refused') return link.state
  if (link.state === 'idle' || link.state === 'closed') return 'idle'
  if (shell.isDeviceOffline) return 'offline'
  return shell.wasWelcomed || link.failures > 0 ? 'reconnecting' : 'connecting'
}

/** The two clocks are read one after the other: the same instant must not come out different each time. */
function retryAt({ link, now, wall }: Facts, before?: Connection): number | null {
  if (link.state !== 'waiting' || link.due === undefined) return null
  const at = Math.round(wall + link.due - now)
  return before?.retryAt != null && Math.abs(before.retryAt - at) < SAME_MS ? before.retryAt : at
}

const SAME_MS = 50

/** True if anything differs that is to be shown at once; clocks and cursors have time. */
export function differsNow(one: Connection, other: Connection): boolean {
  return PRESSING.some(key => one[key] !== other[key]) || one.behind > 0 !== other.behind > 0
}

const PRESSING = ['state', 'way', 'fresh', 'retryAt', 'reason', 'refusal', 'server'] as const

/** True if anything differs. */
export function differs(one: Connection, other: Connection): boolean {
  return differsNow(one, other) || LATER.some(key => one[key] !== other[key])
}

const LATER = ['since', 'lagMs', 'cursor', 'asOf', 'behind'] as const
