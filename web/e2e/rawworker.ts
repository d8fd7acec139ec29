/**
 * A worker that says what a test wants it to say of its services: it speaks the worker link itself.
 *
 * It beats as long as it is open, so that nothing of it grows stale by itself. Must never know what is looked at.
 */
import { WebSocket } from 'ws'
import type { Socket } from '../../clients/typescript/src/transports/transport.ts'
import type { Server } from '../../clients/typescript/test/server.ts'

const BEAT_MS = 250

export type Told = Readonly<Record<string, unknown>> & { readonly name: string; readonly status: string }

export class RawWorker {
  readonly id: string
  readonly #socket: Socket
  readonly #beating: ReturnType<typeof setInterval>
  /** Resolves when the server closes its link. */
  readonly closed: Promise<void>
  #services: readonly Told[]

  private constructor(id: string, socket: Socket, services: readonly Told[]) {
    this.id = id
    this.#socket = socket
    this.#services = services
    this.closed = new Promise(done => socket.addEventListener('close', () => done()))
    this.#beating = setInterval(() => this.#beat(), BEAT_MS)
    void this.closed.then(() => clearInterval(this.#beating))
  }

  /** Say hello as `MACHINE/NAME`, with services as they stand. `profile` replaces what it says of itself. */
  static async hello(
    server: Server,
    id: string,
    services: readonly Told[] = [],
    profile: Readonly<Record<string, unknown>> = {},
  ): Promise<RawWorker> {
    const [machine, name] = id.split('/')
    const socket: Socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/worker`, [
      'headway.worker.v1',
    ])
    await new Promise<void>((done, refuse) => {
      socket.addEventListener('open', () => done())
      socket.addEventListener('close', ({ code, reason }) => refuse(new Error(`${code} ${reason}`)))
    })
    const worker = { id, machine, name, instance: crypto.randomUUID(), slots: 2, ...profile }
    socket.send(JSON.stringify([{ type: 'hello', worker, kinds: [], services }]))
    return new RawWorker(id, socket, services)
  }

  /** All its services, as they are from now on. */
  tell(...services: readonly Told[]): void {
    this.#services = services
    this.#beat()
  }

  close(): void {
    clearInterval(this.#beating)
    this.#socket.close()
  }

  #beat(): void {
    this.#socket.send(JSON.stringify([{ type: 'heartbeat', services: this.#services }]))
  }
}
