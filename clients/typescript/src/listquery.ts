/**
 * What a list of jobs asks for: which topic carries it, which of its terms events decide, and what is counted exactly.
 *
 * Theory. Every job of the list is carried by the narrowest topic that one of its terms names (`kind:K`, `queue:Q`,
 * `label:K=V`), else by `jobs`. Terms that the documents of a view decide (`live`) are decided here; the rest only the
 * server can. Pure. Must never know views or time. Called by joblist.ts.
 */
import { live, matches, parse, type Query, type Term } from './filter.ts'
import type { States } from './fold.ts'
import type { JobDoc, JobState } from './wire.ts'

/** In the order of a job's life. */
export const STATES: readonly JobState[] = [
  'scheduled', 'blocked', 'queued', 'running', 'cancelling', 'completed', 'failed', 'cancelled',
] // biome-ignore format: a row
export const FINAL: ReadonlySet<JobState> = new Set<JobState>(['completed', 'failed', 'cancelled'])
/** state → number of jobs; a state without jobs is absent. */
export type Counts = Partial<Record<JobState, number>>

/** A list's question, taken apart. */
export interface Asked {
  readonly q: string
  readonly query: Query
  /** The terms that documents decide: all of them when `live`. */
  readonly livePart: Query
  /** Membership can be kept from events alone. */
  readonly live: boolean
  readonly topic: string
  /** Membership changes by time alone (`running:>10m`). */
  readonly timed: boolean
  /** States that a job of this list may be in. */
  readonly states: ReadonlySet<JobState>
  /** Some job that has ended may be in this list. */
  readonly hasEnded: boolean
  /** Asks for nothing but states and queues, so that the folded counts tell how many there are. */
  readonly counted: boolean
}

/** Take a filter apart. InvalidInput names the term that is wrong and the way out. */
export function askedOf(q: string): Asked {
  const query = parse(q)
  const states = new Set(STATES.filter(state => mayBeIn(query, state)))
  return {
    q,
    query,
    livePart: { terms: query.terms.filter(term => live({ terms: [term] })) },
    live: live(query),
    topic: topicOf(query),
    timed: query.terms.some(term => TIMED.has(term.key)),
    states,
    hasEnded: [...FINAL].some(state => states.has(state)),
    counted: query.terms.every(term => term.key === 'state' || term.key === 'queue'),
  }
}

/** Exact number by state of the jobs that fit, whatever their state; undefined where the counts do not tell. */
export function countsOf(asked: Asked, counts: ReadonlyMap<string, States> | null): Counts | undefined {
  if (!counts || !asked.counted) return undefined
  const byQueue = { terms: asked.query.terms.filter(term => term.key === 'queue') }
  const sum: Counts = {}
  for (const [queue, states] of counts) {
    if (!matches(byQueue, { queue } as JobDoc, 0)) continue
    for (const state of STATES) {
      const number = states[state]
      if (number) sum[state] = (sum[state] ?? 0) + number
    }
  }
  return sum
}

/** How many of the counted jobs are in a state of the list. */
export function totalOf(asked: Asked, counts: Counts): number {
  return [...asked.states].reduce((sum, state) => sum + (counts[state] ?? 0), 0)
}

const TIMED: ReadonlySet<string> = new Set(['running', 'waiting', 'since', 'until'])
const BY_STATE: Readonly<Record<string, ReadonlySet<JobState>>> = {
  running: new Set<JobState>(['running', 'cancelling']),
  waiting: new Set<JobState>(['scheduled', 'blocked', 'queued']),
}

function mayBeIn(query: Query, state: JobState): boolean {
  return query.terms.every(term => {
    if (term.key === 'state') return matches({ terms: [term] }, { state } as JobDoc, 0)
    return term.negated || (BY_STATE[term.key]?.has(state) ?? true)
  })
}

/** From the narrowest on: a label is worn by fewer jobs than a kind, and a kind by fewer than a queue. */
const NARROW: readonly (readonly [key: string, topic: (term: Term, value: string) => string])[] = [
  ['label', (term, value) => `label:${term.name}=${value}`],
  ['kind', (_, value) => `kind:${value}`],
  ['queue', (_, value) => `queue:${value}`],
]

function topicOf(query: Query): string {
  for (const [key, topic] of NARROW) {
    const term = query.terms.find(each => each.key === key && isLiteral(each))
    if (term) return topic(term, term.values[0] ?? '')
  }
  return 'jobs'
}

/** One value, meant to the letter, that a topic can be made of. */
function isLiteral(term: Term): boolean {
  const [value = ''] = term.values
  return (
    !term.negated &&
    term.values.length === 1 &&
    value !== '' &&
    !value.includes('*') &&
    !(term.name ?? '').includes('=')
  )
}
