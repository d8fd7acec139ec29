import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { JobList, type ListOptions } from '../../src/joblist.ts'
import type { JobDoc, JobPage } from '../../src/wire.ts'
import { event, FakeLive, job, jobs, moved, submitted } from '../fakelive.ts'

/** The REST half: answers from `all`, newest first, as the server does; every question is noted. */
class FakePages {
  all: JobDoc[] = []
  readonly asked: { q: string; limit: number; after?: string }[] = []
  failing: Error | undefined
  /** Runs when a request has been read and before it is answered. */
  meanwhile: (() => void) | undefined

  readonly list = async (query: { q: string; limit: number; after?: string }): Promise<JobPage> => {
    this.asked.push(query)
    if (this.failing) throw this.failing
    const ids = /id:(\S+)/.exec(query.q)?.[1]?.split(',')
    const found = this.all
      .filter(each => (!ids || ids.includes(each.id)) && (!query.after || each.id < query.after))
      .sort((one, other) => (one.id < other.id ? 1 : -1))
    const page = found.slice(0, query.limit)
    const next = found.length > page.length ? page.at(-1)?.id : undefined
    await Promise.resolve()
    this.meanwhile?.()
    return { jobs: page, now: '2026-11-22T08:00:00.000Z', ...(next ? { next } : {}) }
  }
}

let live: FakeLive
let rest: FakePages
const opened: JobList[] = []

function listOf(options: ListOptions = {}): JobList {
  const list = new JobList({ live, rest }, options)
  opened.push(list)
  list.open()
  return list
}

/** Let requests answer and the order be drawn. */
async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1_100)
}

beforeEach(() => {
  vi.useFakeTimers()
  live = new FakeLive()
  rest = new FakePages()
})

afterEach(() => {
  for (const list of opened.splice(0)) list.close()
  vi.useRealTimers()
})

describe('membership', () => {
  test('jobs of the view that fit are rows, newest first', () => {
    const list = listOf({ q: 'state:running' })

    live.snapshot('jobs', jobs(job('A', { state: 'running' }), job('B'), job('C', { state: 'running' })))

    expect(list.state.ids).toEqual(['C', 'A'])
    expect(list.state.status).toBe('success')
  })

  test.each([
    ['kind:crawl state:running', 'kind:crawl'],
    ['queue:gpu', 'queue:gpu'],
    ['kind:crawl label.subject:sub-01', 'label:subject=sub-01'],
    ['kind:craw*', 'jobs'],
    ['kind:a,b', 'jobs'],
    ['-kind:crawl', 'jobs'],
    ['state:failed', 'jobs'],
    ['', 'jobs'],
  ])('%s is carried by the topic %s', (q, topic) => {
    expect(listOf({ q }).topic).toBe(topic)
  })

  test('a job that begins to fit comes, one that does not any more leaves, a deleted one leaves', async () => {
    const [a, b] = [job('A'), job('B', { state: 'running' })]
    const list = listOf({ q: 'state:running' })
    live.snapshot('jobs', jobs(a, b))

    live.send(moved(a, 'running'))
    await settled()
    expect(list.state.ids).toEqual(['B', 'A'])

    live.send(moved(b, 'completed'))
    await settled()
    expect(list.state.ids).toEqual(['A'])

    live.send(event(a, 'job.deleted', { deleted: true, was: 'running' }))
    await settled()
    expect(list.state.ids).toEqual([])
  })

  test('a new job comes at its place in the order', async () => {
    const list = listOf()
    live.snapshot('jobs', jobs(job('A'), job('C')))

    live.send(submitted(job('B')), submitted(job('D')))
    await settled()

    expect(list.state.ids).toEqual(['D', 'C', 'B', 'A'])
  })

  test('time alone lets a job come, by the clock of the server, looked at once a second', async () => {
    const started = { state: 'running', attempt: 1, seq: 5 } as const
    const attempts = {
      1: {
        number: 1,
        worker: 'w',
        instance: 'i',
        phase: 'started',
        offered_at: '',
        started_at: '2026-11-22T07:59:00.000Z',
      },
    } as const
    const list = listOf({ q: 'running:>2m' })
    live.snapshot('jobs', jobs(job('A', { ...started, attempts })))
    expect(list.state.ids).toEqual([])

    live.nowMs += 61_000
    await settled()

    expect(list.state.ids).toEqual(['A'])
  })

  test('a filter that is wrong says so at once and follows nothing', () => {
    const list = listOf({ q: 'colour:red' })

    expect(list.state.error?.message).toContain("'colour'")
    expect(live.shares.size).toBe(0)
  })
})

describe('rows', () => {
  test('only the listener of the changed row is told, with another object; the others stay the same', () => {
    const [a, b] = [job('A', { state: 'running' }), job('B', { state: 'running' })]
    const list = listOf()
    live.snapshot('jobs', jobs(a, b))
    const told: string[] = []
    list.subscribeRow('A', () => told.push('A'))
    list.subscribeRow('B', () => told.push('B'))
    const [before, other] = [list.row('A'), list.row('B')]

    live.send(event(a, 'job.progressed', { set: { progress: { at: '', overall: 0.5 } } }))

    expect(told).toEqual(['A'])
    expect(list.row('A')).not.toBe(before)
    expect(list.row('A')?.progress?.overall).toBe(0.5)
    expect(list.row('B')).toBe(other)
  })

  test('progress draws no order: the ids stay the same array', async () => {
    const a = job('A', { state: 'running' })
    const list = listOf()
    live.snapshot('jobs', jobs(a))
    const { ids } = list.state
    const drawn = vi.fn()
    list.subscribe(drawn)

    for (let share = 0; share < 50; share += 1) {
      live.send(event(a, 'job.progressed', { set: { progress: { at: '', overall: share / 100 } } }))
    }
    await settled()

    expect(list.state.ids).toBe(ids)
    expect(drawn).not.toHaveBeenCalled()
  })

  test('the order is drawn at most four times a second, however many come', async () => {
    const list = listOf()
    live.snapshot('jobs', jobs())
    await settled()
    const drawn = vi.fn()
    list.subscribe(drawn)

    for (let number = 0; number < 100; number += 1) {
      live.send(submitted(job(`J${1000 + number}`)))
      await vi.advanceTimersByTimeAsync(10)
    }

    expect(drawn.mock.calls.length).toBeLessThanOrEqual(5)
    await settled()
    expect(list.state.ids).toHaveLength(100)
  })
})

describe('held', () => {
  test('the order stands still, new jobs are counted, and come when let go', async () => {
    const list = listOf()
    live.snapshot('jobs', jobs(job('A')))
    const release = list.hold()

    live.send(submitted(job('B')), submitted(job('C')))
    await settled()
    expect(list.state).toMatchObject({ ids: ['A'], newCount: 2, held: true })

    release()
    expect(list.state).toMatchObject({ ids: ['C', 'B', 'A'], newCount: 0, held: false })
  })

  test('showNew shows them and holds on', async () => {
    const list = listOf()
    live.snapshot('jobs', jobs(job('A')))
    list.hold()
    live.send(submitted(job('B')))
    await settled()

    list.showNew()
    live.send(submitted(job('C')))
    await settled()

    expect(list.state).toMatchObject({ ids: ['B', 'A'], newCount: 1, held: true })
  })

  test('a row that does not fit any more stays readable and live until let go, and says that it does not fit', async () => {
    const a = job('A', { state: 'running' })
    const list = listOf({ q: 'state:running' })
    live.snapshot('jobs', jobs(a))
    const release = list.hold()

    live.send(moved(a, 'completed'))
    await settled()
    expect(list.state.ids).toEqual(['A'])
    expect(list.row('A')?.state).toBe('completed')
    expect(list.fits('A')).toBe(false)

    release()
    expect(list.state.ids).toEqual([])
    expect(list.row('A')).toBeUndefined()
  })

  test('what is loaded at its foot is shown: it moves nothing', async () => {
    rest.all = [job('A'), job('B')]
    const list = listOf({ q: 'state:queued', limit: 10 })
    live.snapshot('jobs', { ...jobs(job('C'), job('D')), capped: true })
    await settled()
    list.hold()
    live.send(submitted(job('E')))

    await list.loadMore()
    await settled()

    expect(list.state).toMatchObject({ ids: ['D', 'C', 'B', 'A'], newCount: 1, held: true })
  })

  test('a list that was held before anything was known shows what is known first', async () => {
    const list = listOf()
    list.hold()

    live.snapshot('jobs', jobs(job('A'), job('B')))
    await settled()

    expect(list.state).toMatchObject({ ids: ['B', 'A'], newCount: 0 })
  })

  test('two may hold; the order moves when both have let go, and letting go twice counts once', async () => {
    const list = listOf()
    live.snapshot('jobs', jobs(job('A')))
    const [first, second] = [list.hold(), list.hold()]
    live.send(submitted(job('B')))
    await settled()

    first()
    first()
    expect(list.state.ids).toEqual(['A'])
    second()
    expect(list.state.ids).toEqual(['B', 'A'])
  })
})

describe('pages', () => {
  const ended = (id: string): JobDoc =>
    job(id, { state: 'completed', finished_at: `2026-11-22T07:30:00.${id.slice(1)}Z`, seq: 50 })
  const many = (from: number, to: number): JobDoc[] =>
    Array.from({ length: to - from + 1 }, (_, index) => ended(`J${from + index}`))

  test('a view that shows everything needs no page', async () => {
    const list = listOf()

    live.snapshot('jobs', { ...jobs(...many(101, 103)), keep: { finished: 10 } })
    await settled()

    expect(rest.asked).toEqual([])
    expect(list.state).toMatchObject({ complete: true, hasMore: false, total: 3 })
  })

  test('where the view is cut the list ends where all is known, and goes on by pages', async () => {
    rest.all = many(101, 130)
    const list = listOf({ limit: 10 })

    live.snapshot('jobs', {
      ...jobs(...many(126, 130), job('J050', { state: 'running' })),
      keep: { finished: 5 },
    })
    await settled()
    expect(list.state.ids).toEqual(
      many(121, 130)
        .map(each => each.id)
        .reverse(),
    )
    expect(list.state).toMatchObject({ hasMore: true, complete: false, isLoadingMore: false })

    await list.loadMore()
    expect(list.state.ids).toHaveLength(20)
    await list.loadMore()
    expect(list.state.ids.slice(-2)).toEqual(['J101', 'J050'])
    expect(list.state).toMatchObject({ hasMore: false, complete: true })
  })

  test('a capped view of unfinished jobs is known down to its oldest', async () => {
    rest.all = [job('A'), job('B')]
    const list = listOf({ q: 'state:queued', limit: 10 })
    live.snapshot('jobs', { ...jobs(job('C'), job('D')), capped: true })
    await settled()
    expect(rest.asked).toEqual([])
    expect(list.state).toMatchObject({ ids: ['D', 'C'], hasMore: true })

    await list.loadMore()

    expect(rest.asked).toEqual([{ q: 'state:queued', limit: 10, after: 'C' }])
    expect(list.state).toMatchObject({ ids: ['D', 'C', 'B', 'A'], hasMore: false })
  })

  test('rows of pages are folded by later events, and not by older ones', async () => {
    const old = ended('J101')
    rest.all = [...many(126, 130), { ...old, seq: 500 }]
    const list = listOf({ limit: 10 })
    live.snapshot('jobs', { ...jobs(...many(126, 130)), keep: { finished: 5 } })
    await settled()

    live.send(event(old, 'job.noted', { set: { reason: 'old' } }))
    expect(list.row('J101')?.reason).toBeUndefined()

    live.seq = 600
    live.shares.get('jobs')?.view.stand('e1', 600)
    live.send(event(old, 'job.noted', { set: { reason: 'new' } }))
    expect(list.row('J101')?.reason).toBe('new')
  })

  test('what happens to a job while its page is on the way is not lost', async () => {
    const old = job('J101', { state: 'running', seq: 50 })
    rest.all = [...many(126, 130), old]
    const list = listOf({ limit: 10 })
    rest.meanwhile = () => {
      rest.meanwhile = undefined
      live.send(moved(old, 'failed'))
    }

    live.snapshot('jobs', { ...jobs(...many(126, 130)), keep: { finished: 5 } })
    await settled()

    expect(list.row('J101')?.state).toBe('failed')
  })

  test('a job that the view lets go of stays a row, and is still deleted by its event', async () => {
    const [a, b] = [job('J101', { state: 'running' }), job('J102', { state: 'running' })]
    const list = listOf()
    live.snapshot('jobs', { ...jobs(a, b), keep: { finished: 1 } })

    live.send(moved(a, 'completed', { finished_at: '1' }), moved(b, 'completed', { finished_at: '2' }))
    await settled()
    expect(list.state.ids).toEqual(['J102', 'J101'])
    expect(list.row('J101')?.state).toBe('completed')

    live.send(event(a, 'job.deleted', { deleted: true, was: 'completed' }))
    await settled()
    expect(list.state.ids).toEqual(['J102'])
  })

  test('a job beyond the view that may fit by now is asked for by its id, others are not', async () => {
    const far = job('A', { queue: 'gpu', seq: 300, state: 'running' })
    rest.all = [far]
    const list = listOf({ q: 'state:running' })
    live.snapshot('jobs', { ...jobs(job('C', { state: 'running' })), capped: true })
    await list.loadMore()
    rest.asked.length = 0
    rest.all = [{ ...far, id: 'B' }]

    live.send(
      moved({ ...job('B'), state: 'queued' }, 'running'),
      moved({ ...job('0'), state: 'running' }, 'failed'),
    )
    await settled()

    expect(rest.asked.map(each => each.q)).toEqual(['state:running id:B'])
    expect(list.state.ids).toEqual(['C', 'B', 'A'])
  })

  test('nobody asks for a job below the place down to which the list is shown', async () => {
    const list = listOf({ q: 'state:running' })
    live.snapshot('jobs', { ...jobs(job('C', { state: 'running' })), capped: true })

    live.send(moved(job('A'), 'running'), moved(job('D'), 'running'))
    await settled()

    expect(rest.asked.map(each => each.q)).toEqual(['state:running id:D'])
    expect(list.state.ids).toEqual(['C'])
  })

  test('after a new snapshot while a page is on its way the pages are asked anew all the same', async () => {
    rest.all = many(101, 130)
    const list = listOf({ limit: 10 })
    live.snapshot('jobs', { ...jobs(...many(126, 130)), keep: { finished: 5 } })
    await settled()

    const more = list.loadMore()
    rest.all = rest.all.filter(each => each.id !== 'J122')
    live.snapshot('jobs', { ...jobs(...many(126, 130)), keep: { finished: 5 } })
    await more
    await settled()

    expect(list.state.ids).not.toContain('J122')
    expect(list.state.isLoadingMore).toBe(false)
  })

  test('after a new snapshot the pages are asked anew, and what is gone leaves', async () => {
    rest.all = many(101, 130)
    const list = listOf({ limit: 10 })
    live.snapshot('jobs', { ...jobs(...many(126, 130)), keep: { finished: 5 } })
    await settled()
    expect(list.state.ids).toContain('J122')

    rest.all = rest.all.filter(each => each.id !== 'J122')
    live.snapshot('jobs', { ...jobs(...many(126, 130)), keep: { finished: 5 } })
    await settled()

    expect(list.state.ids).not.toContain('J122')
    expect(list.state.ids).toContain('J121')
  })

  test('another log: nothing that was shown counts any more', () => {
    const list = listOf()
    live.snapshot('jobs', jobs(job('A')))

    live.snapshot('jobs', jobs(job('B')), 'e2')

    expect(list.state.ids).toEqual(['B'])
  })

  test('a page that fails says so, and the list goes on', async () => {
    rest.failing = new Error('the wire is cut')
    const list = listOf({ limit: 3 })

    live.snapshot('jobs', { ...jobs(...many(101, 110)), keep: { finished: 10 } })
    await settled()
    expect(list.state).toMatchObject({ status: 'success', error: null, hasMore: true })
    expect(list.state.moreError?.message).toBe('the wire is cut')
    expect(list.state.ids).toEqual(['J110', 'J109', 'J108'])

    rest.failing = undefined
    rest.all = many(101, 110)
    await list.loadMore()
    expect(list.state.moreError).toBeNull()
  })

  test('more rows than are kept: the oldest go, and are asked for again', async () => {
    rest.all = many(101, 130)
    const list = listOf({ limit: 10, most: 15 })
    live.snapshot('jobs', { ...jobs(...many(126, 130)), keep: { finished: 5 } })
    await settled()
    for (let number = 131; number <= 138; number += 1) live.send(submitted(job(`J${number}`)))
    await settled()

    expect(list.state.ids).toHaveLength(15)
    expect(list.state).toMatchObject({ hasMore: true })
    expect(list.row('J121')).toBeUndefined()

    await list.loadMore()
    expect(rest.asked.at(-1)?.after).toBe('J124')
  })
})

describe('terms that only the server can decide', () => {
  const hit = job('A', { state: 'running' })

  test('the rows are those of the page, and live', async () => {
    rest.all = [hit]
    const list = listOf({ q: 'kind:crawl "needle"' })
    live.snapshot('kind:crawl', jobs(hit, job('B')))
    await settled()
    expect(list.state).toMatchObject({ ids: ['A'], live: false, mayMatch: 0, status: 'success' })

    live.send(event(hit, 'job.progressed', { set: { progress: { at: '', overall: 0.5 } } }))

    expect(list.row('A')?.progress?.overall).toBe(0.5)
    expect(list.state.mayMatch).toBe(0)
  })

  test('jobs that came or changed their state since may match; refreshing asks', async () => {
    rest.all = [hit]
    const list = listOf({ q: 'state:running "needle"' })
    live.snapshot('jobs', jobs(hit, job('B'), job('C')))
    await settled()

    live.send(
      moved(job('B'), 'running'),
      submitted(job('D', { state: 'running' })),
      moved(job('C'), 'cancelled'),
    )
    await settled()
    expect(list.state).toMatchObject({ ids: ['A'], mayMatch: 2 })

    rest.all = [hit, job('B', { state: 'running', seq: 900 })]
    await list.refresh()
    expect(list.state).toMatchObject({ ids: ['B', 'A'], mayMatch: 0 })
  })

  test('a row whose live part does not hold any more leaves', async () => {
    rest.all = [hit]
    const list = listOf({ q: 'state:running "needle"' })
    live.snapshot('jobs', jobs(hit))
    await settled()

    live.send(moved(hit, 'completed'))
    await settled()

    expect(list.state.ids).toEqual([])
  })

  test('a first page that fails is the error of the list', async () => {
    rest.failing = new Error('the wire is cut')
    const list = listOf({ q: '"needle"' })
    live.snapshot('jobs', jobs())
    await settled()

    expect(list.state).toMatchObject({ status: 'error', error: { message: 'the wire is cut' } })
  })
})

describe('counts', () => {
  const counts = { gpu: { queued: 4, running: 2 }, cpu: { queued: 10, failed: 1 } }

  test.each([
    ['', { queued: 14, running: 2, failed: 1 }, 17],
    ['state:queued', { queued: 14, running: 2, failed: 1 }, 14],
    ['-queue:cpu', { queued: 4, running: 2 }, 6],
    ['queue:g*,x state:running', { queued: 4, running: 2 }, 2],
  ])('%s counts exactly, from the folded counts', (q, expected, total) => {
    const list = listOf({ q })

    live.snapshot('jobs', { counts, capped: true })

    expect(list.state.counts).toEqual(expected)
    expect(list.state.total).toBe(total)
  })

  test('what counts do not tell is not guessed', () => {
    const list = listOf({ q: 'priority:>5' })

    live.snapshot('jobs', { counts, capped: true })

    expect(list.state.counts).toBeUndefined()
    expect(list.state.total).toBeUndefined()
  })

  test('counts follow events', async () => {
    const list = listOf()
    live.snapshot('jobs', { ...jobs(job('A')), counts: { default: { queued: 1 } } })

    live.send(moved(job('A'), 'running'))
    await settled()

    expect(list.state.counts).toEqual({ running: 1 })
  })
})

describe('sorts', () => {
  test('priority: higher first, then newer; a change moves the row', async () => {
    const list = listOf({ sort: 'priority' })
    live.snapshot('jobs', jobs(job('A', { priority: 5 }), job('B'), job('C')))
    expect(list.state.ids).toEqual(['A', 'C', 'B'])

    live.send(event(job('B'), 'job.priority_changed', { set: { priority: 9 } }))
    await settled()

    expect(list.state.ids).toEqual(['B', 'A', 'C'])
  })

  test('duration: the longest first, running ones as of now', () => {
    const at = (minute: string): string => `2026-11-22T07:${minute}:00.000Z`
    const list = listOf({ sort: 'duration' })

    live.snapshot(
      'jobs',
      jobs(
        job('A', { state: 'completed', started_at: at('00'), finished_at: at('10') }),
        job('B', { state: 'running', started_at: at('30') }),
        job('C'),
      ),
    )

    expect(list.state.ids).toEqual(['B', 'A', 'C'])
  })

  test('another order than newest first says that it is that of the loaded rows', async () => {
    rest.all = [job('A', { state: 'completed', finished_at: '1' })]
    const list = listOf({ sort: 'finished', limit: 1 })
    live.snapshot('jobs', {
      ...jobs(job('C', { state: 'completed', finished_at: '2' })),
      keep: { finished: 1 },
      capped: true,
    })
    expect(list.state.sortedLoaded).toBe(true)
    await settled()

    expect(list.state.ids).toEqual(['C', 'A'])
  })
})

test('closed it asks for nothing and lets the topic go; opened again it goes on', async () => {
  const list = listOf()
  live.snapshot('jobs', jobs(job('A')))
  list.close()
  expect(live.users('jobs')).toBe(0)

  live.send(submitted(job('B')))
  list.open()
  await settled()

  expect(list.state.ids).toEqual(['B', 'A'])
})
