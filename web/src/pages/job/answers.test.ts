import type { WireEvent } from '@headway/client'
import { describe, expect, it } from 'vitest'
import { givenIn } from './answers.ts'

function event(type: string, data: WireEvent['data'], seq: number): WireEvent {
  return { seq, at: `2026-11-22T23:00:0${seq}Z`, type, priority: 'normal', data } as WireEvent
}

const asked = event('job.input_requested', { put: { input: { request: 'r1', message: 'Sure?' } } }, 1)
const answered = event(
  'job.input_given',
  { request: 'r1', answer: { action: 'accept', content: { sure: true } }, by: 'ada' },
  2,
)

describe('what was answered', () => {
  it('stands beside what was asked', () => {
    expect(givenIn([asked, answered])).toEqual([
      {
        request: 'r1',
        message: 'Sure?',
        action: 'accept',
        content: { sure: true },
        by: 'ada',
        at: '2026-11-22T23:00:02Z',
      },
    ])
  })

  it('is known without its question, and without content where it was declined', () => {
    const declined = event(
      'job.input_given',
      { request: 'r0', answer: { action: 'decline', content: null } },
      3,
    )

    expect(givenIn([declined])).toMatchObject([
      { message: '', action: 'decline', content: undefined, by: '' },
    ])
  })

  it('is nothing while nobody answered', () => {
    expect(givenIn([asked])).toEqual([])
  })
})
