/**
 * What every test in a browser stands on: a real server with a real worker, and pages that tolerate no complaint.
 *
 * A page fails its test for anything on the console, an error nobody caught, a request to anybody but the server, or a
 * breach of the policy; a test that cuts the link names what Chromium says about that. Must never know what is tested.
 */

import { execFileSync } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest'
import { createHeadway, type Headway } from '../../clients/typescript/src/index.ts'
import { type Server, type ServerOptions, start } from '../../clients/typescript/test/server.ts'

/** Longer than a busy machine needs for anything; nothing waits so long where all is well. */
export const PATIENCE_MS = 20_000
export const JOBS = join(import.meta.dirname, 'jobs.py:app')
/** What Chromium itself writes on the console when a link is cut. */
export const CUT = /net::ERR_|WebSocket connection to|Failed to load resource/

export const WIDE = { width: 1280, height: 800 }
export const PHONE = { width: 390, height: 844 }

export interface Opening {
  /** Another server's address, such as a proxy's; default the house's. */
  readonly at?: string
  readonly theme?: 'light' | 'dark'
  readonly size?: { readonly width: number; readonly height: number }
  /** Complaints that this test brings about itself. */
  readonly tolerates?: RegExp
  /** A person's browser: two pages of one share what is stored. Default one of its own. */
  readonly context?: BrowserContext
}

export interface House {
  readonly server: Server
  /** A client of the server, for what the test does behind the page's back. */
  readonly hw: Headway
  /** A folder of the test file's own. */
  readonly folder: string
  context(options?: Opening): Promise<BrowserContext>
  open(path: string, options?: Opening): Promise<Page>
  gate(): Promise<Gate>
}

/** One house for all tests of a file, begun before the first and taken down after the last. */
export function house(options: ServerOptions = { app: JOBS }): House {
  let browser: Browser
  let server: Server
  let hw: Headway
  let folder: string
  const contexts: BrowserContext[] = []
  const gates: Gate[] = []
  const complaints: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headway-web-'))
    server = await start(options)
    const { token } = server
    hw = createHeadway({ url: server.url, ...(token ? { token: () => token } : {}) })
    browser = await chromium.connect(inject('browser'))
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await pictured(contexts)
    await Promise.all(contexts.splice(0).map(context => context.close()))
    expect(complaints.splice(0)).toEqual([])
  })
  afterAll(async () => {
    await Promise.all(gates.map(gate => gate.close()))
    await browser?.close()
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function context({ theme = 'light', size = WIDE }: Opening = {}): Promise<BrowserContext> {
    const made = await browser.newContext({
      viewport: size,
      colorScheme: theme,
      reducedMotion: 'reduce',
      serviceWorkers: 'block',
    })
    made.setDefaultTimeout(PATIENCE_MS)
    contexts.push(made)
    return made
  }

  return {
    get server() {
      return server
    },
    get hw() {
      return hw
    },
    get folder() {
      return folder
    },
    context,
    async open(path, opening = {}) {
      const page = await (opening.context ?? (await context(opening))).newPage()
      const at = opening.at ?? server.url
      guard(page, new URL(at).origin, opening.tolerates, complaint => complaints.push(complaint))
      await page.goto(at + path)
      return page
    },
    async gate() {
      const gate = await Gate.made(folder)
      gates.push(gate)
      return gate
    },
  }
}

/** What the pages of a failed test looked like. */
async function pictured(contexts: readonly BrowserContext[]): Promise<void> {
  for (const page of contexts.flatMap(context => context.pages())) {
    const path = join(tmpdir(), `headway-failed-${crypto.randomUUID().slice(0, 8)}.png`)
    await page.screenshot({ path, timeout: 5_000 }).catch(() => {})
    process.stderr.write(`${page.url()} looked like ${path}\n`)
  }
}

function guard(
  page: Page,
  origin: string,
  tolerated: RegExp | undefined,
  complain: (text: string) => void,
): void {
  const say = (text: string) => tolerated?.test(text) || complain(text)
  page.on('console', message => {
    if (['error', 'warning', 'assert'].includes(message.type())) say(`console: ${message.text()}`)
  })
  page.on('pageerror', error => say(`uncaught: ${error.stack ?? error.message}`))
  page.on('crash', () => say('the page crashed'))
  page.on('request', request => {
    const url = request.url()
    if (!/^(data|blob):/.test(url) && new URL(url).origin !== origin) say(`asks somebody else: ${url}`)
  })
}

/** Where a job waits until the test lets it on. */
export class Gate {
  readonly path: string
  readonly #file: Awaited<ReturnType<typeof open>>

  private constructor(path: string, file: Awaited<ReturnType<typeof open>>) {
    this.path = path
    this.#file = file
  }

  /** A FIFO, kept open at both ends so that nothing that is written gets lost. */
  static async made(folder: string): Promise<Gate> {
    const path = join(folder, `gate-${crypto.randomUUID()}`)
    execFileSync('mkfifo', [path])
    return new Gate(path, await open(path, 'r+'))
  }

  /** Let so many through. */
  async pass(times = 1): Promise<void> {
    await this.#file.write('.'.repeat(times))
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

// -- looking -----------------------------------------------------------------------------------------------------------

/** Wait until it can be seen. */
export async function sees(place: Page | Locator, text: string | RegExp): Promise<void> {
  await place.getByText(text).filter({ visible: true }).first().waitFor()
}

/** The pill of the connection says so. */
export async function pillSays(page: Page, text: string | RegExp): Promise<void> {
  await expect
    .poll(() => page.locator('[data-connection]:visible').first().innerText(), { timeout: PATIENCE_MS })
    .toMatch(text)
}

/** The whole share of the job's page. */
export function share(page: Page): Locator {
  return page.getByRole('region', { name: 'Progress' })
}

/** The row of a job in the list. */
export function row(page: Page, id: string): Locator {
  return page.locator(`[data-id="${id}"]`)
}

/** Poll until it is so. */
export function until<T>(look: () => Promise<T> | T) {
  return expect.poll(look, { timeout: PATIENCE_MS, interval: 50 })
}
