/**
 * What a viewer sees, kept right by seven rules: the viewer's half of the viewer link, without its network.
 *
 * All there is to get right is *where I stand* (the cursor) and *that nothing is between* (R1). The first cut comes as a
 * snapshot, whole or not at all (R5). A cut, a doubled frame, a lost frame and a replaced history are the same few cases:
 *
 *     batch against cursor          what the view does                                    Took
 *     from == cursor                applies it; cursor := to                              applied
 *     to <= cursor                  has it all: drops it                                  known
 *     from < cursor < to            drops what it has, applies the rest; cursor := to     applied
 *     from > cursor, or no cursor   something is missing: resubscribe with `since`        gap
 *
 * Must never know transports or time. Twin of protocol/viewing.py; both run spec/cases/viewer-*.json.
 */
import { Change } from './change.ts'
import { joined, TopicView } from './topicview.ts'
import type { BatchFrame, Line, ResetFrame, SnapshotFrame, TopicData } from './wire.ts'

/** What became of a frame. `page`: kept until the snapshot is whole; `reset`: wait for the snapshot that follows. */
export type Took = 'applied' | 'known' | 'page' | 'gap' | 'reset'
/** `auto`: a view that begins with a snapshot; `events`: only what happens from now on, or from a cursor on. */
export type Want = 'auto' | 'events'

export class View {
  readonly topics: ReadonlyMap<string, TopicView>
  readonly want: Want
  /** The log that is shown. */
  epoch = ''
  /** Where the view stands; undefined: on no consistent cut, so nothing is to be shown as current (R5). */
  seq: number | undefined
  /** How many events were left out so far because later ones cover them (R4). */
  conflated = 0
  /** The server's `now` of the newest frame applied. */
  asOf = ''
  /** Why what is here is not to be continued, until a snapshot has come. */
  resetReason: string | undefined

  #pages: SnapshotFrame[] = []
  #change = new Change()

  constructor(topics: readonly string[], want: Want = 'auto') {
    this.topics = new Map(topics.map(topic => [topic, new TopicView(topic)]))
    this.want = want
  }

  get ready(): boolean {
    return this.seq !== undefined
  }

  /** `EPOCH.SEQ` to go on from; undefined: with a snapshot. */
  get cursor(): string | undefined {
    return this.seq === undefined ? undefined : `${this.epoch}.${this.seq}`
  }

  /** The one topic of a view of one, or the named one of several. */
  topic(name?: string): TopicView {
    const found = name === undefined ? this.topics.values().next().value : this.topics.get(name)
    if (!found)
      throw new RangeError(`The view has no topic ${name}; it has ${[...this.topics.keys()].join(', ')}.`)
    return found
  }

  /** What changed since this was last asked. */
  takeChange(): Change {
    const change = this.#change
    this.#change = new Change()
    return change
  }

  /** True if there is something to tell. */
  get hasChanged(): boolean {
    return !this.#change.isEmpty
  }

  /** Stand at a cursor from before, to go on from there. */
  stand(epoch: string, seq: number): void {
    this.epoch = epoch
    this.seq = seq
  }

  /** A link has begun on the log `epoch`. Another log than before is said by `reset`, not here. */
  open(epoch: string): void {
    this.#pages = []
    if (this.seq === undefined) this.#enter(epoch)
  }

  /** Apply one frame. */
  take(frame: BatchFrame | SnapshotFrame | ResetFrame): Took {
    if (frame.type === 'reset') return this.#reset(frame)
    const took = frame.type === 'batch' ? this.#batch(frame) : this.#snapshot(frame)
    if (took === 'applied') this.asOf = frame.now
    return took
  }

  /** Log lines that were fetched by number. */
  fill(topic: string, lines: Iterable<Line>): void {
    this.topic(topic).fill(lines, this.#change)
  }

  #batch(batch: BatchFrame): Took {
    if (this.seq === undefined && this.want === 'events') this.seq = batch.from
    const known = this.seq
    if (known === undefined || batch.from > known) return 'gap'
    if (batch.to < known || (batch.to === known && batch.from < known)) return 'known'
    this.seq = batch.to
    this.conflated += batch.conflated ?? 0
    const fresh = (batch.events ?? []).filter(event => event.seq > known)
    for (const event of fresh) this.#change.fresh.push(event)
    for (const topic of this.topics.values()) topic.apply(fresh.filter(topic.carries), this.#change)
    return 'applied'
  }

  #snapshot(page: SnapshotFrame): Took {
    const number = page.page ?? 0
    if (number === 0) this.#pages = []
    const [first] = this.#pages
    if (number !== this.#pages.length || (first && first.seq !== page.seq)) {
      this.#pages = []
      return 'gap'
    }
    this.#pages.push(page)
    if (page.more) return 'page'
    for (const [name, topic] of this.topics) topic.load(joined(this.#said(name)))
    this.#pages = []
    this.seq = page.seq
    this.resetReason = undefined
    this.#change.whole = true
    return 'applied'
  }

  /** What the pages say of a topic. */
  #said(topic: string): TopicData[] {
    return this.#pages.flatMap(({ topics }) => topics?.[topic] ?? [])
  }

  #reset(frame: ResetFrame): Took {
    this.#enter(frame.reason === 'permission' ? '' : frame.epoch)
    this.epoch = frame.epoch
    this.seq = undefined
    this.resetReason = frame.reason
    this.#pages = []
    this.#change.whole = true
    return 'reset'
  }

  /** Another log than that of what is shown: nothing shown counts any more. */
  #enter(epoch: string): void {
    if (this.epoch && epoch !== this.epoch) {
      for (const topic of this.topics.values()) topic.forget()
      this.#change.whole = true
    }
    this.epoch = epoch
  }
}
