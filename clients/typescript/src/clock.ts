/**
 * The server's clock as it can be known here: what `now` is there, and how late the newest frame came.
 *
 * The frame that came fastest tells how far the clocks are apart (it was under way for the shortest time); how much later
 * another one came is the lag. Only the last minute counts, because clocks drift. Instants of here are monotonic ms; of the
 * server, ms since the epoch. Must never know links. Used by live.ts.
 */
const WINDOW_MS = 30_000
/** The clock stands still rather than go back by so little: two frames that came at different speed. */
const STEP_MS = 2_000

export class ServerClock {
  /** The server's `now` of the newest frame heard. */
  asOf: number | undefined
  lagMs: number | undefined
  /** Least (monotonic − server) of this window and of the one before. */
  #apart = Number.POSITIVE_INFINITY
  #apartBefore = Number.POSITIVE_INFINITY
  #turnedAt = Number.NEGATIVE_INFINITY
  #shown = 0

  /** A frame that says the server's `now` has come. */
  hear(serverNow: string, now: number): void {
    const said = Date.parse(serverNow)
    if (Number.isNaN(said)) return
    if (now - this.#turnedAt >= WINDOW_MS) {
      this.#apartBefore = now - this.#turnedAt >= 2 * WINDOW_MS ? Number.POSITIVE_INFINITY : this.#apart
      this.#apart = Number.POSITIVE_INFINITY
      this.#turnedAt = now
    }
    this.#apart = Math.min(this.#apart, now - said)
    this.lagMs = now - said - this.#difference
    this.asOf = Math.max(said, this.asOf ?? said)
  }

  /** The server's clock at a monotonic instant; undefined before anything was heard. */
  at(now: number): number | undefined {
    if (this.asOf === undefined) return undefined
    const computed = now - this.#difference
    if (computed >= this.#shown || this.#shown - computed > STEP_MS) this.#shown = computed
    return this.#shown
  }

  /** Another server, or the same after a while: its clock may be another one. */
  begin(): void {
    this.#apart = this.#apartBefore = Number.POSITIVE_INFINITY
    this.#turnedAt = Number.NEGATIVE_INFINITY
    this.asOf = undefined
  }

  get #difference(): number {
    return Math.min(this.#apart, this.#apartBefore)
  }
}
