/**
 * The log lines of one job by number: half a million of them, arriving in any order, read in order and by number.
 *
 * Chunks of 1,024 hold the lines; `ranges` are the numbers that are here, as few as there are holes. So a line costs the
 * same whether it is the first or the last of many, and nothing is ever sorted. Must never know events. Used by topicview.ts.
 */

import type { Line } from './wire.ts'

export type { Line } from './wire.ts'

/** Line numbers from the first to the last, both included. */
export type Range = readonly [first: number, last: number]

const CHUNK = 1024

export class Lines implements Iterable<Line> {
  readonly #chunks = new Map<number, (Line | undefined)[]>()
  #ranges: [number, number][] = []

  /** How many are here. */
  size = 0

  get ranges(): readonly Range[] {
    return this.#ranges
  }

  get(number: number): Line | undefined {
    return this.#chunks.get(Math.floor(number / CHUNK))?.[number % CHUNK]
  }

  /** Keep a line; true if its number was not here before. */
  put(line: Line): boolean {
    const [number] = line
    const key = Math.floor(number / CHUNK)
    let chunk = this.#chunks.get(key)
    if (!chunk) {
      chunk = new Array<Line | undefined>(CHUNK).fill(undefined)
      this.#chunks.set(key, chunk)
    }
    const isNew = chunk[number % CHUNK] === undefined
    chunk[number % CHUNK] = line
    if (isNew) this.#note(number)
    return isNew
  }

  clear(): void {
    this.#chunks.clear()
    this.#ranges = []
    this.size = 0
  }

  /** Those that are here of `first`…`last`, in order. */
  *between(first: number, last: number): Generator<Line> {
    for (let at = this.#after(first - 1); at < this.#ranges.length; at += 1) {
      const [from, to] = this.#ranges[at] ?? [1, 0]
      if (from > last) return
      for (let number = Math.max(from, first); number <= Math.min(to, last); number += 1) {
        const line = this.get(number)
        if (line) yield line
      }
    }
  }

  [Symbol.iterator](): Generator<Line> {
    return this.between(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  }

  /** Numbers from `start` to `last` that are not here; those after `last` count where later ones are. */
  holes(start: number, last: number): Range[] {
    const found: Range[] = []
    let expected = start
    for (const [from, to] of this.#ranges) {
      if (to < start) continue
      if (from > expected) found.push([expected, from - 1])
      expected = Math.max(expected, to + 1)
    }
    if (last >= expected) found.push([expected, last])
    return found
  }

  #note(number: number): void {
    this.size += 1
    const at = this.#after(number)
    const next = this.#ranges[at]
    const before = this.#ranges[at - 1]
    const joinsBefore = before !== undefined && before[1] === number - 1
    const joinsNext = next !== undefined && next[0] === number + 1
    if (joinsBefore && joinsNext) {
      before[1] = next[1]
      this.#ranges.splice(at, 1)
    } else if (joinsBefore) before[1] = number
    else if (joinsNext) next[0] = number
    else this.#ranges.splice(at, 0, [number, number])
  }

  /** Index of the first range that ends after `number`. Nearly always asked about the end. */
  #after(number: number): number {
    const last = this.#ranges.at(-1)
    if (!last || last[1] <= number) return this.#ranges.length
    let low = 0
    let high = this.#ranges.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ranges[middle]?.[1] ?? number) > number) high = middle
      else low = middle + 1
    }
    return low
  }
}
