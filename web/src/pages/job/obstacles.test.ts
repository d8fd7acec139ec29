import { describe, expect, it } from 'vitest'
import { mayAskWhy, quoted, waysOf } from './obstacles.ts'

const job = { queue: 'gpu', kind: 'train a model', after: ['01JA', '01JB'] }

describe('the way to an obstacle', () => {
  it('leads to the queue that is paused', () => {
    expect(waysOf(job, { code: 'queue_paused', text: '' })).toEqual([
      { word: 'queue gpu', to: '/queues', show: 'gpu' },
    ])
  })

  it('leads to the jobs it waits for, as the server names them or as the job does', () => {
    expect(waysOf(job, { code: 'blocked', text: '', jobs: [{ id: '01JC' }] }).map(way => way.id)).toEqual([
      '01JC',
    ])
    expect(waysOf(job, { code: 'blocked', text: '' }).map(way => way.id)).toEqual(['01JA', '01JB'])
  })

  it('quotes what the filter language would take apart', () => {
    expect(waysOf(job, { code: 'kind_limit', text: '' }).at(-1)?.q).toBe(
      'kind:"train a model" state:running,cancelling',
    )
    expect(quoted('a"b')).toBe('"a\\"b"')
  })

  it('is none where only time helps, or the reason is new', () => {
    expect(waysOf(job, { code: 'scheduled', text: '' })).toEqual([])
    expect(waysOf(job, { code: 'of_tomorrow', text: '' })).toEqual([])
  })
})

it('is asked of what waits, and of what is offered only', () => {
  expect(mayAskWhy('queued', undefined)).toBe(true)
  expect(mayAskWhy('running', 'offered')).toBe(true)
  expect(mayAskWhy('running', 'started')).toBe(false)
  expect(mayAskWhy('completed', 'ended')).toBe(false)
})
