/**
 * The words of the filter language: what each key takes, what a term of it means, what to tell people about it.
 *
 * Theory. Rules as a table, so that a search box can be built on the same words that `parse` checks and `matches` tests;
 * twin of KEYS in model/query.py. `*` in a value stands for any text, and is matched in linear time. Pure; knows one
 * document and one term, nothing of texts. Called by filter.ts.
 */
import { invalid, parseDuration, parseInstant } from './duration.ts'
import { stringify } from './json.ts'
import type { JobDoc, JobState } from './wire.ts'

/** One condition. `name`: the label's name or the path into args; `operator` `''` (equal, or glob) or one of > >= < <=. */
export interface Term {
  readonly key: string
  readonly values: readonly string[]
  readonly name: string
  readonly operator: string
  readonly negated: boolean
}

/** What a value of a key is, so that a search box knows what to offer. */
export type ValueKind =
  | 'state' | 'kind' | 'queue' | 'label' | 'json' | 'error' | 'number' | 'duration' | 'moment' | 'worker' | 'job' | 'text' // biome-ignore format: a row

export interface Key {
  /** One line for people. */
  readonly about: string
  readonly value: ValueKind
  readonly example: string
  /** A viewer can decide it from events alone. */
  readonly live: boolean
  /** Takes a name after a dot. */
  readonly named?: boolean
  /** One value only. */
  readonly single?: boolean
  readonly operators: readonly string[]
  /** The canonical value; throws the problem of `term` as written. */
  readonly check: (value: string, term: string) => string
  readonly test: (term: Term, job: JobDoc, now: number) => boolean
}

/** In the order of a job's life. */
export const STATES: readonly JobState[] = [
  'scheduled', 'blocked', 'queued', 'running', 'cancelling', 'completed', 'failed', 'cancelled',
] // biome-ignore format: a row
const ACTIVE: ReadonlySet<string> = new Set(['running', 'cancelling'])
const WAITING: ReadonlySet<string> = new Set(['scheduled', 'blocked', 'queued'])
const EQUAL = [''] as const
const ORDERED = ['>=', '<=', '>', '<'] as const

/** The key of free text. */
export const TEXT = 'text'

export const KEYS: Readonly<Record<string, Key>> = {
  state: key('where it stands', 'state', 'state:running,queued', field('state'), {
    live: true,
    check: checkState,
  }),
  kind: key('its kind', 'kind', 'kind:crawl', field('kind'), { live: true }),
  queue: key('its queue', 'queue', 'queue:gpu', field('queue'), { live: true }),
  label: key('a label by name', 'label', 'label.subject:sub-01', testLabel, { live: true, named: true }),
  args: key('an argument by path', 'json', 'args.url:*example*', testArgs, { named: true }),
  error: key('type, message or reason of a failure', 'error', 'error:*Timeout*', testError),
  priority: key('its priority', 'number', 'priority:>5', testPriority, {
    live: true,
    operators: ['', ...ORDERED],
    check: checkNumber,
  }),
  running: key('its attempt has run longer or shorter', 'duration', 'running:>10m', testRunning, timed()),
  waiting: key('it has waited longer or shorter', 'duration', 'waiting:>5m', testWaiting, timed()),
  since: key('created then or later', 'moment', 'since:24h', testSince, {
    live: true,
    single: true,
    check: checkMoment,
  }),
  until: key('created before', 'moment', 'until:2026-11-22', testUntil, {
    live: true,
    single: true,
    check: checkMoment,
  }),
  worker: key('the worker that holds it', 'worker', 'worker:gpu-3/1', field('worker')),
  parent: key('the job that submitted it', 'job', 'parent:01J…', field('parent')),
  retry_of: key('the job it was made from by a retry', 'job', 'retry_of:01J…', field('retry_of')),
  id: key('its id', 'job', 'id:01J…', field('id')),
  [TEXT]: key('a part of any of its texts', 'text', '"free text"', testText, { single: true }),
}

function key(
  about: string,
  value: ValueKind,
  example: string,
  test: Key['test'],
  more: Partial<Key> = {},
): Key {
  return { about, value, example, test, live: false, operators: EQUAL, check: each => each, ...more }
}

function timed(): Partial<Key> {
  return { live: true, operators: ORDERED, check: checkLength }
}

// -- values

/** The error of a term: what is wrong with it, and the way out. */
export function wrong(term: string, problem: string, hint: string): Error {
  const shown = term.length <= 80 ? term : `${term.slice(0, 79)}…`
  return invalid('q', `${quotedAsSaid(shown)} ${problem}`, hint)
}

function quotedAsSaid(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\')
  return text.includes("'") && !text.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`
}

function checkState(value: string, term: string): string {
  const state = value === 'canceled' ? 'cancelled' : value
  if (STATES.some(each => each === state)) return state
  throw wrong(term, `names the unknown state ${quotedAsSaid(state)}`, `States are ${STATES.join(', ')}.`)
}

function checkNumber(value: string, term: string): string {
  if (/^-?\d{1,15}$/.test(value)) return value
  const problem = `has ${quotedAsSaid(value)} where a whole number belongs`
  throw wrong(term, problem, 'Write priority:5, priority:>5 or priority:<=0.')
}

function checkLength(value: string, term: string): string {
  if (isSound(() => parseDuration(value))) return value
  const problem = `has ${quotedAsSaid(value)} where a duration belongs`
  throw wrong(term, problem, 'Write 30s, 5m, 1h30m, 2d or a number of seconds.')
}

function checkMoment(value: string, term: string): string {
  if (!/^\d*$/.test(value) && isSound(() => instantOf(value, 0))) return value
  const problem = `has ${quotedAsSaid(value)} where a time belongs`
  throw wrong(term, problem, 'Write 24h (before now), 2026-11-22 or 2026-11-22T08:21:07Z.')
}

function isSound(read: () => number): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}

/** The instant (ms) that `24h` (before `now`) or an ISO 8601 text means. */
function instantOf(value: string, now: number): number {
  if (value.replace(/^-/, '').includes('-')) return parseInstant(value, 'q')
  return now - Math.round(parseDuration(value, 'q') * 1000)
}

// -- meaning

/** True if the whole text is one of the values, in which `*` stands for any text. */
function isLike(text: string, values: readonly string[]): boolean {
  return values.some(value => isLikeOne(text, value.split('*')))
}

function isLikeOne(text: string, parts: readonly string[]): boolean {
  const [first = ''] = parts
  if (parts.length === 1) return text === first
  const last = parts.at(-1) ?? ''
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false
  let place = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, place)
    if (found < 0) return false
    place = found + part.length
  }
  return place <= text.length - last.length
}

function field(name: 'state' | 'kind' | 'queue' | 'worker' | 'parent' | 'retry_of' | 'id'): Key['test'] {
  return (term, job) => {
    const found = job[name]
    return found !== undefined && isLike(found, term.values)
  }
}

function testLabel(term: Term, job: JobDoc): boolean {
  const found = ownValue(job.labels, term.name)
  return typeof found === 'string' && isLike(found, term.values)
}

/** The value at a dotted path of the arguments, or any element of it where it is a list. */
function testArgs(term: Term, job: JobDoc): boolean {
  let found: unknown = job.args
  for (const step of term.name.split('.')) {
    if (Array.isArray(found)) return false
    found = ownValue(found, step)
  }
  const values: readonly unknown[] = Array.isArray(found) ? found : [found]
  return values.some(value => value !== undefined && isLike(asText(value), term.values))
}

function ownValue(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return undefined
  return Object.getOwnPropertyDescriptor(holder, name)?.value
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : stringify(value)
}

function testError(term: Term, job: JobDoc): boolean {
  const { error, reason } = job
  const texts = error ? [error.type, error.message, `${error.type}: ${error.message}`] : []
  const values = term.values.map(value => value.toLowerCase())
  return [reason, ...texts].some(each => each && isLike(each.toLowerCase(), values))
}

function testText(term: Term, job: JobDoc): boolean {
  const wanted = (term.values[0] ?? '').toLowerCase()
  return textsOf(job).some(each => each?.toLowerCase().includes(wanted))
}

function textsOf(job: JobDoc): (string | undefined)[] {
  const error = job.error && `${job.error.type}: ${job.error.message}`
  const args = job.args === undefined ? undefined : asText(job.args)
  const labels = Object.values(job.labels ?? {})
  return [job.id, job.kind, job.queue, job.reason ?? '', ...labels, args, error, job.progress?.message]
}

function compare(operator: string, found: number, bound: number): boolean {
  if (operator === '>') return found > bound
  if (operator === '>=') return found >= bound
  return operator === '<' ? found < bound : found <= bound
}

function testPriority(term: Term, job: JobDoc): boolean {
  const bounds = term.values.map(Number)
  const found = job.priority ?? 0
  return term.operator ? compare(term.operator, found, bounds[0] ?? 0) : bounds.includes(found)
}

function testRunning(term: Term, job: JobDoc, now: number): boolean {
  return isLong(
    term,
    ACTIVE.has(job.state) ? job.attempts?.[String(job.attempt)]?.started_at : undefined,
    now,
  )
}

function testWaiting(term: Term, job: JobDoc, now: number): boolean {
  return isLong(term, WAITING.has(job.state) ? (job.queued_at ?? job.created_at) : undefined, now)
}

function isLong(term: Term, since: string | undefined, now: number): boolean {
  const bound = parseDuration(term.values[0] ?? '', 'q') * 1000
  return since !== undefined && compare(term.operator, now - Date.parse(since), bound)
}

function testSince(term: Term, job: JobDoc, now: number): boolean {
  return job.created_at !== undefined && Date.parse(job.created_at) >= instantOf(term.values[0] ?? '', now)
}

function testUntil(term: Term, job: JobDoc, now: number): boolean {
  return job.created_at !== undefined && Date.parse(job.created_at) < instantOf(term.values[0] ?? '', now)
}
