/**
 * What changed in a view since its listeners were last told: gathered while frames come in, given out once per frame drawn.
 *
 * Must never know who listens. Filled by viewing.ts and topicview.ts, given out by live.ts.
 */
import type { Line, WireEvent } from './wire.ts'

export class Change {
  /** Everything may be another: a snapshot came, or what is shown is not to be continued (`view.ready` tells which). */
  whole = false
  /** The new events, in order, each `seq` once. */
  readonly fresh: WireEvent[] = []
  /** entity → ids of documents that changed, came or went. Of a `whole` change: look at all. */
  readonly dirty = new Map<string, Set<string>>()
  /** Counts of jobs changed. */
  counts = false
  /** Log lines that were not here before, in order of arrival. */
  readonly lines: Line[] = []

  touch(entity: string, id: string): void {
    const ids = this.dirty.get(entity)
    if (ids) ids.add(id)
    else this.dirty.set(entity, new Set([id]))
  }

  get isEmpty(): boolean {
    return !this.whole && !this.counts && !this.fresh.length && !this.dirty.size && !this.lines.length
  }
}
