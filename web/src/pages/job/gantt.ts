/** The time chart of a job: lanes of waits, attempts and stages on one axis. Pure: positions are shares of the width. */

import type { AttemptDoc, JobDoc } from '@headway/client'
import { worded } from '../../words/jobs.ts'
import { clock, spent } from '../../words/numbers.ts'
import { lookOf, type Tone } from '../../words/states.ts'
import { attemptsOf } from './facts.ts'
import { flat, type StageNode, stageTree } from './stages.ts'

export interface GanttSpan {
  readonly from: number
  readonly to: number
  readonly kind: 'wait' | 'offer' | 'run' | 'stage' | 'pending'
  readonly tone: Tone
  readonly word: string
  /** its right edge is now, and moves */
  readonly open: boolean
}
export interface Lane {
  readonly key: string
  readonly label: string
  readonly about: string
  readonly depth: number
  /** the attempt it belongs to; 0: the job */
  readonly attempt: number
  readonly spans: readonly GanttSpan[]
}
export interface Tick {
  readonly at: number
  readonly label: string
}
export interface Chart {
  readonly from: number
  readonly to: number
  readonly lanes: readonly Lane[]
  readonly ticks: readonly Tick[]
}

/** What is shorter is drawn on an axis of this length. */
const LEAST_MS = 20

const OUTCOMES: Readonly<Record<string, Tone>> = {
  succeeded: 'completed',
  cancelled: 'cancelled',
  released: 'soft',
  refused: 'soft',
}

/** The word and tone for how an attempt stands or ended; `state` of its job. */
export function attemptLook(
  attempt: AttemptDoc,
  state: string = 'running',
): { readonly word: string; readonly tone: Tone } {
  if (attempt.outcome) return { word: worded(attempt.outcome), tone: OUTCOMES[attempt.outcome] ?? 'failed' }
  if (attempt.phase === 'offered') return { word: 'offered', tone: 'waiting' }
  const { word, tone } = lookOf(state === 'cancelling' ? state : 'running')
  return { word, tone }
}

/** Lanes and axis; `zoom` an attempt's number: that one alone with its stages. Without attempts: its wait. */
export function ganttOf(job: JobDoc, now: number, zoom?: number): Chart {
  const attempts = attemptsOf(job)
  const zoomed = attempts.find(attempt => attempt.number === zoom)
  const lanes = zoomed ? attemptLanes(job, zoomed, now, undefined, true) : jobLanes(job, attempts, now)
  const instants = lanes.flatMap(lane => lane.spans.flatMap(span => [span.from, span.to]))
  const from = instants.length ? Math.min(...instants) : Date.parse(job.created_at)
  const to = Math.max(from + LEAST_MS, ...instants)
  return { from, to, lanes, ticks: ticksOf(from, to) }
}

function jobLanes(job: JobDoc, attempts: readonly AttemptDoc[], now: number): readonly Lane[] {
  const single = attempts.length === 1
  let free = Date.parse(job.created_at)
  const lanes = attempts.flatMap(attempt => {
    const found = attemptLanes(job, attempt, now, free, single || attempt.number === job.attempt)
    free = attempt.ended_at ? Date.parse(attempt.ended_at) : now
    return found
  })
  const waiting = waitLane(job, attempts, free, now)
  return waiting ? [...lanes, waiting] : lanes
}

/** What it waits for now: its first start, or the next try with the pause still to come. */
function waitLane(job: JobDoc, attempts: readonly AttemptDoc[], free: number, now: number): Lane | undefined {
  const ended = job.finished_at ? Date.parse(job.finished_at) : undefined
  if (attempts.length && !['scheduled', 'queued', 'blocked'].includes(job.state)) return undefined
  const look = lookOf(job.state)
  const until = ended ?? Math.max(free, now)
  const spans: GanttSpan[] = [
    {
      from: free,
      to: until,
      kind: 'wait',
      tone: 'waiting',
      word: ended ? 'waited' : look.word,
      open: !ended,
    },
  ]
  const due = job.run_at && job.state === 'scheduled' ? Date.parse(job.run_at) : 0
  if (due > until)
    spans.push({
      from: until,
      to: due,
      kind: 'pending',
      tone: 'scheduled',
      word: attempts.length ? 'pause' : 'to come',
      open: false,
    })
  const next = attempts.length ? `Attempt ${job.attempt + 1}` : 'Waiting'
  return {
    key: 'wait',
    label: next,
    about: ended ? worded(job.reason ?? 'ended') : look.word,
    depth: 0,
    attempt: 0,
    spans,
  }
}

function attemptLanes(
  job: JobDoc,
  attempt: AttemptDoc,
  now: number,
  free: number | undefined,
  withStages: boolean,
): readonly Lane[] {
  const { word, tone } = attemptLook(attempt, job.state)
  const offered = Date.parse(attempt.offered_at)
  const started = attempt.started_at ? Date.parse(attempt.started_at) : undefined
  const ended = attempt.ended_at ? Date.parse(attempt.ended_at) : undefined
  const end = ended ?? Math.max(now, started ?? offered)
  const spans: GanttSpan[] = []
  if (free !== undefined && offered > free)
    spans.push({ from: free, to: offered, kind: 'wait', tone: 'waiting', word: 'waited', open: false })
  if (started !== undefined && started > offered)
    spans.push({ from: offered, to: started, kind: 'offer', tone: 'waiting', word: 'offered', open: false })
  const kind = started === undefined ? 'offer' : 'run'
  spans.push({ from: started ?? offered, to: end, kind, tone, word, open: ended === undefined })
  const number = attempt.number
  const lane: Lane = {
    key: `a${number}`,
    label: `Attempt ${number}`,
    about: attempt.worker,
    depth: 0,
    attempt: number,
    spans,
  }
  return withStages ? [lane, ...stageLanes(attempt, end)] : [lane]
}

function stageLanes(attempt: AttemptDoc, end: number): readonly Lane[] {
  return flat(stageTree(attempt)).flatMap(node => {
    if (!node.doc?.started_at) return []
    const key = `a${attempt.number}/${node.path}`
    return [
      {
        key,
        label: node.name,
        about: '',
        depth: node.depth + 1,
        attempt: attempt.number,
        spans: [stageSpan(node, end, attemptLook(attempt).tone)],
      },
    ]
  })
}

function stageSpan(node: StageNode, end: number, over: Tone): GanttSpan {
  const from = Date.parse(node.doc?.started_at ?? '')
  const open = node.state === 'running'
  const to = node.doc?.ended_at ? Date.parse(node.doc.ended_at) : Math.max(from, end)
  const tones: Readonly<Record<string, Tone>> = {
    running: 'running',
    completed: 'completed',
    stopped: over,
  }
  const word = { waiting: 'not yet', running: 'running', completed: 'done', stopped: 'stopped' }[node.state]
  return { from, to, kind: 'stage', tone: tones[node.state] ?? 'soft', word, open }
}

const STEPS_S = [
  0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200,
  10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
]
const MOST_TICKS = 6

/** Round distances from the beginning, at most six. */
export function ticksOf(from: number, to: number): readonly Tick[] {
  const seconds = (to - from) / 1000
  const step =
    STEPS_S.find(each => seconds / each <= MOST_TICKS) ?? Math.ceil(seconds / MOST_TICKS / 604_800) * 604_800
  const count = Math.floor(seconds / step)
  return Array.from({ length: count + 1 }, (_, index) => ({
    at: from + index * step * 1000,
    label: step < 1 ? spent(index * step) : clock(index * step),
  }))
}

/** A position as a share of the axis, kept inside it. */
export function shareOf(chart: Chart, at: number): number {
  return Math.min(1, Math.max(0, (at - chart.from) / (chart.to - chart.from)))
}

/** `running, 0:42 so far`; `errored after 2.4 s`. */
export function spanWords(span: GanttSpan): string {
  const seconds = (span.to - span.from) / 1000
  return span.open ? `${span.word}, ${clock(seconds)} so far` : `${span.word}, ${spent(seconds)}`
}
