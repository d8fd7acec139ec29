/**
 * That a job has ended is told once: to everybody who is there when it is known, and never again for that job.
 *
 * One book for a client. Telling waits for the end of the turn, so that components that appear together hear it together,
 * and one that React mounts twice (StrictMode) hears it once. A job that nobody wanted to hear of is not told: whoever comes
 * later and asks is. Must never know views. Used by useJob.
 */
import type { Headway } from '../client.ts'
import { callAll } from '../readable.ts'
import type { JobDoc } from '../wire.ts'

const BOOKED = 10_000

class Settling {
  readonly #told = new Set<string>()
  readonly #due = new Map<string, JobDoc>()
  readonly #waiting = new Map<string, Set<(job: JobDoc) => void>>()

  /** Be told of the end of a job, if it was not told yet; the answer ends the wish. */
  wait(id: string, settled: (job: JobDoc) => void): () => void {
    const waiting = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, waiting)
    waiting.add(settled)
    return () => {
      waiting.delete(settled)
      if (!waiting.size && this.#waiting.get(id) === waiting) this.#waiting.delete(id)
    }
  }

  /** The job has ended; said as often as you like. */
  settle(job: JobDoc): void {
    if (this.#told.has(job.id) || this.#due.has(job.id)) return
    this.#due.set(job.id, job)
    queueMicrotask(() => this.#tell(job))
  }

  #tell(job: JobDoc): void {
    this.#due.delete(job.id)
    const waiting = this.#waiting.get(job.id)
    if (!waiting) return
    this.#told.add(job.id)
    for (const oldest of this.#told) {
      if (this.#told.size <= BOOKED) break
      this.#told.delete(oldest)
    }
    callAll(waiting, settled => settled(job))
  }
}

const books = new WeakMap<Headway, Settling>()

/** The book of a client. */
export function settlingOf(client: Headway): Settling {
  const book = books.get(client) ?? new Settling()
  books.set(client, book)
  return book
}
