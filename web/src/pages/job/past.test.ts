import type { WireEvent } from '@headway/client'
import { describe, expect, it } from 'vitest'
import { History } from './past.ts'
import { at, sampleJob } from './sample.ts'

function event(seq: number, data: WireEvent['data']): WireEvent {
  return { seq, at: at(seq), type: 'job.progressed', namespace: 'default', priority: 'normal', data }
}
const submitted = event(10, { set: { ...sampleJob() } })
const many = [
  submitted,
  ...Array.from({ length: 350 }, (_, index) => event(11 + index * 2, { set: { priority: index } })),
]

describe('a job of the past', () => {
  it('is the fold of its events up to there', () => {
    const history = new History([
      submitted,
      event(12, { set: { state: 'running' } }),
      event(15, { set: { state: 'failed' } }),
    ])

    expect(history.at(0)?.job.state).toBe('queued')
    expect(history.at(1)?.job).toMatchObject({ state: 'running', seq: 12 })
    expect(history.at(2)?.job.state).toBe('failed')
  })

  it('is the same however one comes to it', () => {
    const jumped = new History(many)

    expect(jumped.at(300)?.job.priority).toBe(299)
    expect(jumped.at(7)?.job.priority).toBe(6)
    expect(jumped.at(200)?.job.priority).toBe(199)
  })

  it('is found by the newest event up to a seq', () => {
    const history = new History(many)

    expect(history.indexAt(10)).toBe(0)
    expect(history.indexAt(13)).toBe(2)
    expect(history.indexAt(14)).toBe(2)
    expect(history.indexAt(3)).toBe(0)
    expect(history.indexAt(999_999)).toBe(350)
  })

  it('says which of how many events it is', () => {
    expect(new History(many).at(4)).toMatchObject({ number: 5, count: 351 })
  })

  it('is nothing where no event makes it a job', () => {
    expect(new History([event(5, { set: { priority: 3 } })]).at(0)).toBeUndefined()
    expect(new History([]).at(0)).toBeUndefined()
  })
})
