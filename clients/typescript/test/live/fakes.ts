/** Time, page and sockets that a test moves by hand. Fakes only at the seams: surroundings, WebSocket. */
import type { PageEvent, Surroundings } from '../../src/surroundings.ts'
import type { Socket } from '../../src/transports/transport.ts'
import type { ServerFrame, ViewerFrame } from '../../src/wire.ts'

interface Timer {
  readonly at: number
  readonly call: () => void
}

export class FakePage implements Surroundings {
  time = 1_000
  isVisible = true
  isOnline = true
  readonly isPage = true
  readonly locks = undefined
  #timers = new Set<Timer>()
  #frames = new Set<() => void>()
  readonly #listeners = new Set<readonly [PageEvent, () => void]>()

  readonly now = () => this.time
  readonly wall = () => 5_000_000 + this.time
  readonly dice = () => 0.5

  later = (ms: number, call: () => void) => {
    const timer = { at: this.time + ms, call }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  frame = (call: () => void) => {
    this.#frames.add(call)
    return () => {
      this.#frames.delete(call)
    }
  }

  on = (what: PageEvent, call: () => void) => {
    const own = [what, call] as const
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  get isQuiet(): boolean {
    return !this.#timers.size && !this.#listeners.size
  }

  emit(what: PageEvent): void {
    for (const [name, call] of [...this.#listeners]) if (name === what) call()
  }

  show(isVisible: boolean): void {
    this.isVisible = isVisible
    this.emit('visibilitychange')
  }

  /** Draw a frame. */
  draw(): void {
    const frames = [...this.#frames]
    this.#frames.clear()
    for (const call of frames) call()
  }

  /** Let time pass; timers go off in order. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms
    await settled()
    for (;;) {
      const [next] = [...this.#timers]
        .filter(timer => timer.at <= end)
        .sort((one, other) => one.at - other.at)
      if (!next) break
      this.#timers.delete(next)
      this.time = Math.max(this.time, next.at)
      next.call()
      await settled()
    }
    this.time = end
  }
}

/** Promises that are done have told so. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 10; round += 1) await Promise.resolve()
}

type Listeners = { [type: string]: ((event: { code: number; reason: string; data: unknown }) => void)[] }

export class FakeSocket implements Socket {
  static all: FakeSocket[] = []
  readonly said: ViewerFrame[] = []
  readonly url: string
  readyState = 0
  readonly #listeners: Listeners = {}

  constructor(url: string) {
    this.url = url
    FakeSocket.all.push(this)
  }

  static get last(): FakeSocket {
    const last = FakeSocket.all.at(-1)
    if (!last) throw new Error('no socket was opened')
    return last
  }

  addEventListener(
    type: string,
    listener: (event: { code: number; reason: string; data: unknown }) => void,
  ): void {
    this.#listeners[type] = [...(this.#listeners[type] ?? []), listener]
  }

  send(text: string): void {
    this.said.push(JSON.parse(text) as ViewerFrame)
  }

  close(): void {
    this.readyState = 3
  }

  open(): void {
    this.readyState = 1
    this.#tell('open', {})
  }

  hear(frame: ServerFrame): void {
    this.#tell('message', { data: JSON.stringify(frame) })
  }

  end(code: number, reason = ''): void {
    this.readyState = 3
    this.#tell('close', { code, reason })
  }

  /** Up, greeted, and every subscription answered by an empty snapshot. */
  begin(seq = 5, now = '2026-11-22T08:00:00.000Z'): void {
    this.open()
    this.hear({ type: 'welcome', session: 'x', epoch: 'e1', seq, now, ping_s: 5 })
    for (const frame of [...this.said]) {
      if (frame.type === 'subscribe') this.hear({ type: 'snapshot', id: frame.id, seq, now, topics: {} })
    }
  }

  #tell(type: string, event: { code?: number; reason?: string; data?: unknown }): void {
    for (const listener of this.#listeners[type] ?? []) listener({ code: 0, reason: '', data: '', ...event })
  }
}
