/**
 * Ids in the order of (instant, id), for keeping the newest of many: finished jobs. Oldest first, so that what goes is in front.
 *
 * What comes is nearly always the newest, so it is found at the end. Used by topicview.ts.
 */
type Entry = readonly [at: string, id: string]

export class Newest {
  #entries: Entry[] = []

  get size(): number {
    return this.#entries.length
  }

  /** An id has another instant than before; undefined: it is not among these. */
  move(id: string, before: string | undefined, after: string | undefined): void {
    if (before === after) return
    if (before !== undefined) this.#entries.splice(this.#place([before, id]), 1)
    if (after !== undefined) this.#entries.splice(this.#place([after, id]), 0, [after, id])
  }

  /** Take the oldest `number` out. */
  drop(number: number): string[] {
    return this.#entries.splice(0, number).map(([, id]) => id)
  }

  #place(entry: Entry): number {
    let low = 0
    let high = this.#entries.length
    if (isBefore(this.#entries[high - 1], entry)) return high
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(this.#entries[middle], entry)) low = middle + 1
      else high = middle
    }
    return low
  }
}

function isBefore(one: Entry | undefined, other: Entry): boolean {
  return one !== undefined && (one[0] === other[0] ? one[1] < other[1] : one[0] < other[0])
}
