/** Time travel: a job as it was after any of its events, by folding them as everybody does. Knows no screen. */

import { fold, type JobDoc, type WireEvent } from '@headway/client'

export interface Past {
  readonly job: JobDoc
  readonly event: WireEvent
  /** 1-based among the events that are kept */
  readonly number: number
  readonly count: number
}

const EVERY = 100

/** Folds forward and keeps the documents of each hundredth event, so that a slider over many thousands stays quick. */
export class History {
  readonly events: readonly WireEvent[]
  readonly #kept: (Readonly<Record<string, unknown>> | undefined)[] = [undefined]

  constructor(events: readonly WireEvent[]) {
    this.events = events
  }

  /** The position of the last event up to `seq`; the first where all are later. */
  indexAt(seq: number): number {
    let [low, high] = [0, this.events.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.events[middle]?.seq ?? 0) <= seq) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The job after that event; undefined where nothing is kept, or it was not yet a job. */
  at(index: number): Past | undefined {
    const event = this.events[index]
    if (!event) return undefined
    const document = this.#folded(index)
    return isJob(document)
      ? { job: document, event, number: index + 1, count: this.events.length }
      : undefined
  }

  #folded(index: number): Readonly<Record<string, unknown>> | undefined {
    const wanted = Math.floor(index / EVERY)
    while (this.#kept.length <= wanted) {
      const start = (this.#kept.length - 1) * EVERY
      this.#kept.push(this.#run(this.#kept.at(-1), start, start + EVERY))
    }
    return this.#run(this.#kept[wanted], wanted * EVERY, index + 1)
  }

  #run(document: Readonly<Record<string, unknown>> | undefined, from: number, to: number) {
    return this.events
      .slice(from, to)
      .reduce<typeof document>((before, event) => fold(before, event), document)
  }
}

function isJob(document: unknown): document is JobDoc {
  return (
    typeof document === 'object' &&
    document !== null &&
    'id' in document &&
    'state' in document &&
    'created_at' in document
  )
}
