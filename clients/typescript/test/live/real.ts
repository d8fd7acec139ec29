/** A real server of this project for tests: on a free port and a store of its own, killed and started again at will. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const app = fileURLToPath(new URL('app/', import.meta.url))

export class RealServer {
  readonly url: string
  readonly #port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'headway-live-'))
  #process: ChildProcess | undefined
  #worker: ChildProcess | undefined

  private constructor(port: number) {
    this.#port = port
    this.url = `http://127.0.0.1:${port}`
  }

  static async begin(): Promise<RealServer> {
    const server = new RealServer(await freePort())
    await server.start()
    server.#worker = spawned(['worker', 'counting:app', '--server', server.url])
    await server.#until(`${server.url}/api/v1/workers`, '"online"')
    return server
  }

  /** Start, and wait until it answers. */
  async start(): Promise<void> {
    const store = `sqlite:///${join(this.#folder, 'store.db')}`
    this.#process = spawned(['serve', '--port', String(this.#port), '--store', store, '--data', this.#folder])
    await this.#until(`${this.url}/api/v1/workers`, '"workers"')
  }

  /** As `kill -9`; its worker lives on. */
  async kill(): Promise<void> {
    await killed(this.#process)
    this.#process = undefined
  }

  async end(): Promise<void> {
    await killed(this.#worker)
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #until(url: string, word: string): Promise<void> {
    for (let tries = 0; tries < 300; tries += 1) {
      const answer = await fetch(url).catch(() => undefined)
      if (answer?.ok && JSON.stringify(await answer.json()).includes(word)) return
      await pause(100)
    }
    throw new Error(`${url} does not say ${word}`)
  }

  /** Submit a job of the kind `count`. */
  async submit(args: { to: number }): Promise<string> {
    const body = JSON.stringify({ kind: 'count', args })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${this.url}/api/v1/jobs`, { method: 'POST', body, headers })
    return ((await answer.json()) as { id: string }).id
  }
}

/** In a group of its own, which ends with the tests, however they end. */
function spawned(args: string[]): ChildProcess {
  const env = { ...process.env, PYTHONPATH: app }
  const child = spawn(join(root, '.venv/bin/headway'), args, {
    cwd: app,
    env,
    stdio: 'ignore',
    detached: true,
  })
  process.once('exit', () => signal(child))
  return child
}

function signal(child: ChildProcess): void {
  if (child.pid && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
}

async function killed(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const over = once(child, 'exit')
  signal(child)
  await over
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
