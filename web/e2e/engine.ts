/**
 * A ComfyUI that needs no model (`headway.testing.comfyui`), an MCP server that does what a test wants, and real workers with
 * the connectors that drive them.
 *
 * All are processes, ended by their own id. Must never know what is looked at.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Server } from '../../clients/typescript/test/server.ts'

const BIN = join(import.meta.dirname, '../../.venv/bin')

/** A workflow in API format that takes `seconds`, in steps with previews. */
export function workflow(seconds: number, steps = 20): Readonly<Record<string, unknown>> {
  return {
    1: { class_type: 'EmptyImage', inputs: { width: 256, height: 160, batch_size: 1, color: 6_697_881 } },
    2: {
      class_type: 'HeadwaySteps',
      inputs: { image: ['1', 0], steps, seconds_per_step: seconds / steps, fail_at: -1, preview: true },
      _meta: { title: 'KSampler' },
    },
    9: {
      class_type: 'SaveImage',
      inputs: { images: ['2', 0], filename_prefix: 'e2e' },
      _meta: { title: 'Save' },
    },
  }
}

/** A process that a test began; `end` it. */
export class Begun {
  readonly #child: ChildProcess

  constructor(program: string, words: readonly string[], server?: Server, cwd?: string) {
    const env = { ...process.env, ...(server ? { HEADWAY_SERVER: server.url } : {}) }
    this.#child = spawn(join(BIN, program), words, { env, stdio: 'ignore', ...(cwd ? { cwd } : {}) })
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill(signal)
    await ended
  }
}

export function fakeComfy(port: number): Begun {
  return new Begun('python', ['-m', 'headway.testing.comfyui', '--port', String(port)])
}

/** A worker on `machine` that drives the ComfyUIs at these ports. */
export function comfyWorker(server: Server, machine: string, ports: readonly number[]): Begun {
  const connectors = ports.flatMap(port => ['--connector', `comfyui=http://127.0.0.1:${port}`])
  return new Begun('headway', ['worker', ...connectors, '--machine', machine, '--name', 'comfy'], server)
}

/** A worker on `machine` with the MCP server of examples/mcp_crawler. Nothing is kept beyond `folder`. */
export async function crawlerWorker(server: Server, machine: string, folder: string): Promise<Begun> {
  const home = join(BIN, '../../examples/mcp_crawler')
  const config = `[mcp.servers.crawler]
command = ${JSON.stringify(join(BIN, 'python'))}
args = ["-m", "crawler"]
cwd = ${JSON.stringify(home)}
env = { CRAWLER_DATA = ${JSON.stringify(folder)} }
slots = 4
`
  await writeFile(join(folder, 'headway.toml'), config)
  return new Begun('headway', ['worker', '--machine', machine, '--name', 'tools'], server, folder)
}

const TOOLS = join(import.meta.dirname, '../../tests/mcp_servers/bad.py')

/** Enough to look for one among them, few enough to look at all. */
const INCLUDED = [
  ...['fine', 'progresses', 'erases', 'dies_read_only', 'redefine', 'changing', 'asks', 'asks_url'],
  ...['pictures', 'hostile', 'waits', 'no_total', 'backwards', 'is_error'],
]

/** A worker on `machine` with the MCP server `bad` (tests/mcp_servers/bad.py), which keeps what outlives it in `folder`. */
export async function mcpWorker(server: Server, machine: string, folder: string): Promise<Begun> {
  const words = [TOOLS, folder].map(each => JSON.stringify(each)).join(', ')
  const config = `[mcp.servers.bad]
command = ${JSON.stringify(join(BIN, 'python'))}
args = [${words}]
include = ${JSON.stringify(INCLUDED)}
`
  await writeFile(join(folder, 'headway.toml'), config)
  return new Begun('headway', ['worker', '--machine', machine, '--name', 'tools'], server, folder)
}
