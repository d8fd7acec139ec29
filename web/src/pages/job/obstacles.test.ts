import { describe, expect, it } from 'vitest'
import { mayAskWhy, quoted, waysOf, withoutCount } from './obstacles.ts'
import { sampleJob } from './sample.ts'

const job = { queue: 'gpu', kind: 'train a model' }

describe('the way to an obstacle', () => {
  it('leads to the queue that is paused', () => {
    expect(waysOf(job, { code: 'queue_paused', text: '' })).toEqual([
      { word: 'queue gpu', to: '/queues', show: 'gpu' },
    ])
  })

  it('leads to the jobs it waits for, with their state', () => {
    const ways = waysOf(job, { code: 'blocked', text: '', jobs: { '01JDB000000000000000ABCDEF': 'running' } })

    expect(ways).toEqual([
      { word: 'job …ABCDEF (running)', to: '/jobs/$id', id: '01JDB000000000000000ABCDEF' },
    ])
  })

  it('leads to the workers that are named, at most five, else to all of them', () => {
    const names = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6']

    expect(
      waysOf(job, { code: 'slots_full', text: '', workers: { w1: { slots: 1, held: 1 } } })[0]?.show,
    ).toBe('w1')
    expect(waysOf(job, { code: 'next', text: '', workers: names })).toHaveLength(5)
    expect(waysOf(job, { code: 'offered', text: '', worker: 'w9' })[0]?.show).toBe('w9')
    expect(waysOf(job, { code: 'requires', text: '' })).toEqual([{ word: 'machines', to: '/machines' }])
  })

  it('quotes what the filter language would take apart', () => {
    expect(waysOf(job, { code: 'kind_limit', text: '' }).at(-1)?.q).toBe(
      'kind:"train a model" state:running,cancelling',
    )
    expect(quoted('a"b')).toBe('"a\\"b"')
    expect(quoted('')).toBe('""')
  })

  it('is none where only time helps', () => {
    expect(waysOf(job, { code: 'scheduled', text: '' })).toEqual([])
  })
})

it('is asked of what waits, of what is offered only, and of what runs without a word', () => {
  expect(mayAskWhy(sampleJob(), undefined, false)).toBe(true)
  expect(mayAskWhy(sampleJob({ state: 'running' }), 'offered', false)).toBe(true)
  expect(mayAskWhy(sampleJob({ state: 'running' }), 'started', false)).toBe(false)
  expect(mayAskWhy(sampleJob({ state: 'running' }), 'started', true)).toBe(true)
  expect(mayAskWhy(sampleJob({ state: 'completed' }), 'ended', false)).toBe(false)
})

it('takes away what would be wrong a second later, and nothing else', () => {
  expect(
    withoutCount('Attempt 1 was lost, in fact; the next one is at 2026-11-22T08:00:00.000Z, in 2.4s.'),
  ).toBe('Attempt 1 was lost, in fact; the next one is at 2026-11-22T08:00:00.000Z.')
  expect(withoutCount('No worker serves the kind a.')).toBe('No worker serves the kind a.')
})
