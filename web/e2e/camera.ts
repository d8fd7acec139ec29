/**
 * Pictures of every page into docs/img, of a server with real jobs on real input: `make screenshots`.
 *
 * Each page light, dark, and on a phone. The jobs are library.py's; two workers on machines of two names run them. A third has
 * a ComfyUI that paints without a model, and one that is not there; a fourth the MCP server of examples/mcp_crawler. What is on a picture is what was there: nothing is made up.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, it, vi } from 'vitest'
import type { JobHandle } from '../../clients/typescript/src/index.ts'
import { freePort } from '../../clients/typescript/test/server.ts'
import { type Begun, comfyWorker, crawlerWorker, fakeComfy, workflow } from './engine.ts'
import { CUT, house, PHONE, pillSays, sees, WIDE } from './house.ts'

const ROOT = join(import.meta.dirname, '../..')
const IMAGES = join(ROOT, 'docs/img')
const APP = join(import.meta.dirname, 'library.py:app')
const LOOKS = [
  ['light', 'light', WIDE],
  ['dark', 'dark', WIDE],
  ['phone', 'light', PHONE],
] as const

/** Expectations cannot be polled before a test. */
const BEGINNING = { timeout: 120_000, interval: 100 }

const home = house({ args: [] })
const workers: ChildProcess[] = []
const engines: Begun[] = []
let running: JobHandle
let counted: JobHandle

beforeAll(async () => {
  await mkdir(IMAGES, { recursive: true })
  worker('atlas', 'indexer', 2)
  worker('borealis', 'packer', 2)
  const [there, missing] = [await freePort(), await freePort()]
  engines.push(fakeComfy(there), comfyWorker(home.server, 'cumulus', [there, missing]))
  const tools = join(home.folder, 'tools')
  await mkdir(tools)
  engines.push(await crawlerWorker(home.server, 'dorado', tools))
  await vi.waitUntil(async () => (await home.hw.kinds.list()).length > 12, BEGINNING)
  await fill()
}, 300_000)

afterAll(async () => {
  await Promise.all(engines.map(each => each.end()))
  for (const each of workers) {
    if (each.exitCode !== null) continue
    each.kill('SIGKILL')
    await once(each, 'exit')
  }
})

function worker(machine: string, name: string, slots: number): void {
  const words = [
    'worker',
    APP,
    '--machine',
    machine,
    '--name',
    name,
    '--slots',
    String(slots),
    '--label',
    `zone=${machine}`,
  ]
  const env = { ...process.env, HEADWAY_SERVER: home.server.url }
  workers.push(spawn(join(ROOT, '.venv/bin/headway'), words, { cwd: home.folder, env, stdio: 'ignore' }))
}

/** Work of every sort, some of it done, some of it under way, some of it in trouble. */
async function fill(): Promise<void> {
  const { hw } = home
  await hw.queues.change('gpu', { paused: true, reason: 'driver update until noon' })
  await hw.queues.change('mirrors', { limit: 1 })
  await hw.saved.put('views', 'Library', { q: 'label.shelf:library', pinned: true })
  await hw.saved.put('views', 'Mirrors in trouble', { q: 'queue:mirrors -state:completed' })
  await hw.saved.put('templates', 'Names of asyncio', {
    kind: 'count_words',
    args: { part: 'asyncio', most: 40 },
  })
  const modules = [
    'ast',
    'typing',
    'argparse',
    'inspect',
    'tarfile',
    'datetime',
    'subprocess',
    'decimal',
    'zipfile',
    'pdb',
  ]
  const outlines = await hw.submitMany(
    modules.map(name => ({ kind: 'outline_module', args: { path: `${name}.py` } })),
  )
  const words = ['email', 'json', 'xml', 'http', 'unittest'].map(part => ({
    kind: 'count_words',
    args: { part },
  }))
  const parts = await hw.submitMany(words)
  const failing = await hw.submit('read_settings', { path: 'this.py' })
  const missing = await hw.submit('outline_module', { path: 'no_such_module.py' })
  await Promise.allSettled([...outlines, ...parts, failing, missing].map(job => job.result()))
  counted = await hw.submit(
    'count_words',
    { part: 'asyncio' },
    { labels: { shelf: 'library', team: 'search' } },
  )
  await counted.result()
  await hw.submit('fetch_mirror', { url: 'http://127.0.0.1:9/simple/' }, { queue: 'mirrors' })
  await hw.submit('publish_reading_list', { title: 'Concurrency, in ten modules' })
  running = await hw.submit(
    'archive_library',
    {},
    { labels: { shelf: 'library', edition: '2026-11' }, priority: 5 },
  )
  await hw.submit('archive_library', { part: 'encodings', level: 9 })
  await hw.submit('publish_reading_list', { title: 'After the archive' }, { after: [running.id] })
  const long = { collection: 'everything that anybody has ever written down about interpreters' }
  await hw.submit('reindex_every_document_of_the_very_long_named_collection', long, { priority: -3 })
  await hw.submitMany(
    ['Fluent Python', 'SICP', 'TAOCP'].map(book => ({ kind: 'render_cover', args: { book } })),
  )
  await hw.submit('outline_module', { path: 'os.py' }, { delay: '6h' })
  await hw.submit('comfyui.workflow', { workflow: workflow(600, 200) })
  const stopped = await hw.submit('archive_library', { part: 'lib2to3' }, { delay: '1h' })
  await stopped.cancel('made twice')
  await vi.waitUntil(async () => ((await hw.get(running)).progress?.overall ?? 0) > 0.2, BEGINNING)
}

type Shot = readonly [name: string, path: () => string, ready: (page: Page) => Promise<unknown>]

const SHOTS: readonly Shot[] = [
  ['jobs', () => '/jobs', page => page.locator('[data-id]').nth(3).waitFor()],
  ['job', () => `/jobs/${running.id}`, page => sees(page, 'pack')],
  ['logs', () => `/jobs/${running.id}?tab=logs`, page => page.locator('[data-n]').nth(5).waitFor()],
  ['events', () => `/jobs/${counted.id}?tab=events`, page => sees(page, 'completed')],
  ['machines', () => '/machines', page => sees(page, 'KSampler')],
  ['queues', () => '/queues', page => sees(page, 'driver update until noon')],
  ['kinds', () => '/kinds', page => sees(page, /Packs the source/)],
  [
    'new',
    () => '/new?kind=count_words',
    page => page.getByRole('button', { name: 'Run', exact: true }).waitFor(),
  ],
  ['mcp', () => '/mcp?run=mcp.crawler.smart_crawl_github', page => sees(page, 'repo_url')],
  ['system', () => '/system', page => sees(page, 'leads')],
  ['palette', () => '/jobs', palette],
]

async function palette(page: Page): Promise<void> {
  await page.locator('[data-id]').first().waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog', { name: 'Command palette' }).getByRole('option').nth(5).waitFor()
}

async function taken(page: Page, name: string, look: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: join(IMAGES, `${name}-${look}.png`), caret: 'hide' })
}

it.each(LOOKS)('every page, %s', async (look, theme, size) => {
  const context = await home.context({ theme, size })
  for (const [name, path, ready] of SHOTS) {
    const page = await home.open(path(), { context })
    await pillSays(page, 'Live')
    await ready(page)
    await taken(page, name, look)
    await page.close()
  }
})

it('a page that is cut off, in each look', async () => {
  for (const [look, theme, size] of LOOKS) {
    const context = await home.context({ theme, size })
    const page = await home.open(`/jobs/${running.id}`, { context, tolerates: CUT })
    await pillSays(page, 'Live')
    await sees(page, 'pack')
    await context.setOffline(true)
    await pillSays(page, /Offline|Reconnecting/)
    await taken(page, 'offline', look)
  }
})
