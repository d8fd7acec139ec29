/** What a page pays for the client, bundled and tree-shaken as its bundler does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, minify } from 'vite'
import { afterAll, expect, test } from 'vitest'

const SRC = fileURLToPath(new URL('../../src/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'headway-size-'))

afterAll(() => rmSync(folder, { recursive: true }))

test.each([
  ['the whole client, both halves', 'index', 'createHeadway', 18_000],
  ['the REST half', 'jobs', 'Jobs', 3_300],
  ['the filter language', 'index', 'parse, format, matches, live', 4_100],
  ['the errors', 'index', 'HeadwayError, JobFailed', 1_200],
])(
  '%s',
  async (_, file, names, most) => {
    const code = await bundle(`export { ${names} } from ${JSON.stringify(`${SRC}${file}.ts`)}`)

    const size = gzipSync(code, { level: 9 }).length

    expect(size).toBeLessThanOrEqual(most)
    expect(code).not.toMatch(/from\s*["']/)
  },
  60_000,
)

test('importing it touches nothing', async () => {
  const code = await bundle(`import ${JSON.stringify(`${SRC}index.ts`)}`)

  expect(code.trim()).toBe('')
}, 60_000)

/** A library of ES modules keeps its blanks in Vite's hands; a page's bundler takes them away. */
async function bundle(entry: string): Promise<string> {
  const input = join(mkdtempSync(join(folder, 'entry-')), 'entry.ts')
  writeFileSync(input, entry)
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: { write: false, target: 'es2022', lib: { entry: input, formats: ['es'] } },
  })
  const [first] = Array.isArray(built) ? built : []
  const { code } = await minify('entry.js', first?.output[0].code ?? '')
  return code
}
