// @vitest-environment jsdom
/** Lists, logs and hooks against a real server: what the fakes assume is so. */
import { join } from 'node:path'
import { cleanup, renderHook, waitFor } from '@testing-library/react'
import { type ReactElement, type ReactNode, StrictMode } from 'react'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createHeadway, type Headway } from '../../src/client.ts'
import {
  HeadwayProvider,
  useJob,
  useJobEvents,
  useJobLogs,
  useJobs,
  useKinds,
  useQueue,
  useSaved,
  useWorkers,
} from '../../src/react/index.ts'
import { type Server, start } from '../server.ts'

const APP = `${join(import.meta.dirname, '../rest/jobs.py')}:app`
const SOON = { timeout: 15_000 }
vi.setConfig({ testTimeout: 60_000 })
let server: Server
let hw: Headway

beforeAll(async () => {
  server = await start({ app: APP })
  hw = createHeadway({ url: server.url, WebSocket })
}, 60_000)

afterEach(cleanup)

afterAll(async () => {
  hw?.close()
  await server?.stop()
}, 60_000)

function Inside({ children }: { children: ReactNode }): ReactElement {
  return (
    <StrictMode>
      <HeadwayProvider client={hw}>{children}</HeadwayProvider>
    </StrictMode>
  )
}

const hook = <R,>(use: () => R): { readonly current: R } => renderHook(use, { wrapper: Inside }).result

test('a job from its submit to its end, told once, with its stages and events', async () => {
  const { id } = await hw.submit('count', { n: 50 })
  const onSettled = vi.fn()

  const job = hook(() => useJob(id, { onSettled }))
  const events = hook(() => useJobEvents(id, { types: ['job.submitted', 'job.completed'] }))

  await waitFor(() => expect(job.current.data?.state).toBe('completed'), SOON)
  await waitFor(
    () => expect(events.current.data?.map(each => each.type)).toEqual(['job.submitted', 'job.completed']),
    SOON,
  )
  expect(onSettled).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ id, state: 'completed' }))
  expect(job.current.stages).toMatchObject([{ path: 'count', state: 'completed', fraction: 1 }])
})

test('a list sees a job come and leave, and counts it', async () => {
  const waiting = hook(() => useJobs({ q: 'label.test:list state:scheduled' }))
  const queue = hook(() => useQueue('lists'))
  await waitFor(() => expect(waiting.current.status).toBe('success'), SOON)

  const { id } = await hw.submit('count', { n: 1 }, { labels: { test: 'list' }, queue: 'lists', delay: '1h' })
  await waitFor(() => expect(waiting.current.ids).toEqual([id]), SOON)
  await waitFor(() => expect(queue.current.data?.counts).toEqual({ scheduled: 1 }), SOON)

  await hw.cancel(id)
  await waitFor(() => expect(waiting.current.ids).toEqual([]), SOON)
  await waitFor(() => expect(queue.current.data?.counts).toEqual({ cancelled: 1 }), SOON)
})

test('a list of more than the view shows goes on by pages, each job once and in order', async () => {
  const made = await hw.submitMany(
    Array.from({ length: 1_620 }, () => ({ kind: 'count', args: { n: 1 }, queue: 'many', delay: '1h' })),
  )
  const list = hook(() => useJobs({ q: 'queue:many', limit: 100 }))
  await waitFor(
    () => expect(list.current).toMatchObject({ status: 'success', total: 1_620, isLoadingMore: false }),
    SOON,
  )
  expect(list.current.hasMore).toBe(true)

  for (let page = 0; page < 20 && list.current.hasMore; page += 1) await list.current.loadMore()

  await waitFor(() => expect(list.current.complete).toBe(true), SOON)
  expect(list.current.ids).toEqual(
    made
      .map(each => each.id)
      .sort()
      .reverse(),
  )
})

test('terms that only the server can decide: its page, live, and how many others may match', async () => {
  const submit = (word: string): Promise<{ id: string }> =>
    hw.submit('echo', { value: word }, { queue: 'words', delay: '1h' })
  const { id } = await submit('needle')
  const list = hook(() => useJobs({ q: 'queue:words "needle"' }))
  const queue = hook(() => useQueue('words')) // the same topic: once it is there, the list is live
  await waitFor(() => expect(queue.current.data?.counts).toEqual({ scheduled: 1 }), SOON)
  await waitFor(() => expect(list.current).toMatchObject({ ids: [id], isLoadingMore: false }), SOON)

  const other = await submit('needles')
  await submit('hay')
  await waitFor(() => expect(list.current.mayMatch).toBe(2), SOON)
  await list.current.refresh()

  await waitFor(() => expect(list.current).toMatchObject({ ids: [other.id, id], mayMatch: 0 }), SOON)
})

test('a log: its tail, what is looked at, and both searches', async () => {
  const { id } = await hw.submit('count', { n: 1_900 })
  const job = hook(() => useJob(id))
  await waitFor(() => expect(job.current.settled).toBe(true), SOON)
  const logs = hook(() => useJobLogs(id))
  await waitFor(() => expect(logs.current).toMatchObject({ status: 'success', first: 1, last: 1_900 }), SOON)
  expect(logs.current.log.has(700)).toBe(false)

  logs.current.log.ensure(650, 750)
  const [text, pattern] = [
    logs.current.log.find({ contains: 'line 18' }),
    logs.current.log.find({ pattern: /LINE 18\d\d$/i }),
  ]

  await waitFor(() => expect(logs.current.log.get(700)?.[3]).toBe('line 700'), SOON)
  await waitFor(() => expect([text.state.done, pattern.state.done]).toEqual([true, true]), SOON)
  expect(pattern.state.found).toEqual(Array.from({ length: 100 }, (_, index) => 1_800 + index))
  expect(text.state.found).toEqual([
    18,
    ...Array.from({ length: 10 }, (_, index) => 180 + index),
    ...pattern.state.found,
  ])
})

test('workers as a tree, kinds by name, and what somebody saves', async () => {
  const [workers, kinds, saved] = [
    hook(() => useWorkers()),
    hook(() => useKinds()),
    hook(() => useSaved('views')),
  ]
  await waitFor(() => expect(saved.current.status).toBe('success'), SOON)

  await hw.saved.put('views', 'mine', { q: 'state:failed' })

  await waitFor(
    () =>
      expect(saved.current.data?.map(each => [each.name, each.body.q])).toEqual([['mine', 'state:failed']]),
    SOON,
  )
  await waitFor(() => expect(workers.current.data?.[0]?.workers[0]?.worker.state).toBe('online'), SOON)
  expect(kinds.current.data?.map(each => each.name)).toEqual(
    expect.arrayContaining(['ask', 'count', 'echo', 'fail']),
  )
})
