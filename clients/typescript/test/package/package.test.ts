/** The package as others get it: packed, installed into an empty project, its README compiled with exact types, and run. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Server, start } from '../server.ts'

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url))
const MODULES = fileURLToPath(new URL('../../../../node_modules/', import.meta.url))
const APP = `${fileURLToPath(new URL('../rest/jobs.py', import.meta.url))}:app`
const BLOCK = /```tsx?\n\/\/ (\S+)\n([\s\S]*?)```/g

const run = promisify(execFile)
let project: string
let server: Server

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'headway-package-'))
  const [packed] = await Promise.all([
    run('npm', ['pack', '--silent', '--pack-destination', project], { cwd: PACKAGE }),
    start({ app: APP }).then(started => {
      server = started
    }),
  ])
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }')
  const tarball = `./${packed.stdout.trim().split('\n').at(-1)}`
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--silent', tarball], { cwd: project })
}, 120_000)

afterAll(async () => {
  await server?.stop()
  rmSync(project, { recursive: true, force: true })
}, 120_000)

test('it has its licence, its types and nothing of ours but what was built', async () => {
  const { stdout } = await run('tar', ['-tzf', join(project, 'headway-client-0.1.0.tgz')])
  const files = stdout.trim().split('\n')

  expect(files).toEqual(
    expect.arrayContaining(['package/LICENSE', 'package/README.md', 'package/dist/index.d.ts']),
  )
  expect(
    files.filter(
      file => !/^package\/(dist\/[\w/]+(\.d)?\.[jt]s|LICENSE|README\.md|package\.json)$/.test(file),
    ),
  ).toEqual([])
})

test('what the README shows compiles, in both ways to resolve modules, and wrong calls do not', async () => {
  const sources = [...readFileSync(join(PACKAGE, 'README.md'), 'utf8').matchAll(BLOCK)]
  for (const [, name = '', text = ''] of sources) writeFileSync(join(project, name), text)
  writeFileSync(join(project, 'wrong.ts'), WRONG)
  borrow('react', '@types/react', 'csstype', '@types/node', 'undici-types')

  expect(sources.length).toBeGreaterThanOrEqual(6)
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    await expect(compiled({ module, moduleResolution })).resolves.toBe('')
  }
}, 120_000)

test('a program of another project runs against a real server', async () => {
  writeFileSync(join(project, 'program.ts'), PROGRAM)
  borrow('@types/node', 'undici-types')
  await compiled(
    { module: 'nodenext', moduleResolution: 'nodenext', noEmit: false, skipLibCheck: true },
    'program.ts',
  )

  const { stdout } = await run(process.execPath, ['program.js'], {
    cwd: project,
    env: { HEADWAY_SERVER: server.url },
  })

  expect(stdout.split('\n')).toEqual([
    '9007199254740993',
    'job.submitted … job.completed',
    'no live link is left',
    '',
  ])
}, 120_000)

/** Types that a real project would install; the network is not needed for them here. */
function borrow(...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(project, 'node_modules', name, '..'), { recursive: true })
    rmSync(join(project, 'node_modules', name), { force: true, recursive: true })
    symlinkSync(join(MODULES, name), join(project, 'node_modules', name))
  }
}

/** What the compiler has to say. */
async function compiled(options: Record<string, unknown>, ...files: string[]): Promise<string> {
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
    jsx: 'react-jsx',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    ...options,
  }
  const config = files.length
    ? { compilerOptions, files }
    : { compilerOptions, include: ['*.ts', '*.tsx'], exclude: ['program.ts'] }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
  try {
    return (await run(join(MODULES, '.bin/tsc'), ['-p', '.'], { cwd: project })).stdout
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
  }
}

/** Each line that is marked must be refused by the compiler. */
const WRONG = `
import { createHeadway, type JobDoc, type ServerFrame } from '@headway/client'

const hw = createHeadway({ url: '/' })
const crawl = hw.task<{ url: string }, number>('crawl')
// @ts-expect-error another argument
void crawl.submit({ uri: 'x' })
// @ts-expect-error the result is a number
const text: string = await crawl.run({ url: 'x' })
// @ts-expect-error no such option
void hw.submit('crawl', {}, { retries: 3 })
// @ts-expect-error no such state
export const isDone = (job: JobDoc) => job.state === 'done'
// @ts-expect-error it may not have begun
export const begun = (job: JobDoc): string => job.started_at
// @ts-expect-error a batch has no page
export const pageOf = (frame: ServerFrame) => (frame.type === 'batch' ? frame.page : 0)
// @ts-expect-error a template is no view
void hw.saved.put('views', 'x', { kind: 'crawl' })
void text
`

const PROGRAM = `
import { createHeadway } from '@headway/client'

const hw = createHeadway({ url: process.env.HEADWAY_SERVER ?? '' })
const job = await hw.submit<bigint>('echo', { value: 9007199254740993n })
console.log(String(await job.result()))
const types: string[] = []
for await (const event of job.events()) types.push(event.type)
console.log(types[0], '…', types.at(-1))
hw.close()
console.log('no live link is left')
`
