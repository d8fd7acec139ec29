/**
 * One value that changes, and those who want to know: the shape `useSyncExternalStore` takes. Must never know what it holds.
 */
export interface Readable<T> {
  /** The same object until it changes. */
  get(): T
  /** `listener` is called after each change; returns how to end it. */
  subscribe(listener: () => void): () => void
}

export class Value<T> implements Readable<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  readonly get = (): T => this.#value

  readonly subscribe = (listener: () => void): (() => void) => {
    const own = () => listener() // the same function twice is two listeners
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  set(value: T): void {
    this.#value = value
    callAll(this.#listeners, listener => listener())
  }
}

/** Call each; one that throws does not keep the others from being told, and is reported as an error of the page. */
export function callAll<L>(listeners: Iterable<L>, call: (listener: L) => void): void {
  for (const listener of [...listeners]) {
    try {
      call(listener)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
