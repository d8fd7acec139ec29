/** A server's half in a few lines: generated logs of events, and what a server would send of them. Twin of tests/protocol/worlds.py. */

import { Change } from '../../src/change.ts'
import { carrier } from '../../src/topic.ts'
import { TopicView } from '../../src/topicview.ts'
import type {
  BatchFrame,
  JsonObject,
  Line,
  ResetFrame,
  SnapshotFrame,
  TopicData,
  WireEvent,
} from '../../src/wire.ts'
import { oneOf, type Random } from '../random.ts'

export const TOPICS = ['jobs', 'job:A', 'logs:A', 'custom:crew']
export const EPOCH = 'e1'

const at = (seq: number) => new Date(Date.UTC(2026, 10, 22, 8, 0, seq)).toISOString()

/** A log of events that a ledger could have written: jobs that come, move, log and go, and custom events. */
export function generatedLog(random: Random, length: number): WireEvent[] {
  const states = new Map<string, string>()
  let lines = 0
  return Array.from({ length }, (_, index) => {
    const seq = index + 1
    const job = oneOf(random, ['A', 'B', 'C'])
    const state = states.get(job)
    const base = { seq, at: at(seq), namespace: 'default', priority: 'normal' as const }
    if (state === undefined) return moved(null, 'queued')
    const dice = random()
    if (dice < 0.2) {
      const number = lines + 1
      lines += job === 'A' ? 1 : 0
      const line: Line = [number, at(seq), 'info', `line ${seq}`]
      if (job === 'A')
        return { ...base, type: 'job.logged', job, queue: 'q', kind: 'k', data: { lines: [line] } }
    }
    if (dice < 0.35) {
      const key = random() < 0.5 ? { conflate_key: 'x' } : {}
      return {
        ...base,
        type: oneOf(random, ['crew.started', 'other.thing']),
        job,
        data: { ...key, text: String(seq) },
      }
    }
    if (dice < 0.65) {
      const progress = { at: at(seq), overall: random(), stage: oneOf(random, ['one', 'two']) }
      return { ...base, type: 'job.progressed', job, queue: 'q', kind: 'k', data: { set: { progress } } }
    }
    const next: Record<string, string[]> = { queued: ['running'], running: ['completed', 'failed', 'queued'] }
    const to = next[state]
    return to ? moved(state, oneOf(random, [to[0] ?? 'queued', ...to])) : moved(state, 'queued')

    function moved(was: string | null, to: string): WireEvent {
      states.set(job, to)
      const finished_at = to === 'completed' || to === 'failed' ? at(seq) : null
      const set: JsonObject = { id: job, state: to, finished_at, note: { [`n${seq % 3}`]: seq, gone: null } }
      const put: JsonObject = { result: { kept: null } }
      const data = { was, set, ...(finished_at && { put }) } as WireEvent['data']
      return { ...base, type: `job.${to}`, job, queue: 'q', kind: 'k', data }
    }
  })
}

/** What the log up to `seq` looks like in a topic, as a snapshot says it. */
function dataOf(topic: string, log: readonly WireEvent[], seq: number): TopicData {
  const view = new TopicView(topic)
  view.load(topic === 'jobs' ? { counts: {} } : {})
  view.apply(log.slice(0, seq).filter(carrier(topic)), new Change())
  const documents = Object.fromEntries(
    [...view.documents].map(([entity, each]) => [
      entity,
      Object.fromEntries(each) as Record<string, JsonObject>,
    ]),
  )
  const lines = [...view.lines]
  const numbers = lines.length ? { first: 1, last: view.lastLine } : {}
  const counts = view.counts ? { counts: Object.fromEntries(view.counts) } : {}
  return structuredClone({ documents, events: view.events, lines, ...numbers, ...counts })
}

export class World {
  readonly log: readonly WireEvent[]

  constructor(log: readonly WireEvent[]) {
    this.log = log
  }

  /** Pages of the state at `seq`: each topic on a page of its own. */
  snapshot(seq: number, topics: readonly string[] = TOPICS): SnapshotFrame[] {
    return topics.map((topic, page) => {
      const data = dataOf(topic, this.log, seq)
      const more = page < topics.length - 1
      return { type: 'snapshot', id: 's1', seq, now: at(seq), page, more, topics: { [topic]: data } }
    })
  }

  batch(from: number, to: number): BatchFrame {
    return {
      type: 'batch',
      id: 's1',
      from,
      to,
      now: at(to),
      events: structuredClone(this.log.slice(from, to)),
    }
  }

  /** What a subscription from a cursor begins with. */
  answer(
    since: number | undefined,
    head: number,
    random: Random,
  ): (BatchFrame | SnapshotFrame | ResetFrame)[] {
    if (since === undefined) return this.snapshot(head)
    if (random() < 0.3)
      return [{ type: 'reset', id: 's1', epoch: EPOCH, reason: 'slow' }, ...this.snapshot(head)]
    return [this.batch(since, head)]
  }
}
