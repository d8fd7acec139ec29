import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'

// The sizes of design 04, of the build that the wheel ships, as a browser gets them: gzip.
const BUILT = join(import.meta.dirname, '../../src/headway/server/dashboard')
const KB = 1024

interface Part {
  readonly size: number
  readonly imports: readonly string[]
}

/** Every script and style of the build: its packed size, and what it imports at once (not what it loads later). */
async function parts(): Promise<ReadonlyMap<string, Part>> {
  const folder = join(BUILT, 'assets')
  const names = (await readdir(folder)).filter(name => /\.(js|css)$/.test(name))
  const read = names.map(async name => {
    const body = await readFile(join(folder, name))
    const imports = [...body.toString().matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)].map(
      found => found[1] ?? '',
    )
    return [name, { size: gzipSync(body, { level: 9 }).length, imports }] as const
  })
  return new Map(await Promise.all(read))
}

function reached(
  all: ReadonlyMap<string, Part>,
  from: readonly string[],
  into = new Set<string>(),
): Set<string> {
  for (const name of from) {
    if (into.has(name) || !all.has(name)) continue
    into.add(name)
    reached(all, all.get(name)?.imports ?? [], into)
  }
  return into
}

function kilobytes(all: ReadonlyMap<string, Part>, names: Iterable<string>): number {
  return [...names].reduce((sum, name) => sum + (all.get(name)?.size ?? 0), 0) / KB
}

async function entry(): Promise<string> {
  const page = await readFile(join(BUILT, 'index.html'), 'utf8')
  return /src="\.\/assets\/([\w.-]+\.js)"/.exec(page)?.[1] ?? ''
}

async function pageOf(all: ReadonlyMap<string, Part>, exported: string): Promise<string> {
  for (const name of all.keys()) {
    if (!name.endsWith('.js')) continue
    const body = await readFile(join(BUILT, 'assets', name), 'utf8')
    if (new RegExp(`as ${exported}\\b`).test(body)) return name
  }
  throw new Error(`no part exports ${exported}`)
}

it('the jobs page is painted after at most 150 KB of JavaScript', async () => {
  const all = await parts()

  const needed = reached(all, [await entry(), await pageOf(all, 'JobsPage')])

  expect(kilobytes(all, needed)).toBeLessThanOrEqual(150)
})

it.each([
  'JobPage',
  'NewJobPage',
  'MachinesPage',
  'QueuesPage',
  'KindsPage',
  'McpPage',
  'SystemPage',
  'Palette',
  'Logs',
])('%s brings at most 80 KB more than every page has', async exported => {
  const all = await parts()
  const shared = reached(all, [await entry()])

  const own = [...reached(all, [await pageOf(all, exported)])].filter(name => !shared.has(name))

  expect(own.length).toBeGreaterThan(0)
  expect(kilobytes(all, own)).toBeLessThanOrEqual(80)
})

it('styles are at most 15 KB, and all of it at most 400 KB', async () => {
  const all = await parts()
  const styles = [...all.keys()].filter(name => name.endsWith('.css'))

  expect(kilobytes(all, styles)).toBeGreaterThan(0)
  expect(kilobytes(all, styles)).toBeLessThanOrEqual(15)
  expect(kilobytes(all, all.keys())).toBeLessThanOrEqual(400)
})
