/**
 * Those who want to be told, as a set that may change while they are told.
 *
 * One that left while others were told is not called any more. Must never know what there is to tell.
 */
import { callAll } from './readable.ts'

export class Listeners {
  readonly #set = new Set<() => void>()

  get size(): number {
    return this.#set.size
  }

  /** Be told from now on; the answer ends it. The same function twice is told twice. */
  add(listener: () => void): () => void {
    const own = (): void => listener()
    this.#set.add(own)
    return () => this.#set.delete(own)
  }

  tell(): void {
    callAll(this.#set, listener => {
      if (this.#set.has(listener)) listener()
    })
  }
}

/** Listeners by id; an id that nobody listens to costs nothing. */
export class ListenersById {
  readonly #byId = new Map<string, Listeners>()

  add(id: string, listener: () => void): () => void {
    const listeners = this.#byId.get(id) ?? new Listeners()
    this.#byId.set(id, listeners)
    const end = listeners.add(listener)
    return () => {
      end()
      if (!listeners.size && this.#byId.get(id) === listeners) this.#byId.delete(id)
    }
  }

  tell(id: string): void {
    this.#byId.get(id)?.tell()
  }
}
