/**
 * What the user is shown of the link. Pure: made of what the link and the clock know. Used by live.ts.
 */
import type { Way } from './link.ts'

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

/** True if anything differs that is to be shown at once; clocks and cursors have time. */
export function differs(one: Connection, other: Connection): boolean {
  return PRESSING.some(key => one[key] !== other[key]) || one.behind > 0 !== other.behind > 0
}

const PRESSING = ['state', 'way', 'fresh', 'retryAt', 'reason', 'refusal', 'server'] as const
