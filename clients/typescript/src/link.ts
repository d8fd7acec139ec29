/**
 * A client's link to its server, as one table: when to open, greet, subscribe, wait, fall back, and when to give up.
 *
 * `TABLE` says for each state and each happening the next state and what is to be done, and no cell is open. Deadlines
 * live in `due`: `tick` turns them into happenings (R6: grey at twice, cut at thrice the ping). Waiting follows R7: first
 * 0–1 s, then full jitter up to 30 s, for ever; only a refusal ends it. Instants are ms of a monotonic clock, dice in
 * [0, 1): both are arguments. Must never know sockets or frames. Twin of protocol/link.py; both run spec/cases/link.json.
 */
export const STATES = [
  'idle', 'connecting', 'hello_sent', 'catching_up', 'live', 'waiting', 'refused', 'closed',
] as const // biome-ignore format: a table
export type LinkState = (typeof STATES)[number]

export const HAPPENINGS = [
  'open', // the user wants it
  'opened', // the transport is up
  'unreachable', // nobody answers: no doubt about the way
  'barred', // somebody answers, and not with this transport
  'welcomed',
  'caught_up', // every view stands where the server stood
  'fell_behind', // a gap, a reset, a new subscription
  'lost', // the transport ended
  'silent', // nothing heard for too long (tick)
  'bye', // the server said when to come back
  'refusal', // one of the close codes in REFUSALS
  'due', // the wait is over (tick)
  'wake', // online, visible, page shown, machine woke up
  'better', // time to try the best way again (tick)
  'close', // the user is done
] as const
export type Happening = (typeof HAPPENINGS)[number]

/** What is to be done, in the order given: connect by `way`, send hello, subscribe all, ask for a sign of life, abort. */
export type Action = 'connect' | 'greet' | 'subscribe' | 'probe' | 'drop' | 'wait' | 'refuse'
export type Way = 'websocket' | 'sse' | 'poll'

export interface Cell {
  readonly next: LinkState
  readonly do: readonly Action[]
}
type Row = Partial<Record<Happening, Cell>>

const to = (next: LinkState, ...actions: Action[]): Cell => ({ next, do: actions })
const again = to('waiting', 'drop', 'wait')
const now = to('connecting', 'drop', 'connect')
const first = to('connecting', 'connect')
const open: Row = {
  unreachable: again, barred: again, lost: again, silent: again, bye: again,
  refusal: to('refused', 'drop', 'refuse'), close: to('closed', 'drop'),
} // biome-ignore format: a table
const welcomed: Row = { ...open, better: now }

const ROWS: Record<LinkState, Row> = {
  idle: { open: first, close: to('closed') },
  connecting: { ...open, opened: to('hello_sent', 'greet') },
  hello_sent: { ...open, welcomed: to('catching_up', 'subscribe') },
  catching_up: { ...welcomed, caught_up: to('live'), wake: to('catching_up', 'probe') },
  live: { ...welcomed, fell_behind: to('catching_up'), wake: to('live', 'probe') },
  waiting: {
    open: now,
    due: first,
    wake: first,
    refusal: to('refused', 'drop', 'refuse'),
    close: to('closed', 'drop'),
  },
  refused: { open: first, close: to('closed') },
  closed: { open: first },
}

/** State × happening → next state and what to do. What a row does not name leaves the state and does nothing. */
export const TABLE = Object.fromEntries(
  STATES.map(state => [
    state,
    Object.fromEntries(HAPPENINGS.map(what => [what, ROWS[state][what] ?? to(state)])),
  ]),
) as Record<LinkState, Record<Happening, Cell>>

/** What a server asked of those who come back: `after_ms` of bye, `retry_after_ms` of an error. */
export interface Patience {
  readonly afterMs?: readonly [low: number, high: number] | undefined
  readonly retryAfterMs?: number | undefined
}

export const HELLO_MS = 10_000
export const PING_MS = 5_000
export const HIDDEN_PING_MS = 25_000
const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 30_000
/** A link that held this long is no failure when it ends: the next wait is a first one again. */
const STEADY_MS = 10_000
/** Connections in a row that came to nothing after somebody had answered: the way itself may be barred (a proxy). */
const DOUBTS = 2
const BEST_AGAIN_MS = 300_000
/** A link that is asked for a sign of life has this long to give it. */
const PROBE_MS = 3_000
/** Signs of life come no faster there: comments of a stream, answers to a long poll. */
const LEAST_PING_MS: Record<Way, number> = { websocket: 0, sse: 15_000, poll: 25_000 }
const REFUSALS = new Set([4001, 4003, 4009, 4013])

const CONNECTED = new Set<LinkState>(['connecting', 'hello_sent', 'catching_up', 'live'])
const ENDINGS = new Set<Happening>(['unreachable', 'barred', 'lost', 'silent', 'bye', 'refusal'])

/** How long to wait before the next try, after `failures` in a row (R7). */
export function waitMs(failures: number, dice: number, patience: Patience = {}): number {
  if (patience.afterMs) {
    const [low, high] = patience.afterMs
    return low + dice * Math.max(high - low, 0)
  }
  if (patience.retryAfterMs != null) return patience.retryAfterMs + dice * FIRST_WAIT_MS
  return dice * Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures, 10), LONGEST_WAIT_MS)
}

export function happeningOfClose(code: number): Happening {
  return REFUSALS.has(code) ? 'refusal' : 'lost'
}

/** One client's link. Tell it what happens; do the actions it answers with. Never holds a socket. */
export class Link {
  state: LinkState = 'idle'
  way: Way
  failures = 0
  pingMs = PING_MS
  /** Why the last connection ended, as the user is shown it. */
  reason = ''
  /** When `tick` has something to say. */
  due: number | undefined
  readonly #ways: readonly [Way, ...Way[]]
  #doubts = 0
  #heard = 0
  #welcomed: number | undefined
  #better: number | undefined

  constructor(ways: readonly [Way, ...Way[]] = ['websocket', 'sse', 'poll']) {
    this.#ways = ways
    this.way = ways[0]
  }

  /** Follow the table; the actions to do, in order. */
  happen(what: Happening, now: number, dice = 0.5, patience?: Patience, reason = ''): readonly Action[] {
    const before = this.state
    const cell = TABLE[before][what]
    this.state = cell.next
    if (ENDINGS.has(what) && CONNECTED.has(before)) {
      this.#weigh(what, now)
      this.reason = reason || what
    }
    if (cell.do.includes('wait')) {
      this.due = now + waitMs(this.failures, dice, patience)
      this.failures += 1
    } else if (cell.do.includes('connect')) {
      this.#chooseWay(what)
      this.due = now + HELLO_MS
    } else if (cell.do.includes('subscribe')) this.#settleIn(now)
    else if (cell.do.includes('probe')) this.due = now + PROBE_MS
    else if (this.state === 'refused' || this.state === 'closed') this.due = this.#better = undefined
    return cell.do
  }

  /** True from the welcome to the end of the connection. */
  get isWelcomed(): boolean {
    return this.state === 'catching_up' || this.state === 'live'
  }

  /** How often to expect a sign of life, on this way. */
  get intervalMs(): number {
    return Math.max(this.pingMs, LEAST_PING_MS[this.way])
  }

  /** When what is shown may be old, if nothing is heard until then; undefined: it may be already (R6). */
  get greyAt(): number | undefined {
    return this.isWelcomed ? this.#heard + 2 * this.intervalMs : undefined
  }

  isGrey(now: number): boolean {
    const at = this.greyAt
    return at === undefined || now > at
  }

  /** Any frame is a sign of life (R6). */
  hear(now: number): void {
    this.#heard = now
    if (this.isWelcomed) this.due = now + 3 * this.intervalMs
  }

  /** What time alone brings about by `now`. */
  tick(now: number, dice = 0.5): readonly Action[] {
    if (this.due !== undefined && now >= this.due) {
      return this.happen(this.state === 'waiting' ? 'due' : 'silent', now, dice)
    }
    if (this.#better !== undefined && now >= this.#better && this.isWelcomed) {
      this.#better = undefined
      return this.happen('better', now, dice)
    }
    return []
  }

  /** What an ending says about the server (was it steady) and about the way (did it ever carry a welcome). */
  #weigh(what: Happening, now: number): void {
    if (this.#welcomed !== undefined) {
      if (now - this.#welcomed >= STEADY_MS) this.failures = 0
      this.#doubts = 0
    } else if (what === 'barred') this.#doubts = DOUBTS
    else if (what !== 'unreachable') this.#doubts += 1
  }

  /** The best way again whenever there is no doubt about it; the next way once there is too much (R7). */
  #chooseWay(what: Happening): void {
    this.#welcomed = this.#better = undefined
    if (this.#doubts >= DOUBTS) {
      this.way = this.#ways[(this.#ways.indexOf(this.way) + 1) % this.#ways.length] ?? this.#ways[0]
      this.#doubts = 0
    } else if (this.#doubts === 0 || what === 'wake') this.way = this.#ways[0]
  }

  #settleIn(now: number): void {
    this.#welcomed = now
    this.#better = this.way === this.#ways[0] ? undefined : now + BEST_AGAIN_MS
    this.hear(now)
  }
}
