/** The seam between what is shown and the link: real views fed by hand, told when the test says so. */
import type { Change } from '../src/change.ts'
import type { HeadwayError } from '../src/errors.ts'
import type { Connection, Followed } from '../src/live.ts'
import { Value } from '../src/readable.ts'
import { View } from '../src/viewing.ts'
import type { JobDoc, TopicData, WireEvent } from '../src/wire.ts'

interface Share {
  readonly view: View
  users: number
  /** How often it was begun anew. */
  begun: number
  refused: HeadwayError | undefined
  readonly listeners: Set<(change: Change) => void>
}

const LIVE: Connection = {
  state: 'live',
  way: 'websocket',
  since: 0,
  fresh: true,
  lagMs: 1,
  cursor: null,
  asOf: null,
  behind: 0,
  retryAt: null,
  reason: '',
  server: 'fake',
}

export class FakeLive {
  readonly connection = new Value<Connection>(LIVE)
  readonly shares = new Map<string, Share>()
  seq = 100
  nowMs = Date.parse('2026-11-22T08:00:00.000Z')

  readonly now = (): number => this.nowMs

  readonly follow = (topics: readonly string[]): Followed => {
    const key = topics.join()
    const share = this.shares.get(key) ?? this.#begin(key, topics)
    if (share.users === 0) share.begun += 1
    share.users += 1
    let isOpen = true
    return {
      view: share.view,
      get ready() {
        return share.view.ready
      },
      get refused() {
        return share.refused
      },
      subscribe: listener => {
        const told = (change: Change): void => listener(change)
        share.listeners.add(told)
        return () => share.listeners.delete(told)
      },
      close: () => {
        if (!isOpen) return
        isOpen = false
        share.users -= 1
      },
    }
  }

  retryNow(): void {
    this.setFresh(true)
  }

  setFresh(fresh: boolean): void {
    this.connection.set({ ...LIVE, fresh, state: fresh ? 'live' : 'reconnecting' })
  }

  /** How many users a subscription has now. */
  users(topic: string): number {
    return this.shares.get(topic)?.users ?? 0
  }

  /** A snapshot of one topic; told at once. */
  snapshot(topic: string, data: TopicData = {}, epoch = 'e1'): void {
    const share = this.shares.get(topic) ?? this.#begin(topic, [topic])
    if (share.view.epoch !== epoch) share.view.take({ type: 'reset', id: 's', epoch, reason: 'epoch' })
    share.view.take({
      type: 'snapshot',
      id: 's',
      seq: this.seq,
      now: this.nowText,
      topics: { [topic]: data },
    })
    this.#tell(share)
  }

  refuse(topic: string, error: HeadwayError): void {
    const share = this.shares.get(topic) ?? this.#begin(topic, [topic])
    share.refused = error
    this.#tell(share)
  }

  /** Events to everybody, told as one frame. Their `seq` is given here. */
  send(...events: readonly Unnumbered[]): void {
    const from = this.seq
    const numbered = events.map((event, index) => ({ ...event, seq: from + index + 1 }))
    this.seq += events.length
    for (const share of this.shares.values()) {
      if (!share.view.ready) continue
      share.view.take({ type: 'batch', id: 's', from, to: this.seq, now: this.nowText, events: numbered })
      this.#tell(share)
    }
  }

  get nowText(): string {
    return new Date(this.nowMs).toISOString()
  }

  #begin(key: string, topics: readonly string[]): Share {
    const share: Share = {
      view: new View(topics),
      users: 0,
      begun: 0,
      refused: undefined,
      listeners: new Set(),
    }
    this.shares.set(key, share)
    return share
  }

  #tell(share: Share): void {
    const change = share.view.takeChange()
    for (const listener of share.listeners) listener(change)
  }
}

const BORN = '2026-11-22T07:00:00.000Z'

/** A document as the server makes it. */
export function job(id: string, rest: Partial<JobDoc> = {}): JobDoc {
  return {
    id,
    namespace: 'default',
    kind: 'crawl',
    queue: 'default',
    priority: 0,
    labels: {},
    args_bytes: 2,
    created_at: BORN,
    max_attempts: 1,
    attempt: 0,
    tries: 0,
    options: {},
    state: 'queued',
    seq: 1,
    ...rest,
  }
}

/** A snapshot's documents. */
export function jobs(...documents: readonly JobDoc[]): TopicData {
  return {
    documents: { job: Object.fromEntries(documents.map(each => [each.id, { ...each }])) },
  } as TopicData
}

type Patch = NonNullable<WireEvent['data']['set']>
/** An event before it has its number. */
export type Unnumbered = Omit<WireEvent, 'seq'>

/** A new job, as its first event tells it. */
export function submitted(document: JobDoc): Unnumbered {
  const { seq: _, ...set } = document
  return event(document, 'job.submitted', { set: { ...set } as Patch, was: null })
}

/** What happened to a job. */
export function event(
  { id, kind, queue, labels }: JobDoc,
  type: string,
  data: WireEvent['data'],
): Unnumbered {
  return { at: BORN, type, namespace: 'default', priority: 'normal', job: id, kind, queue, labels, data }
}

/** A job goes from one state to another. */
export function moved(document: JobDoc, state: JobDoc['state'], rest: Patch = {}): Unnumbered {
  return event(document, `job.${state}`, { set: { state, ...rest }, was: document.state })
}
