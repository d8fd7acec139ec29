/**
 * Calls as often as asked, but at most once each so many milliseconds: the first at once, the last for certain.
 *
 * Used for what is costly to draw: lists at 4 Hz, logs at 10 Hz. Must never know what is called.
 */
export class Limiter {
  readonly #call: () => void
  readonly #everyMs: number
  #timer: ReturnType<typeof setTimeout> | undefined
  #openAt = 0

  constructor(everyMs: number, call: () => void) {
    this.#everyMs = everyMs
    this.#call = call
  }

  /** Something is to be told. */
  ask(): void {
    if (this.#timer !== undefined) return
    const wait = this.#openAt - performance.now()
    if (wait <= 0) this.now()
    else this.#timer = setTimeout(() => this.now(), wait)
  }

  /** Tell at once, whatever was told just now. */
  now(): void {
    this.stop()
    this.#openAt = performance.now() + this.#everyMs
    this.#call()
  }

  /** What was asked for and not told yet is not told. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
