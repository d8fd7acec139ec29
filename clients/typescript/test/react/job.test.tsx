// @vitest-environment jsdom
import { act, cleanup, screen } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type JobOptions, JobProgress, useJob } from '../../src/react/index.ts'
import type { JobDoc } from '../../src/wire.ts'
import { event, job, jobs, moved, type Unnumbered } from '../fakelive.ts'
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

const RUNNING = job('J', {
  state: 'running',
  attempt: 1,
  attempts: {
    1: {
      number: 1,
      worker: 'w',
      instance: 'i',
      phase: 'started',
      offered_at: '2026-11-22T08:00:00.000Z',
      started_at: '2026-11-22T08:00:00.000Z',
      plan: [
        { name: 'load', weight: 1 },
        { name: 'parse', weight: 3, stages: [{ name: 'inner', weight: 1 }] },
      ],
      stages: {
        load: { state: 'completed', started_at: '1' },
        parse: { state: 'running', started_at: '2', fraction: 0.5 },
      },
    },
  },
  progress: { at: '2026-11-22T08:00:00.000Z', overall: 0.25, stage: 'load' },
})

function progressed(overall: number, stage = 'load', at = '2026-11-22T08:00:00.000Z'): Unnumbered {
  return event(RUNNING, 'job.progressed', {
    set: { progress: { overall, stage, at }, attempts: { 1: { progress_at: at } } },
  })
}

const shown = (options: JobOptions<JobDoc> = {}) =>
  page.hook((props: JobOptions<JobDoc>) => useJob('J', props), options)

describe('the document', () => {
  test('pending, then there, then as events change it', () => {
    const { result } = shown()
    expect(result.current).toMatchObject({ status: 'pending', isPending: true, data: undefined })

    act(() => page.live.snapshot('job:J', jobs(RUNNING)))
    expect(result.current).toMatchObject({ status: 'success', data: { state: 'running' }, settled: false })

    act(() => page.live.send(progressed(0.75)))
    expect(result.current.progress?.overall).toBe(0.75)
  })

  test('one that is not there is an error, until it comes', () => {
    const { result } = shown()

    act(() => page.live.snapshot('job:J'))
    expect(result.current).toMatchObject({ status: 'error', error: { code: 'not_found' } })

    act(() => page.live.snapshot('job:J', jobs(RUNNING)))
    expect(result.current.status).toBe('success')
  })

  test('stages come in the order of the plan, with what is inside them; attempts by number', () => {
    const { result } = shown()

    act(() => page.live.snapshot('job:J', jobs(RUNNING)))

    expect(
      result.current.stages.map(({ path, depth, state, fraction }) => [path, depth, state, fraction]),
    ).toEqual([
      ['load', 0, 'completed', 1],
      ['parse', 0, 'running', 0.5],
      ['parse/inner', 1, 'waiting', undefined],
    ])
    expect(result.current.attempts.map(attempt => attempt.number)).toEqual([1])
  })

  test('select draws again only when its value is another', () => {
    let drawings = 0
    const { result } = page.hook(() => {
      drawings += 1
      return useJob('J', { select: each => ({ state: each.state }) })
    }, {})
    act(() => page.live.snapshot('job:J', jobs(RUNNING)))
    const before = drawings

    act(() => page.live.send(progressed(0.5), progressed(0.6)))
    expect(drawings).toBe(before)

    act(() => page.live.send(moved(RUNNING, 'completed')))
    expect(result.current.data).toEqual({ state: 'completed' })
  })

  test('throttled it is drawn seldom, the last for certain, and its end at once', () => {
    let drawings = 0
    const { result } = page.hook(() => {
      drawings += 1
      return useJob('J', { throttleMs: 1_000 })
    }, {})
    act(() => page.live.snapshot('job:J', jobs(RUNNING)))
    const before = drawings

    for (let share = 0; share < 20; share += 1) act(() => page.live.send(progressed(share / 20)))
    expect(drawings).toBe(before)
    act(() => vi.advanceTimersByTime(1_000))
    expect(result.current.progress?.overall).toBe(0.95)

    act(() => page.live.send(moved(RUNNING, 'failed')))
    expect(result.current.data?.state).toBe('failed')
  })

  test('what may be asked of it goes to the server', async () => {
    const { result } = shown()
    page.answer = path => (path.endsWith('/retry') ? { id: 'K', created: true } : RUNNING)

    await act(() => result.current.cancel('enough'))
    const again = await act(() => result.current.retry())

    expect(page.requests).toEqual(['POST /jobs/J/cancel', 'POST /jobs/J/retry'])
    expect(again.id).toBe('K')
  })
})

describe('subscriptions', () => {
  test('two components share one, StrictMode leaks none, and it is let go a little after the last', () => {
    const [one, two] = [shown(), shown()]
    expect(page.live.users('job:J')).toBe(1)
    expect(page.live.shares.get('job:J')?.begun).toBe(1)

    one.unmount()
    act(() => vi.advanceTimersByTime(10_000))
    expect(page.live.users('job:J')).toBe(1)

    two.unmount()
    act(() => vi.advanceTimersByTime(10_000))
    expect(page.live.users('job:J')).toBe(0)
  })

  test('enabled may come later and go again; what was there stays', () => {
    const { result, rerender } = shown({ enabled: false })
    expect(page.live.shares.size).toBe(0)

    rerender({ enabled: true })
    act(() => page.live.snapshot('job:J', jobs(RUNNING)))
    expect(result.current.status).toBe('success')

    rerender({ enabled: false })
    act(() => vi.advanceTimersByTime(10_000))
    expect(page.live.users('job:J')).toBe(0)
    expect(result.current.data?.id).toBe('J')
  })

  test('another id shows nothing of the one before', () => {
    const { result, rerender } = page.hook(({ id }: { id: string | undefined }) => useJob(id), {
      id: 'J' as string | undefined,
    })
    act(() => page.live.snapshot('job:J', jobs(RUNNING)))

    rerender({ id: 'K' })
    expect(result.current.status).toBe('pending')
    rerender({ id: undefined })
    expect(result.current.status).toBe('pending')
  })

  test('a component that comes later shows at once what another one has', () => {
    shown()
    act(() => page.live.snapshot('job:J', jobs(RUNNING)))

    const seen: string[] = []
    page.hook(() => seen.push(useJob('J').status), {})

    expect(seen[0]).toBe('success')
  })
})

describe('onStage and onSettled', () => {
  test('a stage is told when it changes while we watch, with the newest callback', () => {
    const [first, second] = [vi.fn(), vi.fn()]
    const { rerender } = shown({ onStage: first })
    act(() => page.live.snapshot('job:J', jobs(RUNNING)))
    expect(first).not.toHaveBeenCalled()

    act(() => page.live.send(progressed(0.3, 'parse')))
    expect(first).toHaveBeenCalledExactlyOnceWith('parse', expect.objectContaining({ id: 'J' }))

    rerender({ onStage: second })
    act(() => page.live.send(progressed(0.4, 'parse'), progressed(0.5, 'write')))
    expect(first).toHaveBeenCalledTimes(1)
    expect(second).toHaveBeenCalledExactlyOnceWith('write', expect.anything())
  })

  test('the end is told once: not again after more events, a reconnect, or a remount', async () => {
    const onSettled = vi.fn()
    const { unmount } = shown({ onSettled })
    act(() => page.live.snapshot('job:J', jobs(RUNNING)))

    await act(async () => page.live.send(moved(RUNNING, 'completed')))
    expect(onSettled).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ state: 'completed' }))

    await act(async () => page.live.send(event(RUNNING, 'job.noted', { set: { reason: 'x' } })))
    await act(async () => page.live.snapshot('job:J', jobs({ ...RUNNING, state: 'completed' })))
    unmount()
    shown({ onSettled })
    await act(async () => vi.advanceTimersByTime(10_000))
    expect(onSettled).toHaveBeenCalledTimes(1)
  })

  test('every component that is there hears it, also of a job that had ended before', async () => {
    const [one, two] = [vi.fn(), vi.fn()]
    page.live.snapshot('job:J', jobs({ ...RUNNING, state: 'failed' }))

    await act(async () => {
      shown({ onSettled: one })
      shown({ onSettled: two })
    })

    expect(one).toHaveBeenCalledTimes(1)
    expect(two).toHaveBeenCalledTimes(1)
  })

  test('a component that did not ask does not use up the telling', async () => {
    const late = vi.fn()
    shown()
    await act(async () => page.live.snapshot('job:J', jobs({ ...RUNNING, state: 'failed' })))

    await act(async () => shown({ onSettled: late }))

    expect(late).toHaveBeenCalledTimes(1)
  })
})

describe('freshness', () => {
  const at = (second: number): string =>
    new Date(Date.parse('2026-11-22T08:00:00.000Z') + second * 1_000).toISOString()

  function pass(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      page.live.nowMs += 1_000
      act(() => vi.advanceTimersByTime(1_000))
    }
  }

  test('fresh while reports come as usual, quiet when none comes for much longer, fresh again with the next', () => {
    const { result } = shown()
    act(() => page.live.snapshot('job:J', jobs(RUNNING)))
    for (let second = 1; second <= 5; second += 1) {
      pass(1)
      act(() => page.live.send(progressed(second / 100, 'parse', at(second))))
    }
    expect(result.current.freshness).toBe('fresh')

    pass(10)
    expect(result.current).toMatchObject({ freshness: 'fresh', quietS: 0 })
    pass(2)
    expect(result.current).toMatchObject({ freshness: 'quiet', quietS: 12 })
    pass(30)
    expect(result.current.quietS).toBe(42)

    act(() => page.live.send(progressed(0.9, 'parse', at(47))))
    pass(1)
    expect(result.current).toMatchObject({ freshness: 'fresh', quietS: 0 })
  })

  test('unknown while this viewer is not fresh, whatever the job does', () => {
    const { result } = shown()
    act(() => page.live.snapshot('job:J', jobs(RUNNING)))

    act(() => page.live.setFresh(false))
    expect(result.current.freshness).toBe('unknown')
    act(() => page.live.setFresh(true))
    expect(result.current.freshness).toBe('fresh')
  })

  test('a job that has ended is not quiet', () => {
    const { result } = shown()
    act(() => page.live.snapshot('job:J', jobs({ ...RUNNING, state: 'completed' })))

    pass(120)

    expect(result.current.freshness).toBe('fresh')
  })
})

describe('JobProgress', () => {
  test('says how far, in words too, and how fresh', () => {
    page.show(<JobProgress id="J" label="Crawl" />)
    act(() => page.live.snapshot('job:J', jobs(RUNNING)))

    const bar = screen.getByRole('progressbar', { name: 'Crawl' })
    expect(bar.getAttribute('aria-valuenow')).toBe('25')
    expect(bar.getAttribute('aria-valuetext')).toBe('25 %, running, load')
    expect(bar.style.getPropertyValue('--headway-share')).toBe('0.25')
    expect(bar.dataset).toMatchObject({ state: 'running', freshness: 'fresh' })
  })

  test('an end that is not known has no value', () => {
    page.show(<JobProgress job={job('J', { state: 'running' })} />)

    const bar = screen.getByRole('progressbar', { name: 'Progress of crawl' })
    expect(bar.getAttribute('aria-valuenow')).toBeNull()
    expect(bar.dataset.indeterminate).toBe('')
  })

  test('nothing done yet is 0 %, and not nothing', () => {
    page.show(<JobProgress job={job('J')} />)

    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('0')
  })
})
