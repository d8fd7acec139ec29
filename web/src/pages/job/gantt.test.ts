import { describe, expect, it } from 'vitest'
import { ganttOf, shareOf, spanWords, ticksOf } from './gantt.ts'
import { at, sampleAttempt, sampleJob, T0 } from './sample.ts'

const failedOnce = sampleAttempt({ phase: 'ended', outcome: 'errored', ended_at: at(10) })

describe('the time chart', () => {
  it('shows the wait before an attempt, the offer, and the run up to now', () => {
    const job = sampleJob({ state: 'running', attempt: 1, attempts: { '1': sampleAttempt() } })

    const [lane] = ganttOf(job, T0 + 20_000).lanes

    expect(lane?.spans.map(span => [span.kind, span.from - T0, span.to - T0, span.open])).toEqual([
      ['wait', 0, 2_000, false],
      ['offer', 2_000, 3_000, false],
      ['run', 3_000, 20_000, true],
    ])
  })

  it('says that it is being cancelled, not that it runs', () => {
    const job = sampleJob({ state: 'cancelling', attempt: 1, attempts: { '1': sampleAttempt() } })

    expect(ganttOf(job, T0 + 20_000).lanes[0]?.spans.at(-1)).toMatchObject({ tone: 'cancelling', open: true })
  })

  it('moves its right edge with now', () => {
    const job = sampleJob({ state: 'running', attempt: 1, attempts: { '1': sampleAttempt() } })

    expect(ganttOf(job, T0 + 30_000).to).toBe(T0 + 30_000)
    expect(ganttOf(job, T0 + 90_000).to).toBe(T0 + 90_000)
  })

  it('shows the pause before the next try, up to when it is due', () => {
    const job = sampleJob({ state: 'scheduled', run_at: at(40), attempt: 1, attempts: { '1': failedOnce } })

    const chart = ganttOf(job, T0 + 15_000)

    const last = chart.lanes.at(-1)
    expect(last?.label).toBe('Attempt 2')
    expect(last?.spans.map(span => [span.kind, span.from - T0, span.to - T0])).toEqual([
      ['wait', 10_000, 15_000],
      ['pending', 15_000, 40_000],
    ])
    expect(chart.to).toBe(T0 + 40_000)
  })

  it('names the outcome of each attempt and the wait between two', () => {
    const second = sampleAttempt({
      number: 2,
      offered_at: at(12),
      started_at: at(12),
      phase: 'ended',
      outcome: 'succeeded',
      ended_at: at(20),
    })
    const job = sampleJob({
      state: 'completed',
      attempt: 2,
      attempts: { '1': failedOnce, '2': second },
      finished_at: at(20),
    })

    const lanes = ganttOf(job, T0 + 99_000).lanes

    expect(lanes.map(lane => lane.spans.at(-1)?.word)).toEqual(['errored', 'succeeded'])
    expect(lanes[1]?.spans[0]).toMatchObject({ kind: 'wait', from: T0 + 10_000, to: T0 + 12_000 })
    expect(lanes.every(lane => lane.spans.every(span => !span.open))).toBe(true)
  })

  it('is the wait alone of a job that never ran', () => {
    const lanes = ganttOf(
      sampleJob({ state: 'cancelled', finished_at: at(9), reason: 'cancelled' }),
      T0 + 99_000,
    ).lanes

    expect(lanes).toHaveLength(1)
    expect(lanes[0]?.spans[0]).toMatchObject({ from: T0, to: T0 + 9_000, open: false })
  })

  it('is one attempt with its stages when it is zoomed', () => {
    const stages = { read: { state: 'completed', started_at: at(4), ended_at: at(8) } } as const
    const job = sampleJob({
      state: 'scheduled',
      attempt: 2,
      attempts: {
        '1': { ...failedOnce, stages },
        '2': sampleAttempt({ number: 2, offered_at: at(60), started_at: at(60) }),
      },
    })

    const chart = ganttOf(job, T0 + 100_000, 1)

    expect(chart.lanes.map(lane => lane.label)).toEqual(['Attempt 1', 'read'])
    expect([chart.from, chart.to]).toEqual([T0 + 2_000, T0 + 10_000])
    expect(shareOf(chart, T0 + 6_000)).toBe(0.5)
  })
})

it('marks round distances, at most seven', () => {
  expect(ticksOf(T0, T0 + 10_000).map(tick => tick.label)).toEqual([
    '0:00',
    '0:02',
    '0:04',
    '0:06',
    '0:08',
    '0:10',
  ])
  expect(ticksOf(T0, T0 + 165).map(tick => tick.label)).toEqual(['0 ms', '50 ms', '100 ms', '150 ms'])
  expect(ticksOf(T0, T0 + 90 * 86_400_000).length).toBeLessThanOrEqual(7)
})

it('says a span in words', () => {
  const span = {
    from: T0,
    to: T0 + 2_400,
    kind: 'run',
    tone: 'failed',
    word: 'errored',
    open: false,
  } as const

  expect(spanWords(span)).toBe('errored, 2.4 s')
  expect(spanWords({ ...span, word: 'running', open: true })).toBe('running, 0:02 so far')
})
