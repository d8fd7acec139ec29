import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createHeadway, type Headway, type HeadwayOptions } from '../../src/client.ts'
import { NotFound, Unauthorized, Unreachable } from '../../src/errors.ts'
import { gather } from '../gather.ts'
import { type Server, start } from '../server.ts'

const APP = `${fileURLToPath(new URL('jobs.py', import.meta.url))}:app`
const ended: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
}, 120_000)

function client(server: Server, options: Partial<HeadwayOptions> = {}): Headway {
  const hw = createHeadway({ url: server.url, WebSocket, ...options })
  ended.push(() => hw.close())
  return hw
}

test('a server that dies and comes back costs time: the result comes, and each event once', async () => {
  const server = await start({ app: APP })
  ended.push(() => server.stop())
  const hw = client(server, { patienceMs: 60_000 })
  const job = await hw.submit('ask', { question: 'Still there?' })
  const events = gather(job.events())
  const result = job.result()
  for await (const event of job.events()) if (event.type === 'job.input_requested') break
  const { input } = await job.get()

  await server.kill()
  const another = hw.submit('echo', { value: 'asked while nobody was there' })
  await server.restart()
  await job.answer({ request: input?.request ?? '', content: 'yes' })

  expect(await (await another).result()).toBe('asked while nobody was there')
  expect(await result).toEqual({ action: 'accept', content: 'yes' })
  const seqs = (await events).map(({ seq }) => seq)
  const log = (await hw.events(job)).events.filter(({ type }) => type !== 'job.logged').map(({ seq }) => seq)
  expect(seqs).toEqual(log.slice(0, seqs.length))
  expect((await events).at(-1)?.type).toBe('job.completed')
}, 120_000)

test('below a path, behind a token: everything is found, and who has none is told so', async () => {
  const server = await start({
    app: APP,
    args: ['--base-path', '/lab/headway'],
    env: { HEADWAY_TOKEN: 'a-secret-of-24-characters' },
  })
  ended.push(() => server.stop())
  const tokens = ['stale', 'a-secret-of-24-characters']
  const hw = client(server, {
    url: `${server.url}/lab/headway/`,
    token: async () => tokens.shift() ?? server.token,
  })

  const job = await hw.submit('count', { n: 2, artifact: true })

  expect(await job.result()).toBe(2)
  expect((await gather(job.events())).at(-1)?.type).toBe('job.completed')
  expect(await (await hw.artifact(job, 'reports/summary é.txt')).text()).toBe('counted to 2')
  expect(hw.logsUrl(job)).toBe(`${server.url}/lab/headway/api/v1/jobs/${job.id}/logs`)
  await expect(client(server, { token: 'wrong' }).list()).rejects.toBeInstanceOf(Unauthorized)
  await expect(gather(client(server, { token: 'wrong' }).job(job).events())).rejects.toMatchObject({
    code: 'unauthorized',
  })
  await expect(
    client(server, { url: `${server.url}/elsewhere`, token: server.token }).list(),
  ).rejects.toBeInstanceOf(NotFound)
}, 120_000)

test('where nobody answers, that is said after a while', async () => {
  const hw = createHeadway({ url: 'http://127.0.0.1:9', patienceMs: 150 })

  await expect(hw.list()).rejects.toBeInstanceOf(Unreachable)
  await expect(hw.job('01J').result({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'timeout' })
})
