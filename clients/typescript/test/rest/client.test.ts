import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createHeadway, type Headway } from '../../src/client.ts'
import { InvalidInput, JobCancelled, JobFailed, NotFound, Refused } from '../../src/errors.ts'
import type { JobDoc, WireEvent } from '../../src/wire.ts'
import { gather } from '../gather.ts'
import { type Server, start } from '../server.ts'

const APP = `${fileURLToPath(new URL('jobs.py', import.meta.url))}:app`
let server: Server
let hw: Headway

beforeAll(async () => {
  server = await start({ app: APP })
  hw = createHeadway({ url: server.url, WebSocket })
}, 120_000)

afterAll(async () => {
  hw?.close()
  await server?.stop()
}, 120_000)

describe('a job', () => {
  test('is submitted, and its result waited for, integers exact', async () => {
    const job = await hw.submit(
      'echo',
      { value: { big: 9007199254740993n, text: 'é' } },
      { labels: { a: 'b' } },
    )

    expect(job).toMatchObject({ created: true, hint: undefined })
    expect(await job.result()).toEqual({ big: 9007199254740993n, text: 'é' })
    expect(await job.get()).toMatchObject({ id: job.id, state: 'completed', labels: { a: 'b' } })
  })

  test('with types of its own', async () => {
    const count = hw.task<{ n: number }, number>('count')

    const result: number = await count.run({ n: 2 })

    expect(result).toBe(2)
  })

  test('the same key is the same job, and so is the same unique', async () => {
    const first = await hw.submit('echo', {}, { key: 'once' })
    const again = await hw.submit('echo', {}, { key: 'once' })
    const waiting = await hw.submit('ask', { question: 'Who?' }, { unique: 'one' })
    const met = await hw.submit('ask', { question: 'Who?' }, { unique: 'one' })
    await waiting.cancel()

    expect(again.id).toBe(first.id)
    expect([met.id, met.created]).toEqual([waiting.id, false])
  })

  test('bad arguments are refused with the field named', async () => {
    const refused = hw.submit('count', { n: 'many' })

    await expect(refused).rejects.toBeInstanceOf(InvalidInput)
    await expect(refused).rejects.toMatchObject({ field: 'args.n' })
  })

  test('one that fails throws what it raised, with the traceback', async () => {
    const job = await hw.submit('fail', { message: 'no paper' })

    const result = job.result()

    await expect(result).rejects.toBeInstanceOf(JobFailed)
    await expect(result).rejects.toMatchObject({
      message: `Job ${job.id} failed: ValueError: no paper.`,
      reason: 'error',
    })
    await expect(result).rejects.toMatchObject({ error: { traceback: expect.stringContaining('jobs.py') } })
  })

  test('one that is cancelled says so, and its receipt who asked', async () => {
    const job = await running('ask', { question: 'Go on?' })

    const receipt = await job.cancel('no need')

    expect(receipt.cancel).toMatchObject({ reason: 'no need' })
    await expect(job.result()).rejects.toBeInstanceOf(JobCancelled)
    await expect(job.cancel()).resolves.toMatchObject({ state: 'cancelled' })
  })

  test('a result that takes too long for its reader is asked for again', async () => {
    const job = await running('ask', { question: 'How long?' })

    await expect(job.result({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'timeout' })
    await expect(job.result({ signal: AbortSignal.abort(new Error('left')) })).rejects.toThrow('left')
    await job.cancel()
  })

  test('that asks is answered', async () => {
    const job = await running('ask', { question: 'Which one?' })
    const { input } = await hw.get(job)

    await job.answer({ request: input?.request ?? '', content: { one: 1 } })

    expect(input).toMatchObject({ message: 'Which one?' })
    expect(await job.result()).toEqual({ action: 'accept', content: { one: 1 } })
  })

  test('is retried as a new one, with other arguments if need be', async () => {
    const job = await hw.submit('echo', { value: 1 })
    await job.result()

    const again = await job.retry({ value: 2 })

    expect(await again.result()).toBe(2)
    expect(await again.get()).toMatchObject({ retry_of: job.id })
    await expect(job.retry()).rejects.toBeInstanceOf(Refused)
  })

  test('waits, is held, released, moved, and says why it does not run', async () => {
    const job = await hw.submit('echo', {}, { delay: '1h' })

    expect(await hw.hold(job)).toMatchObject({ held: true })
    expect((await hw.why(job)).reasons.map(({ code }) => code)).toContain('held')
    expect(await hw.release(job)).not.toHaveProperty('held')
    expect(await hw.setPriority(job, 7)).toMatchObject({ priority: 7 })
    await hw.cancel(job)
    await hw.remove(job)
    await expect(hw.get(job)).rejects.toBeInstanceOf(NotFound)
  })

  test('leaves attempts, events, lines and files', async () => {
    const job = await hw.submit('count', { n: 3, artifact: true })
    await job.result()

    expect(await hw.attempts(job)).toMatchObject([{ number: 1, outcome: 'succeeded' }])
    expect((await hw.events(job)).events.map(({ type }) => type)).toContain('job.stage_completed')
    const lines = await gather(job.logs())
    expect(lines.map(({ number, text }) => [number, text])).toEqual([
      [1, 'line 1'],
      [2, 'line 2'],
      [3, 'line 3'],
    ])
    expect((await gather(hw.logs(job, { from: 2, limit: 1 }))).map(({ number }) => number)).toEqual([2])
    expect(await (await fetch(hw.logsUrl(job, { contains: '3' }))).text()).toBe('line 3\n')
    const name = 'reports/summary é.txt'
    expect(await job.artifacts()).toMatchObject({ [name]: { size: 12, type: 'text/plain' } })
    expect(await (await hw.artifact(job, name)).text()).toBe('counted to 3')
    expect((await fetch(hw.artifactUrl(job, name))).status).toBe(200)
  })
})

describe('events of a job', () => {
  test('come each once and in order, from its first to its end', async () => {
    const job = await hw.submit('count', { n: 20 })

    const events = await gather(job.events())

    expect(events[0]?.type).toBe('job.submitted')
    expect(events.at(-1)?.type).toBe('job.completed')
    expect(seqs(events)).toEqual([...new Set(seqs(events))].sort((one, other) => one - other))
    expect(seqs(events)).toEqual(await kept(job.id, events.at(-1)?.seq))
  })

  test('of one that has ended are told all the same, also from the middle on', async () => {
    const job = await hw.submit('echo')
    await job.result()
    const all = await gather(job.events())

    const later = await gather(job.events({ after: all[1]?.seq }))
    const none = await gather(job.events({ after: all.at(-1)?.seq }))

    expect(seqs(later)).toEqual(seqs(all).slice(2))
    expect(none).toEqual([])
  })

  test('end when their reader wants no more', async () => {
    const job = await running('ask', { question: 'Still there?' })
    const ending = new AbortController()

    const reading = (async () => {
      for await (const event of job.events({ signal: ending.signal })) {
        if (event.type === 'job.input_requested') ending.abort(new Error('enough'))
      }
    })()

    await expect(reading).rejects.toThrow('enough')
    await job.cancel()
  })

  test('of no job at all are refused', async () => {
    await expect(gather(hw.job('01J0000000000000000000000X').events())).rejects.toBeInstanceOf(NotFound)
  })
})

describe('many jobs', () => {
  test('are made at once, listed by pages and one by one', async () => {
    const jobs = await hw.submitMany(
      [1, 2, 3, 4, 5].map(value => ({ kind: 'echo', args: { value }, labels: { lot: 'a' } })),
    )
    await Promise.all(jobs.map(job => job.result()))
    const ids = jobs
      .map(({ id }) => id)
      .sort()
      .reverse()

    const first = await hw.list({ q: 'label.lot:a', limit: 2 })
    const rest = await hw.list({ q: 'label.lot:a', ...(first.next && { after: first.next }) })
    const all: JobDoc[] = await gather(hw.listAll({ q: 'label.lot:a', limit: 2 }))

    expect([...first.jobs, ...rest.jobs].map(({ id }) => id)).toEqual(ids)
    expect(all.map(({ id }) => id)).toEqual(ids)
    await expect(hw.list({ q: 'colour:red' })).rejects.toMatchObject({ field: 'q' })
  })

  test('are acted on at once: counted first, then done', async () => {
    const jobs = await hw.submitMany(
      [1, 2, 3].map(() => ({ kind: 'echo', delay: '1h', labels: { lot: 'b' } })),
    )

    const counted = await hw.act({ action: 'cancel', q: 'label.lot:b', dry_run: true })
    const acted = await hw.act({ action: 'cancel', ids: jobs.slice(0, 2).map(({ id }) => id) })

    expect(counted).toMatchObject({ matched: 3, dry_run: true })
    expect(await hw.job(acted.job ?? '').result()).toMatchObject({ matched: 2, done: 2 })
    expect((await hw.list({ q: 'label.lot:b state:scheduled' })).jobs).toHaveLength(1)
  })
})

describe('the desks', () => {
  test('queues are seen, paused, limited and cleared', async () => {
    const job = await hw.submit('echo', {}, { queue: 'side é', delay: '1h' })

    expect(await hw.queues.change('side é', { paused: true, reason: 'new disk', limit: 2 })).toMatchObject({
      paused: { reason: 'new disk' },
      limit: 2,
    })
    expect(await hw.queues.change('side é', { paused: false, limit: null })).not.toHaveProperty('limit')
    expect((await hw.queues.list()).map(({ name }) => name)).toContain('side é')
    await hw.queues.clear('side é')
    await expect(job.result()).rejects.toBeInstanceOf(JobCancelled)
    expect(await hw.queues.get('side é')).toMatchObject({ counts: { cancelled: 1 } })
  })

  test('kinds are seen and limited', async () => {
    expect((await hw.kinds.list()).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['ask', 'count', 'echo', 'fail']),
    )
    expect(await hw.kinds.change('count', { limit: 3 })).toMatchObject({ limit: 3, served: true })
    expect(await hw.kinds.get('count')).toMatchObject({ schema: { required: ['n'] } })
    await expect(hw.kinds.approve('count', 'ab12')).rejects.toBeInstanceOf(Refused) // nothing of it is in quarantine
  })

  test('workers, machines and services are seen', async () => {
    const worker = (await hw.workers.list()).find(({ kinds }) => kinds?.includes('count'))

    expect(worker).toMatchObject({ state: 'online', slots: 4 })
    expect(await hw.workers.get(worker?.id ?? '')).toMatchObject({ id: worker?.id })
    expect((await hw.workers.machines()).flatMap(({ workers }) => workers)).toContain(worker?.id)
    expect(await hw.workers.services()).toEqual([])
    await expect(hw.workers.drain('nobody/1')).rejects.toBeInstanceOf(NotFound)
  })

  test('views and templates are kept and removed', async () => {
    const view = await hw.saved.put('views', 'broken é/today', { q: 'state:failed since:24h', pinned: true })
    const template = await hw.saved.put('templates', 'count', {
      kind: 'count',
      args: { n: 3 },
      options: { priority: 2 },
    })

    expect(view).toMatchObject({
      section: 'views',
      name: 'broken é/today',
      body: { q: 'state:failed since:24h' },
    })
    expect((await hw.saved.list('templates')).map(({ body }) => body.kind)).toEqual(['count'])
    expect(await hw.saved.get('templates', 'count')).toEqual(template)
    await hw.saved.remove('views', 'broken é/today')
    expect(await hw.saved.list('views')).toEqual([])
    await expect(hw.saved.put('views', 'x', { q: 'state:done' })).rejects.toBeInstanceOf(InvalidInput)
  })

  test('figures, servers, connections, announcements and events of one’s own', async () => {
    expect(await hw.stats({ since: '1h' })).toHaveProperty('kinds')
    expect((await hw.admin.servers()).servers).toHaveLength(1)
    expect(await hw.admin.connections()).toMatchObject({ workers: [{ phase: 'live' }] })
    await hw.admin.announce('Back at noon.')
    await hw.emit('crew.started', { crew: 'research' }, { priority: 'high' })
    expect(await hw.admin.verify()).toMatchObject({ different: 0 })
    await expect(hw.emit('job.faked')).rejects.toBeInstanceOf(InvalidInput)
  })
})

/** A job that runs, and waits for an answer. */
async function running(kind: string, args: unknown): ReturnType<Headway['submit']> {
  const job = await hw.submit(kind, args)
  for await (const event of job.events()) if (event.type === 'job.input_requested') break
  return job
}

function seqs(events: readonly WireEvent[]): number[] {
  return events.map(({ seq }) => seq)
}

/** What the log has of a job up to its end, without its lines. */
async function kept(id: string, end = 0): Promise<number[]> {
  const { events } = await hw.events(id)
  return events.filter(({ type, seq }) => type !== 'job.logged' && seq <= end).map(({ seq }) => seq)
}
