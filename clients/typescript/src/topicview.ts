/**
 * One topic as a viewer sees it: documents, counts, kept events and log lines, folded from a snapshot and events.
 *
 * One shape serves all topics, so an event or topic this client has never heard of still folds. What is kept of what grows
 * is a function of the log alone, not of when one began to look (I12). The maps are changed in place, what is in them is
 * not. Must never know cursors or frames. Called by viewing.ts; twin of protocol/topicview.py.
 */
import type { Change } from './change.ts'
import { type Document, equalJson, fold, foldCounts, isObject, type States } from './fold.ts'
import { Lines, type Range } from './lines.ts'
import { Newest } from './newest.ts'
import { carrier, isCustom, parseTopic, prefixOf, subjectOf } from './topic.ts'
import type {
  JobDoc,
  JsonObject,
  Keep,
  KindDoc,
  Line,
  ServiceDoc,
  SetQueueDoc,
  TopicData,
  WireEvent,
  WorkerDoc,
} from './wire.ts'

const FINISHED: Keep = { finished: 500 }
/** By the name of the topic; a snapshot's own `keep` wins, because the server's settings do. */
const KEEP: Readonly<Record<string, Keep>> = {
  jobs: FINISHED,
  queue: FINISHED,
  kind: FINISHED,
  label: FINISHED,
  flow: FINISHED,
  job: { events: 200 },
  system: { events: 100 },
  metrics: { events: 2_000, window_s: 600 },
  custom: { events: 100 },
}
/** Events that newer ones stand for: never among the kept. */
const PASSING = new Set([
  'job.progressed',
  'job.previewed',
  'worker.loaded',
  'service.loaded',
  'queue.counted',
])
const FINAL = new Set(['completed', 'failed', 'cancelled'])
const NONE: ReadonlyMap<string, Document> = new Map()

/** The documents of entities that this client knows; of others, and fields not named here, all is `unknown`. */
export interface Documents {
  job: JobDoc & Document
  worker: WorkerDoc & Document
  service: ServiceDoc & Document
  queue: SetQueueDoc & Document
  kind: KindDoc & Document
}

export class TopicView {
  readonly topic: string
  /** True for the events of this topic. */
  readonly carries: (event: WireEvent) => boolean
  /** entity (first word of event types) → id → document. */
  readonly documents: ReadonlyMap<string, ReadonlyMap<string, Document>>
  /** Lines of a log by number; facts of this epoch, so they stay over a new snapshot. */
  readonly lines = new Lines()
  /** The first and the last line there is, here or not. */
  firstLine: number | undefined
  lastLine = 0
  /** queue → state → number of jobs; null: not known for this topic. Another object for a queue whose counts changed. */
  counts: ReadonlyMap<string, States> | null = null
  /** There are more documents than these. */
  capped = false
  /** Jobs beyond a capped snapshot that moved; a new snapshot may show them. */
  readonly unknown = new Set<string>()
  keep: Keep

  readonly #documents = new Map<string, Map<string, Document>>()
  readonly #keepAtFirst: Keep
  readonly #kept = new Map<string | number, WireEvent>()
  #events: readonly WireEvent[] | undefined
  #counts: Map<string, States> | null = null
  #finished = new Newest()

  constructor(topic: string) {
    this.topic = topic
    this.carries = carrier(topic)
    this.documents = this.#documents
    const [name] = parseTopic(topic)
    this.keep = this.#keepAtFirst = (Object.hasOwn(KEEP, name) ? KEEP[name] : undefined) ?? {}
  }

  /** All documents of an entity (`job`, `worker`, `queue` …) by id. */
  all<E extends keyof Documents>(entity: E): ReadonlyMap<string, Documents[E]>
  all(entity: string): ReadonlyMap<string, Document>
  all(entity: string): ReadonlyMap<string, Document> {
    return this.#documents.get(entity) ?? NONE
  }

  /** The kept events, oldest first; the same array until one comes or goes. */
  get events(): readonly WireEvent[] {
    this.#events ??= [...this.#kept.values()]
    return this.#events
  }

  /** Line numbers between the first and the last that are not here yet. */
  holes(): Range[] {
    return this.lines.holes(this.firstLine ?? this.lines.ranges[0]?.[0] ?? 1, this.lastLine)
  }

  /** Begin anew with a snapshot. A document that is the same as before stays the same object. */
  load(data: TopicData): void {
    const before = new Map(this.#documents)
    this.#documents.clear()
    for (const [entity, documents] of Object.entries(data.documents ?? {})) {
      this.#documents.set(entity, kept(before.get(entity), documents))
    }
    this.counts = this.#counts = data.counts ? new Map(Object.entries(data.counts)) : null
    this.capped = data.capped ?? false
    this.unknown.clear()
    this.keep = data.keep ?? this.#keepAtFirst
    this.#kept.clear()
    this.#events = undefined
    for (const event of data.events ?? []) this.#remember(event)
    this.firstLine = data.first ?? undefined
    this.lastLine = Math.max(this.lastLine, data.last ?? 0)
    this.fill(data.lines ?? [])
    this.#finished = new Newest()
    for (const [id, job] of this.all('job')) this.#finished.move(id, undefined, endOf(job))
    this.#trim()
  }

  /** The log is another one: nothing seen counts any more. */
  forget(): void {
    this.lines.clear()
    this.lastLine = 0
    this.load({})
  }

  /** Lines from an event or a REST page. Those that were not here before go into `change`. */
  fill(lines: Iterable<Line>, change?: Change): void {
    for (const line of lines) if (this.lines.put(line)) change?.lines.push(line)
  }

  /** Fold events of this topic, in order, and note in `change` what they changed. */
  apply(events: readonly WireEvent[], change: Change): void {
    let moved = false
    for (const event of events) {
      if (event.type === 'job.logged') {
        this.#log(event, change)
        continue
      }
      if (this.#counts && foldCounts(this.#counts, event)) change.counts = true
      if (!isCustom(event)) this.#fold(event, change)
      this.#remember(event)
      moved ||= event.data.was !== undefined && event.type.startsWith('job.')
    }
    if (moved) this.#trim(change)
  }

  #log(event: WireEvent, change: Change): void {
    const lines = event.data.lines ?? []
    this.fill(lines, change)
    for (const [number] of lines) this.lastLine = Math.max(this.lastLine, number)
    this.firstLine ??= lines[0]?.[0]
  }

  #fold(event: WireEvent, change: Change): void {
    const { set, put, was, deleted } = event.data
    if (!deleted && set === undefined && put === undefined) return
    const entity = prefixOf(event.type)
    const id = subjectOf(event)
    const documents = this.#of(entity)
    const before = documents.get(id)
    if (before === undefined && !deleted && entity === 'job' && was !== null) {
      this.unknown.add(id)
      return
    }
    const after = deleted ? undefined : fold(before, event)
    if (after) documents.set(id, after)
    else documents.delete(id)
    if (entity === 'job' && this.keep.finished != null) this.#finished.move(id, endOf(before), endOf(after))
    change.touch(entity, id)
  }

  #of(entity: string): Map<string, Document> {
    let documents = this.#documents.get(entity)
    if (!documents) {
      documents = new Map()
      this.#documents.set(entity, documents)
    }
    return documents
  }

  /** Keep the event if this topic keeps events, in place of the one it supersedes. */
  #remember(event: WireEvent): void {
    const most = this.keep.events ?? 0
    if (!most || PASSING.has(event.type)) return
    const key = supersedingKey(event) ?? event.seq
    this.#kept.delete(key)
    this.#kept.set(key, event)
    this.#events = undefined
    for (const [oldest, { at }] of this.#kept) {
      if (this.#kept.size <= most && !this.#isPast(at, event.at)) return
      this.#kept.delete(oldest)
    }
  }

  #isPast(oldest: string, newest: string): boolean {
    const window = this.keep.window_s
    return window != null && Date.parse(newest) - Date.parse(oldest) > window * 1000
  }

  /** Keep the newest finished jobs, by when they finished: the same ones that a snapshot taken now would have. */
  #trim(change?: Change): void {
    const most = this.keep.finished
    if (most == null || this.#finished.size <= most) return
    const jobs = this.#of('job')
    for (const id of this.#finished.drop(this.#finished.size - most)) {
      jobs.delete(id)
      change?.touch('job', id)
    }
  }
}

/** When a job finished, or undefined for one that has not. */
function endOf(job: Document | undefined): string | undefined {
  if (!job || typeof job.state !== 'string' || !FINAL.has(job.state)) return undefined
  return typeof job.finished_at === 'string' ? job.finished_at : ''
}

/** Of two events with one key the later stands for both; undefined: this event is never superseded. */
function supersedingKey(event: WireEvent): string | undefined {
  const key = isCustom(event) ? event.data.conflate_key : undefined
  return key ? [event.type, String(key), subjectOf(event), event.job ?? ''].join('\0') : undefined
}

function kept(
  before: ReadonlyMap<string, Document> | undefined,
  documents: Readonly<Record<string, unknown>>,
): Map<string, Document> {
  const map = new Map<string, Document>()
  for (const [id, document] of Object.entries(documents)) {
    const old = before?.get(id)
    if (isObject(document)) map.set(id, old && equalJson(old, document) ? old : document)
  }
  return map
}

/** The pages of one topic as one: documents are united, lists follow one another, of the rest the last said stands. */
export function joined(pages: readonly TopicData[]): TopicData {
  if (pages.length === 1 && pages[0]) return pages[0]
  const documents: Record<string, Record<string, JsonObject>> = {}
  let rest: TopicData = {}
  for (const { documents: some = {}, events = [], lines = [], ...others } of pages) {
    for (const [entity, each] of Object.entries(some)) documents[entity] = { ...documents[entity], ...each }
    rest = {
      ...rest,
      ...said(others),
      events: [...(rest.events ?? []), ...events],
      lines: [...(rest.lines ?? []), ...lines],
    }
  }
  return { ...rest, documents, capped: pages.some(page => page.capped) }
}

function said(data: TopicData): TopicData {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value != null))
}
