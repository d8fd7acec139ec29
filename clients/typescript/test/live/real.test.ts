import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Way } from '../../src/link.ts'
import { type Followed, Live, type LiveOptions } from '../../src/live.ts'
import { here } from '../../src/surroundings.ts'
import { shown } from '../shown.ts'
import { barringProxy } from './proxy.ts'
import { RealServer } from './real.ts'

let server: RealServer
const open: Live[] = []

beforeAll(async () => {
  server = await RealServer.begin()
}, 100_000) // a server and a worker, each of which a busy machine may take half a minute to start

afterAll(async () => {
  for (const live of open) live.close()
  await server.end()
})

function linked(options: Partial<LiveOptions> = {}): Live {
  const live = new Live({ url: server.url, WebSocket, ...options })
  open.push(live)
  return live
}

async function until(what: () => boolean, tells = 'it'): Promise<void> {
  for (let tries = 0; tries < 2_500; tries += 1) {
    if (what()) return
    await pause(20)
  }
  throw new Error(`${tells} did not come about`)
}

const stateOf = (followed: Followed, job: string) => followed.view.topic().all('job').get(job)?.state

describe('against a real server', () => {
  test('the three ways show the same view at the same cursor', { timeout: 60_000 }, async () => {
    const ways: Way[] = ['websocket', 'sse', 'poll']
    const job = await server.submit({ to: 30 })
    const topics = ['jobs', `job:${job}`, `logs:${job}`]
    const followed = ways.map(transport => linked({ transport }).follow(topics))

    const isDone = (each: Followed) =>
      each.view.topics.get('jobs')?.all('job').get(job)?.state === 'completed'
    await until(() => followed.every(isDone), 'the end of the job')
    await until(() => new Set(followed.map(each => each.view.cursor)).size === 1, 'one cursor')

    const [first, ...others] = followed.map(each => shown(each.view))
    expect(first).toMatchObject({ [`logs:${job}`]: { holes: [] } })
    expect(followed[0]?.view.topic(`logs:${job}`).lines.size).toBe(30)
    for (const other of others) expect(other).toEqual(first)
  })

  test.each(['websocket', 'sse', 'poll'] as const)(
    'by %s, a server that is killed and comes back costs nobody an event',
    { timeout: 120_000 },
    async transport => {
      const live = linked({ transport })
      const topics = ['jobs']
      const followed = live.follow(topics, { want: 'events', conflate: false })
      const seen: number[] = []
      followed.subscribe(change => seen.push(...change.fresh.map(event => event.seq)))
      await until(() => followed.ready, 'the beginning')
      const begun = followed.view.seq ?? 0

      const job = await server.submit({ to: 60 })
      await until(() => seen.length > 5, 'the first events')
      await server.kill()
      await until(() => live.connection.get().state === 'reconnecting', 'the loss')
      await server.start()
      const second = await server.submit({ to: 20 })
      const jobs = live.follow(['jobs'])
      await until(() => stateOf(jobs, second) === 'completed', 'the end of the second job')
      const end = jobs.view.seq ?? 0
      const known = [...(await eventsOf(job)), ...(await eventsOf(second))].sort((one, other) => one - other)
      const last = Math.max(...known.filter(seq => seq <= end))
      await until(() => seen.includes(last), 'the word of the last event') // told with a frame, after the view has it

      const ofThese = new Set(known)
      expect(seen.filter(seq => seq <= end && ofThese.has(seq))).toEqual(
        known.filter(seq => seq > begun && seq <= end),
      )
      expect(new Set(seen).size).toBe(seen.length)
    },
  )

  test('a proxy that knows no WebSocket leads to SSE, and it is said', { timeout: 60_000 }, async () => {
    const proxy = await barringProxy(server.url)
    const live = linked({ url: proxy.url })
    const followed = live.follow(['jobs'])

    await until(() => followed.ready && live.connection.get().state === 'live', 'the view')

    expect(live.connection.get()).toMatchObject({ way: 'sse', fresh: true })
    expect(proxy.upgrades).toBeGreaterThan(0)
    live.close()
    await proxy.close()
  })

  test('several subscriptions share a link, each in its own view', { timeout: 60_000 }, async () => {
    for (const transport of ['websocket', 'sse', 'poll'] as const) {
      const live = linked({ transport })
      const all = ['jobs', 'workers', 'queues', 'kinds', 'system'].map(topic => live.follow([topic]))

      await until(() => all.every(each => each.ready), `all views by ${transport}`)

      expect(all[1]?.view.topic().all('worker').size).toBeGreaterThan(0)
      expect(all[3]?.view.topic().all('kind').has('count')).toBe(true)
      live.close()
    }
  })

  test.each(['sse', 'poll'] as const)(
    'a page keeps few answers open by %s, and yet all that it follows stays live',
    { timeout: 60_000 },
    async transport => {
      let open = 0
      let most = 0
      const counted: typeof fetch = async (...asked) => {
        open += 1
        most = Math.max(most, open)
        return fetch(...asked).finally(() => {
          open -= 1 // the head of a stream; what matters here is that polls take turns
        })
      }
      const surroundings = { ...here(), isPage: true }
      const live = linked({ transport, surroundings, fetch: counted })
      const job = await server.submit({ to: 100 })
      const topics = ['workers', 'queues', 'kinds', 'system', `job:${job}`, 'jobs']
      const all = topics.map(topic => live.follow([topic]))

      await until(() => all.every(each => each.ready), 'all views')
      await until(() => all.slice(-2).every(each => stateOf(each, job) === 'completed'), 'the end of the job')

      expect(most).toBeLessThanOrEqual(3)
      live.close()
    },
  )

  test('a topic that the server refuses is refused here, on every way', { timeout: 60_000 }, async () => {
    for (const transport of ['websocket', 'sse', 'poll'] as const) {
      const followed = linked({ transport }).follow(['nonsense'])

      await until(() => followed.refused !== undefined, `the refusal by ${transport}`)

      expect(followed.refused?.message).toContain('nonsense')
    }
  })

  test('a command goes over the link and is answered', { timeout: 60_000 }, async () => {
    const live = linked()
    live.follow(['jobs'])
    await until(() => live.canRequest, 'the link')

    const submitted = (await live.request('job.submit', { kind: 'count', args: { to: 1 } })) as { id: string }
    const refused = live.request('job.cancel', { id: 'nobody' })

    expect(submitted.id).toMatch(/\w+/)
    await expect(refused).rejects.toThrow(/nobody/)
  })
})

/** Numbers of all events of a job but its log lines, which go to another topic. */
async function eventsOf(job: string): Promise<number[]> {
  const answer = await fetch(`${server.url}/api/v1/jobs/${job}/events?limit=1000`)
  const page = (await answer.json()) as { events: { seq: number; type: string }[] }
  return page.events.filter(event => event.type !== 'job.logged').map(event => event.seq)
}
