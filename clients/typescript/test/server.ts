/**
 * A real Headway server with a store of its own, and a worker beside it where an app is given; for tests here and in web/.
 *
 * Every process is ended by its own id; one that will not go is killed. Needs `make install` (the root's `.venv`).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Not by URL: where a test has a page (jsdom), vitest makes that an address of its own.
const HEADWAY = join(import.meta.dirname, '../../../.venv/bin/headway')
const PATIENCE_MS = 60_000
const LOOK_MS = 25

export interface ServerOptions {
  /** `path/to/file.py:app`: a worker with these jobs is started beside the server. */
  readonly app?: string
  /** More words for `headway serve`. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Jobs that the worker runs at once; default 4. */
  readonly slots?: number
}

/** Leases in seconds instead of half minutes, so that what they decide is seen within a test. */
const FAST = {
  HEADWAY_HEARTBEAT_S: '0.5',
  HEADWAY_SWEEP_S: '0.25',
  HEADWAY_BACKOFF_S: '0.1',
  HEADWAY_CANCEL_GRACE_S: '1',
}

export class Server {
  readonly url: string
  readonly token: string | undefined
  /** Store, files, and what the processes said (`server.log`, `worker.log`). */
  readonly folder: string
  readonly #options: ServerOptions
  readonly #port: number
  #server: ChildProcess | undefined
  #worker: ChildProcess | undefined

  constructor(folder: string, port: number, options: ServerOptions) {
    this.folder = folder
    this.#port = port
    this.#options = options
    this.url = `http://127.0.0.1:${port}`
    this.token = options.env?.HEADWAY_TOKEN
  }

  /** Begin (again), on the same port and store. Answers once it takes work, and has its worker. */
  async begin(): Promise<void> {
    const { args = [], app, slots = 4 } = this.#options
    this.#server = this.#spawn('server', [
      'serve',
      '--port',
      String(this.#port),
      '--data',
      this.folder,
      ...args,
    ])
    await this.#until('/readyz', () => true)
    if (!app) return
    const words = ['worker', app, '--slots', String(slots), '--drain', '1s']
    if (this.#worker?.exitCode !== null) this.#worker = this.#spawn('worker', words)
    await this.#until('/api/v1/admin/connections', body => body.includes('"phase":"live"'))
  }

  /** End it in order, and forget its folder. */
  async stop(): Promise<void> {
    await end(this.#worker)
    await end(this.#server)
    await rm(this.folder, { recursive: true, force: true })
  }

  /** End the server at once, as a power cut does. Its worker stays and tries to come back. */
  async kill(): Promise<void> {
    await end(this.#server, 'SIGKILL')
  }

  /** End it, in order or after `kill`, and begin again. */
  async restart(): Promise<void> {
    await end(this.#server)
    await this.begin()
  }

  #spawn(name: string, words: readonly string[]): ChildProcess {
    const own = Object.entries(process.env).filter(([key]) => !key.startsWith('HEADWAY_'))
    const env = { ...Object.fromEntries(own), ...FAST, HEADWAY_SERVER: this.url, ...this.#options.env }
    const log = openSync(join(this.folder, `${name}.log`), 'a')
    try {
      return spawn(HEADWAY, words, { cwd: this.folder, env, stdio: ['ignore', log, log] })
    } finally {
      closeSync(log)
    }
  }

  async #until(path: string, isDone: (body: string) => boolean): Promise<void> {
    const headers = this.token ? { authorization: `Bearer ${this.token}` } : {}
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const answer = await fetch(this.url + path, { headers }).catch(() => undefined)
      if (answer?.ok && isDone(await answer.text())) return
      const gone = [this.#server, this.#worker].some(each => each && each.exitCode !== null)
      if (gone || performance.now() > deadline)
        throw new Error(`${path} of ${this.url}\n${await this.#said()}`)
      await new Promise(resolve => setTimeout(resolve, LOOK_MS))
    }
  }

  async #said(): Promise<string> {
    const logs = ['server.log', 'worker.log'].map(name =>
      readFile(join(this.folder, name), 'utf8').catch(() => ''),
    )
    return (await Promise.all(logs)).join('\n')
  }
}

/** A server on a free port with an empty store. End it with `stop`. */
export async function start(options: ServerOptions = {}): Promise<Server> {
  const server = new Server(await mkdtemp(join(tmpdir(), 'headway-ts-')), await freePort(), options)
  try {
    await server.begin()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  await ended
  clearTimeout(timer)
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
