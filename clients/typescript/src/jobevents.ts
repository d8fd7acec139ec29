/**
 * The events of one job, each once and in order, from the past through every cut until it has ended.
 *
 * Theory. The past is a page of REST, the present a view: after every consistent cut of the view (its first, and each that
 * follows a reset) what lies between the last event told and the cut is fetched by `seq`; what comes later comes as `fresh`.
 * An event is told if its `seq` is greater than the last one's, so nothing is told twice. Must never know frames.
 */
import type { Jobs } from './jobs.ts'
import type { Change, Followed, Live } from './live.ts'
import type { WireEvent } from './wire.ts'

export interface FollowEvents {
  /** A seq: only later events. */
  readonly after?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const ENDS: ReadonlySet<string> = new Set(['job.completed', 'job.failed', 'job.cancelled', 'job.deleted'])

/** Ends after the event that ended the job; throws what `signal` was aborted with, or why the server refuses. */
export async function* eventsOf(
  jobs: Jobs,
  live: Live,
  id: string,
  options: FollowEvents,
): AsyncGenerator<WireEvent> {
  const { signal } = options
  signal?.throwIfAborted()
  let last = options.after ?? 0
  const followed = live.follow([`job:${id}`], { conflate: false })
  const changes = new Changes(followed, signal)
  try {
    for (let change: Change | undefined; ; change = await changes.next()) {
      if (followed.refused) throw followed.refused
      if (!followed.ready) continue
      const isCut = !change || change.whole
      for await (const event of isCut ? past(jobs, id, last, signal) : (change?.fresh ?? [])) {
        if (event.seq <= last || event.type === 'job.logged') continue
        last = event.seq
        yield event
        if (ENDS.has(event.type)) return
      }
      const job = followed.view.topic().all('job').get(id)
      if (job?.finished_at !== undefined) return // its end was before `after`
    }
  } finally {
    changes.end()
    followed.close()
  }
}

async function* past(
  jobs: Jobs,
  id: string,
  after: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<WireEvent> {
  for (let next: number | null = after; next !== null; ) {
    const page = await jobs.events(id, { after: next }, { signal })
    yield* page.events
    next = page.next
  }
}

/** The changes of a view, one after the other, none lost while the reader is busy. */
class Changes {
  readonly #waiting: Change[] = []
  readonly #leave: () => void
  readonly #signal: AbortSignal | undefined
  #wake: (() => void) | undefined
  readonly #abort = (): void => this.#wake?.()

  constructor(followed: Followed, signal: AbortSignal | undefined) {
    this.#signal = signal
    this.#leave = followed.subscribe(change => {
      this.#waiting.push(change)
      this.#wake?.()
    })
    signal?.addEventListener('abort', this.#abort)
  }

  async next(): Promise<Change | undefined> {
    this.#signal?.throwIfAborted()
    if (!this.#waiting.length) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    this.#signal?.throwIfAborted()
    return this.#waiting.shift()
  }

  end(): void {
    this.#leave()
    this.#signal?.removeEventListener('abort', this.#abort)
  }
}
