/**
 * The lines of a log that are in memory: blocks of 1,000 by number, the least looked at let go beyond a bound.
 *
 * A block knows up to which number the server was asked for it, so that a number that no line has is not asked for again.
 * What is `pinned` (what somebody looks at) is never let go. Must never know where lines come from. Owned by joblog.ts.
 */
import type { Line } from './lines.ts'

export const BLOCK = 1_000

interface Block {
  readonly lines: (Line | undefined)[]
  /** Numbers up to this one were asked for: those that are not here do not exist. */
  askedTo: number
}

export class LogBlocks {
  readonly #most: number
  /** Least recently touched first. */
  readonly #blocks = new Map<number, Block>()
  #pinned: readonly [first: number, last: number] = [0, -1]

  constructor(most: number) {
    this.#most = most
  }

  /** Blocks in memory. */
  get size(): number {
    return this.#blocks.size
  }

  get(number: number): Line | undefined {
    return this.#blocks.get(blockOf(number))?.lines[(number - 1) % BLOCK]
  }

  /** True if the server was asked and has no such line. */
  isAbsent(number: number): boolean {
    const block = this.#blocks.get(blockOf(number))
    return block !== undefined && number <= block.askedTo && block.lines[(number - 1) % BLOCK] === undefined
  }

  /** Keep lines; true if any was not here. */
  put(lines: Iterable<Line>): boolean {
    let isNew = false
    let block: Block | undefined
    let at = -1
    for (const line of lines) {
      const index = blockOf(line[0])
      if (index !== at || !block) {
        at = index
        block = this.#touch(index)
      }
      const place = (line[0] - 1) % BLOCK
      isNew ||= block.lines[place] === undefined
      block.lines[place] = line
    }
    this.#trim()
    return isNew
  }

  /** Never let go of the blocks of `first`…`last`, until others are pinned. */
  pin(first: number, last: number): void {
    this.#pinned = [blockOf(first), blockOf(last)]
    for (let index = this.#pinned[0]; index <= this.#pinned[1]; index += 1) {
      if (this.#blocks.has(index)) this.#touch(index)
    }
  }

  /** The numbers of one block, within `first`…`last`, that have to be asked for; undefined: none. */
  missing(index: number, first: number, last: number): readonly [from: number, to: number] | undefined {
    const block = this.#blocks.get(index)
    const from = Math.max(first, index * BLOCK + 1, (block?.askedTo ?? 0) + 1)
    const to = Math.min(last, (index + 1) * BLOCK)
    if (!block) return from <= to ? [from, to] : undefined
    let low = from
    let high = to
    while (low <= high && block.lines[(low - 1) % BLOCK]) low += 1
    while (high >= low && block.lines[(high - 1) % BLOCK]) high -= 1
    return low <= high ? [low, high] : undefined
  }

  /** The server was asked for everything of this block up to `to`. */
  asked(index: number, to: number): void {
    const block = this.#touch(index)
    block.askedTo = Math.max(block.askedTo, to)
  }

  clear(): void {
    this.#blocks.clear()
  }

  #touch(index: number): Block {
    const block = this.#blocks.get(index) ?? { lines: emptyBlock(), askedTo: 0 }
    this.#blocks.delete(index)
    this.#blocks.set(index, block)
    return block
  }

  #trim(): void {
    if (this.#blocks.size <= this.#most) return
    const [first, last] = this.#pinned
    for (const index of this.#blocks.keys()) {
      if (this.#blocks.size <= this.#most) return
      if (index < first || index > last) this.#blocks.delete(index)
    }
  }
}

function emptyBlock(): (Line | undefined)[] {
  return Array.from({ length: BLOCK }, () => undefined)
}

/** Which block holds a line number. */
export function blockOf(number: number): number {
  return Math.floor((number - 1) / BLOCK)
}
