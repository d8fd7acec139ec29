// @vitest-environment jsdom
import { act, cleanup, screen } from '@testing-library/react'
import type { ReactElement } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { JobList } from '../../src/joblist.ts'
import {
  HeadwayProvider,
  JobProgress,
  useConnection,
  useHeadway,
  useJobEvents,
  useJobLogs,
  useJobRow,
  useJobs,
  useKinds,
  useNow,
  useQueue,
  useQueues,
  useSaved,
  useSubmit,
  useTopic,
  useWorkers,
} from '../../src/react/index.ts'
import type { TopicData } from '../../src/wire.ts'
import { event, job, jobs, moved, submitted } from '../fakelive.ts'
import { Page } from './page.tsx'

let page: Page

beforeEach(() => {
  vi.useFakeTimers()
  page = new Page()
})

afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

const drawn = (): Promise<void> => act(async () => void (await vi.advanceTimersByTimeAsync(1_100)))

function documents(entity: string, ...each: readonly { readonly [key: string]: unknown }[]): TopicData {
  return {
    documents: { [entity]: Object.fromEntries(each.map(one => [String(one.id ?? one.name), one])) },
  } as TopicData
}

describe('useJobs', () => {
  test('pending, then rows in order, then as they come and change', async () => {
    const { result } = page.hook(() => useJobs({ q: 'state:running' }), {})
    expect(result.current).toMatchObject({ status: 'pending', data: undefined, jobs: [] })

    act(() => page.live.snapshot('jobs', jobs(job('A', { state: 'running' }), job('B'))))
    expect(result.current.jobs.map(each => each.id)).toEqual(['A'])

    act(() => page.live.send(moved(job('B'), 'running')))
    await drawn()
    expect(result.current.data?.map(each => each.id)).toEqual(['B', 'A'])
  })

  test('without rows only its order draws it; a row draws itself, and only itself', async () => {
    const drawings: string[] = []
    function Row({ list, id }: { list: JobList; id: string }): ReactElement {
      drawings.push(id)
      return <li>{useJobRow(list, id)?.progress?.overall}</li>
    }
    function Rows(): ReactElement {
      drawings.push('list')
      const { ids, list } = useJobs({ rows: false })
      return (
        <ul>
          {ids.map(id => (
            <Row key={id} list={list} id={id} />
          ))}
        </ul>
      )
    }
    page.show(<Rows />)
    const a = job('A', { state: 'running' })
    act(() => page.live.snapshot('jobs', jobs(a, job('B'))))
    await drawn()
    drawings.length = 0

    act(() => page.live.send(event(a, 'job.progressed', { set: { progress: { at: '', overall: 0.5 } } })))
    await drawn()

    expect(new Set(drawings)).toEqual(new Set(['A']))
    expect(screen.getByText('0.5')).toBeTruthy()
  })

  test('hold, newCount and showNew', async () => {
    const { result } = page.hook(() => useJobs(), {})
    act(() => page.live.snapshot('jobs', jobs(job('A'))))
    act(() => void result.current.hold())
    act(() => page.live.send(submitted(job('B'))))
    await drawn()
    expect(result.current).toMatchObject({ ids: ['A'], newCount: 1 })

    act(() => result.current.showNew())
    expect(result.current).toMatchObject({ ids: ['B', 'A'], newCount: 0 })
  })

  test('another filter: the list before stays until the new one is known', () => {
    const { result, rerender } = page.hook(({ q }) => useJobs({ q }), { q: '' })
    act(() => page.live.snapshot('jobs', jobs(job('A'))))

    rerender({ q: 'kind:other' })
    expect(result.current).toMatchObject({ ids: ['A'], isPrevious: true })

    act(() => page.live.snapshot('kind:other', jobs(job('B', { kind: 'other' }))))
    expect(result.current).toMatchObject({ ids: ['B'], isPrevious: false })
  })

  test('a filter that is wrong is an error with the way out', () => {
    const { result } = page.hook(() => useJobs({ q: 'state:done' }), {})

    expect(result.current.error?.hint).toContain('States are')
  })

  test('StrictMode leaks no subscription', async () => {
    const { unmount } = page.hook(() => useJobs(), {})
    expect(page.live.users('jobs')).toBe(1)

    unmount()
    await act(async () => void (await vi.advanceTimersByTimeAsync(10_000)))

    expect(page.live.users('jobs')).toBe(0)
  })
})

test('useJobLogs: the tail as it grows', async () => {
  const { result } = page.hook(() => useJobLogs('J'), {})
  act(() => page.live.snapshot('logs:J', { lines: [[1, '', 'info', 'one']], first: 1, last: 1 }))
  expect(result.current).toMatchObject({ status: 'success', first: 1, last: 1 })

  act(() => page.live.send(event(job('J'), 'job.logged', { lines: [[2, '', 'info', 'two']] })))
  await drawn()

  expect(result.current.last).toBe(2)
  expect(result.current.log.get(2)?.[3]).toBe('two')
})

describe('useJobEvents', () => {
  const a = job('J')

  test('the kept ones, narrowed by type', () => {
    const { result } = page.hook(() => useJobEvents('J', { types: ['job.submitted', 'job.run*'] }), {})
    act(() => page.live.snapshot('job:J'))

    act(() =>
      page.live.send(submitted(a), event(a, 'job.noted', { set: { reason: 'x' } }), moved(a, 'running')),
    )

    expect(result.current.data?.map(each => each.type)).toEqual(['job.submitted', 'job.running'])
    expect(result.current.hasEarlier).toBe(false)
  })

  test('earlier ones are read from the log until they meet the kept ones, each once', async () => {
    const wire = (seq: number, type = 'job.noted') => ({ ...event(a, type, {}), seq })
    page.answer = path =>
      path.includes('after=0')
        ? { events: [wire(1, 'job.submitted'), wire(2)], next: 2 }
        : { events: [wire(3, 'job.logged'), wire(4), wire(5)], next: null }
    const { result } = page.hook(() => useJobEvents('J'), {})
    act(() => page.live.snapshot('job:J', { ...jobs(a), events: [wire(5), wire(6)] }))
    expect(result.current.hasEarlier).toBe(true)

    await act(() => result.current.loadEarlier())

    expect(result.current.data?.map(each => each.seq)).toEqual([1, 2, 4, 5, 6])
    expect(result.current.hasEarlier).toBe(false)
  })
})

test('useWorkers: machines by name with workers, services and what they run', async () => {
  const worker = (id: string, machine: string, rest = {}) => ({
    id,
    machine,
    namespace: 'default',
    state: 'online',
    slots: 2,
    ...rest,
  })
  const { result } = page.hook(() => useWorkers({ jobs: true }), {})
  act(() =>
    page.live.snapshot('workers', {
      documents: {
        worker: {
          'b/1': worker('b/1', 'b', { load: { busy: 1 } }),
          'a/10': worker('a/10', 'a', { state: 'lost' }),
          'a/2': worker('a/2', 'a', { state: 'lost' }),
          'a/1': worker('a/1', 'a', { state: 'stale' }),
        },
        service: { 'b/1/comfy': { id: 'b/1/comfy', name: 'comfy', worker: 'b/1' } },
      },
    } as TopicData),
  )
  act(() =>
    page.live.snapshot(
      'jobs',
      jobs(job('J', { state: 'running', worker: 'b/1' }), job('K', { worker: 'b/1' })),
    ),
  )
  await drawn()

  const tree = result.current.data?.map(({ name, state, slots, used, workers }) => [
    name,
    state,
    slots,
    used,
    workers.map(each => each.id),
  ])
  expect(tree).toEqual([
    ['a', 'stale', 2, 0, ['a/1', 'a/2', 'a/10']],
    ['b', 'online', 2, 1, ['b/1']],
  ])
  const [node] = result.current.data?.[1]?.workers ?? []
  expect(node?.services.map(each => each.name)).toEqual(['comfy'])
  expect(node?.jobs.map(each => each.id)).toEqual(['J'])
})

test('useQueues: those that hold jobs and those that something was set on', async () => {
  const { result } = page.hook(() => useQueues(), {})
  act(() => page.live.snapshot('jobs', { ...jobs(job('A')), counts: { default: { queued: 1 } } }))
  act(() =>
    page.live.snapshot('queues', documents('queue', { name: 'gpu', limit: 2, paused: { at: '', by: 'me' } })),
  )
  await drawn()
  expect(
    result.current.data?.map(({ name, counts, limit, paused }) => [name, counts, limit, paused?.by]),
  ).toEqual([
    ['default', { queued: 1 }, undefined, undefined],
    ['gpu', {}, 2, 'me'],
  ])

  act(() => page.live.send(moved(job('A'), 'running')))
  await drawn()
  expect(result.current.data?.[0]?.counts).toEqual({ running: 1 })
})

test('useQueue: one queue, with its counts and what was set on it', () => {
  const { result } = page.hook(() => useQueue('gpu'), {})

  act(() =>
    page.live.snapshot('queue:gpu', {
      ...documents('queue', { name: 'gpu', limit: 2 }),
      counts: { gpu: { queued: 3 } },
    }),
  )

  expect(result.current.data).toMatchObject({ name: 'gpu', counts: { queued: 3 }, limit: 2 })
})

test('useKinds and useSaved: by name, and only of the section', () => {
  const kinds = page.hook(() => useKinds(), {})
  const saved = page.hook(() => useSaved('views'), {})

  act(() => page.live.snapshot('kinds', documents('kind', { name: 'b' }, { name: 'a' })))
  act(() =>
    page.live.snapshot(
      'saved',
      documents(
        'saved',
        { id: 'views/mine', section: 'views', name: 'mine', body: { q: 'state:failed' } },
        { id: 'templates/x', section: 'templates', name: 'x', body: { kind: 'a' } },
      ),
    ),
  )

  expect(kinds.result.current.data?.map(each => each.name)).toEqual(['a', 'b'])
  expect(saved.result.current.data?.map(each => each.body.q)).toEqual(['state:failed'])
})

test('useTopic: any topic, selected', () => {
  let drawings = 0
  const { result } = page.hook(() => {
    drawings += 1
    return useTopic('workers', { select: seen => seen.all('worker').length })
  }, {})
  act(() => page.live.snapshot('workers', documents('worker', { id: 'w/1' })))
  expect(result.current.data).toBe(1)
  const before = drawings

  act(() => page.live.snapshot('workers', documents('worker', { id: 'w/2' })))
  expect(drawings).toBe(before)
})

test('useConnection: what the link does, and a way to try at once', () => {
  const { result } = page.hook(() => useConnection(), {})
  act(() => page.live.setFresh(false))
  expect(result.current).toMatchObject({ state: 'reconnecting', fresh: false })

  act(() => result.current.retryNow())
  expect(result.current.fresh).toBe(true)
})

describe('useNow', () => {
  function pass(ms: number): void {
    page.live.nowMs += ms
    act(() => vi.advanceTimersByTime(ms))
  }

  test('ticks in steps of its own, and all of one step see the same time', () => {
    let minutes = 0
    const [second, minute] = [
      page.hook(() => useNow(), {}),
      page.hook(() => {
        minutes += 1
        return useNow({ everyMs: 60_000 })
      }, {}),
    ]
    const [start, before] = [second.result.current, minutes]

    for (let step = 0; step < 5; step += 1) pass(1_000)

    expect(second.result.current).toBe(start + 5_000)
    expect(minutes).toBe(before)
    pass(60_000)
    expect(minute.result.current).toBe(start + 60_000)
  })

  test('stands still while the server is not heard', () => {
    const { result } = page.hook(() => useNow(), {})
    const before = result.current

    act(() => vi.advanceTimersByTime(30_000)) // the client's `now` is frozen

    expect(result.current).toBe(before)
  })
})

describe('useSubmit', () => {
  test('idle, pending, then the job', async () => {
    page.answer = () => Response.json({ id: 'J', created: true }, { status: 201 })
    const { result } = page.hook(() => useSubmit<{ url: string }>('crawl'), {})
    expect(result.current.status).toBe('idle')

    let made: Promise<unknown> = Promise.resolve()
    act(() => {
      made = result.current.submit({ url: 'x' })
    })
    expect(result.current.isPending).toBe(true)
    await act(() => made)
    expect(result.current.job?.id).toBe('J')

    act(() => result.current.reset())
    expect(result.current.status).toBe('idle')
  })

  test('what the server refuses is the error, and rejects', async () => {
    const problem = { status: 422, code: 'invalid_input', message: 'url: is missing.', hint: 'Give it.' }
    page.answer = () => Response.json(problem, { status: 422 })
    const { result } = page.hook(() => useSubmit('crawl'), {})

    await act(async () => void (await expect(result.current.submit({})).rejects.toThrow('url')))

    expect(result.current.error).toMatchObject({ code: 'invalid_input', hint: 'Give it.' })
  })
})

test('on a server everything is pending, and nothing is followed', () => {
  function All(): ReactElement {
    const { status } = useJobs()
    return (
      <p>
        {status} {useNow()} {useKinds().status} <JobProgress id="J" />
      </p>
    )
  }

  const html = renderToString(
    <HeadwayProvider client={page.client}>
      <All />
    </HeadwayProvider>,
  )

  expect(html).toContain('pending')
  expect(html).toContain('data-freshness="unknown"')
  expect(page.live.shares.size).toBe(0)
})

test('outside a provider the error says the way out', () => {
  expect(() => renderToString(<Outside />)).toThrow('HeadwayProvider')
})

function Outside(): ReactElement {
  useHeadway()
  return <p />
}
