/**
 * A job in words, as of an instant of the server: what its badge says, what it does, how far it is, how long it may take.
 *
 * Pure: `now` (ms) comes in, nothing is asked of a clock. Must never know components. Called by every page that shows a
 * job; the built-in page has the same rules in facts.js and dom.js, and tests/counts.json holds the rule of units for all.
 */
import type { AttemptDoc, ErrorDoc, JobDoc, ProgressDoc } from '@headway/client'
import { firstWords, toolResult } from './contents.ts'
import { amount, clock, plural, size, spent } from './numbers.ts'
import { ODD } from './odd.ts'
import { ACTIVE, FINAL, type Look, lookOf, WAITING } from './states.ts'

/** A line of a table shows no more than this of what somebody wrote. */
const MOST_CHARACTERS = 300

export function attemptOf(job: JobDoc): AttemptDoc | undefined {
  return job.attempts?.[String(job.attempt)]
}

/** Its badge: the state, or the condition beside it that says more. */
export function lookOfJob(job: JobDoc): Look {
  if (job.input && job.state === 'running') return lookOf('needs_input')
  if (job.held && WAITING.has(job.state)) return lookOf('held')
  const look = lookOf(job.state)
  const says = job.state === 'failed' && job.reason && !PLAIN_FAILURES.has(job.reason)
  return says ? { ...look, word: worded(job.reason) } : look
}

const PLAIN_FAILURES: ReadonlySet<string> = new Set(['failed', 'error', 'errored'])

/** How far it is, 0..1; null where nobody knows. */
export function overall(job: JobDoc): number | null {
  if (job.state === 'completed') return 1
  return job.progress?.overall ?? (ACTIVE.has(job.state) ? null : 0)
}

type Counted = Pick<ProgressDoc, 'current' | 'total' | 'unit'>
type Writing = (value: number) => string

const UNITS: ReadonlyMap<string, Writing> = new Map([
  ...['B', 'byte', 'bytes'].map((unit): [string, Writing] => [unit, size]),
  ...['s', 'sec', 'second', 'seconds'].map((unit): [string, Writing] => [unit, spent]),
])

/** `120 of 300 files`: the unit is its author's word, but for %, bytes and seconds. "" while nothing was counted. */
export function counted({ current, total, unit }: Counted): string {
  if (current == null) return ''
  if (unit === '%') return `${amount(current)} %`
  const known = UNITS.get(unit ?? '')
  const write = known ?? amount
  const word = known || !unit ? '' : ` ${unit}`
  return total == null ? `${write(current)}${word}` : `${write(current)} of ${write(total)}${word}`
}

/** What it is doing: `parse › tables · 120 of 400 files · reading ast.py`. */
export function doing(job: JobDoc): string {
  const { progress } = job
  if (!progress) return ''
  const stage = progress.stage?.replaceAll('/', ' › ')
  return [stage, counted(progress), oneLine(progress.message)].filter(Boolean).join(' · ')
}

/** One line under its name: what it does, waits for, asks, or how it ended; `unapproved`: nobody may run it as its tool is now. */
export function line(job: JobDoc, now: number, unapproved = false): string {
  if (unapproved && job.state === 'queued' && !job.held) return after(job, 'waits for approval of its tool')
  const say = LINES[job.state]
  return say ? say(job, now) : worded(job.state)
}

const LINES: Readonly<Record<string, (job: JobDoc, now: number) => string>> = {
  scheduled: startsAt,
  blocked: job => `waits for ${plural(job.after?.length ?? 0, 'job')}`,
  queued: job => (job.held ? 'held until somebody releases it' : after(job, 'waits for a worker')),
  running: job => oneLine(job.input?.message) || runs(job),
  cancelling: job => (job.cancel?.acknowledged_at ? 'its worker stops it' : 'asked to stop'),
  completed: job => brief(job.result) || doing(job) || 'done',
  failed: why,
  cancelled: job => oneLine(job.cancel?.reason) || (job.reason ? worded(job.reason) : 'cancelled'),
}

function runs(job: JobDoc): string {
  if (attemptOf(job)?.phase === 'offered') return 'offered to a worker'
  return doing(job) || 'running'
}

function startsAt(job: JobDoc, now: number): string {
  if (job.held) return 'held until somebody releases it'
  if (!job.run_at) return 'scheduled'
  const inSeconds = clock(Math.max(0, (Date.parse(job.run_at) - now) / 1000))
  return job.tries > 0 ? after(job, `tries again in ${inSeconds}`) : `starts in ${inSeconds}`
}

/** What follows an attempt that failed says so. */
function after(job: JobDoc, text: string): string {
  const error = attemptOf(job)?.error
  return error ? `${text} · ${raised(error)}` : text
}

/** Why it failed: its error, else the reason in words. */
export function why(job: JobDoc): string {
  if (!job.error) return worded(job.reason ?? 'failed')
  return raised(job.error)
}

/** `ReadTimeout: no answer`; what the server itself says of an end (`timed_out`) is a sentence already. */
function raised({ type, message }: ErrorDoc): string {
  const sentence = oneLine(message)
  return /^[a-z_]+$/.test(type) && sentence ? sentence : [type, sentence].filter(Boolean).join(': ')
}

/** A result in one line: a value, or the first values of an object. "" where only its page can show it. */
export function brief(result: unknown): string {
  if (result === null || result === undefined) return ''
  if (typeof result !== 'object') return oneLine(written(result))
  if (Array.isArray(result)) return plural(result.length, 'item')
  const tool = toolResult(result)
  if (tool) return oneLine(firstWords(tool))
  const plain = Object.entries(result).filter(([, value]) => value !== null && typeof value !== 'object')
  return oneLine(
    plain
      .slice(0, 5)
      .map(([key, value]) => `${key} ${written(value)}`)
      .join(' · '),
  )
}

function written(value: unknown): string {
  return typeof value === 'number' || typeof value === 'bigint' ? amount(value) : String(value)
}

/**
 * `0:40–1:10`, `about 0:40`, `any moment`, `overdue` (it is over and much is left): time left, from the estimate of the server less the time since.
 * None while it asks: its clock stands still until somebody answers.
 */
export function left(job: JobDoc, now: number): string {
  const { estimate } = job
  if (!estimate || job.input || job.state !== 'running') return ''
  const passed = Math.max(0, (now - Date.parse(estimate.at)) / 1000)
  const rest = (seconds: number) => clock(Math.max(0, seconds - passed))
  const ahead = estimate.high_s ?? estimate.p50_s
  if (ahead - passed < 1) return isOverdue(job, passed - ahead) ? 'overdue' : 'any moment'
  if (estimate.low_s == null || estimate.high_s == null) return `about ${rest(estimate.p50_s)}`
  const [low, high] = [rest(estimate.low_s), rest(estimate.high_s)]
  return low === high ? low : `${low}–${high}`
}

/** Its estimate was wrong: too much is left, or it is over for as long as it was. */
function isOverdue({ progress, estimate }: JobDoc, late: number): boolean {
  const isAtEnd = (progress?.overall ?? 1) >= ENDING
  return late > 0 && (!isAtEnd || late > Math.max(10, estimate?.high_s ?? estimate?.p50_s ?? 0))
}

const ENDING = 0.9

/** How long it runs, has waited, or took. */
export function took(job: JobDoc, now: number): string {
  const { started_at, finished_at } = job
  if (FINAL.has(job.state)) {
    return started_at && finished_at ? spent((Date.parse(finished_at) - Date.parse(started_at)) / 1000) : ''
  }
  const from = ACTIVE.has(job.state) ? started_at : (job.queued_at ?? job.created_at)
  return from ? clock((now - Date.parse(from)) / 1000) : ''
}

/** Since when it is what it is, for a column of ages: its end, else its creation. */
export function newest(job: JobDoc): readonly [word: string, at: string] {
  if (job.finished_at) return ['ended', job.finished_at]
  return ['created', job.created_at]
}

/** The end of an id, which is what tells jobs of one day apart. */
export function shortId(id: string): string {
  return id.slice(-6)
}

/** What a machine calls `timed_out`, people read as `timed out`. */
export function worded(word: string | undefined): string {
  return (word ?? '').replaceAll('_', ' ')
}

/** In place of what cannot be seen or turns a line around. */
const UNSEEN = '\ufffd'

function oneLine(text: string | undefined): string {
  if (!text) return ''
  const cut = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text
  return cut.replaceAll(/\s+/g, ' ').trim().replaceAll(ODD, UNSEEN)
}
