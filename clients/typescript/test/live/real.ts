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

  private constructor(port: number) {
    this.#port = port
    this.url = `http://127.0.0.1:${port}`
  }

  static async begin(): Promise<RealServer> {
    const server = new RealServer(await freePort())
    await server.start()
    return server
  }

  /** Start, and wait until it answers. */
  async start(): Promise<void> {
    const store = `sqlite:///${join(this.#folder, 'store.db')}`
    const args = ['serve', '--app', 'counting:app', '--port', String(this.#port), '--store', store]
    const env = { ...process.env, PYTHONPATH: app, HEADWAY_DATA: this.#folder }
    this.#process = spawn(join(root, '.venv/bin/headway'), [...args, '--data', this.#folder], {
      cwd: app,
      env,
      stdio: 'ignore',
      detached: true, // its own group, so that a kill takes the workers it started too
    })
    for (let tries = 0; tries < 300; tries += 1) {
      const answer = await fetch(`${this.url}/api/v1/workers`).catch(() => undefined)
      if (answer?.ok && JSON.stringify(await answer.json()).includes('"online"')) return
      await pause(50)
    }
    throw new Error('the server does not come up')
  }

  /** As `kill -9`. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child?.pid || child.exitCode !== null) return
    const over = once(child, 'exit')
    process.kill(-child.pid, 'SIGKILL')
    await over
  }

  async end(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Submit a job of the kind `count`. */
  async submit(args: { to: number; pause_s?: number }): Promise<string> {
    const body = JSON.stringify({ kind: 'count', args })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${this.url}/api/v1/jobs`, { method: 'POST', body, headers })
    return ((await answer.json()) as { id: string }).id
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
