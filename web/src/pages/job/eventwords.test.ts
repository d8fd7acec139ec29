import type { WireEvent } from '@headway/client'
import { describe, expect, it } from 'vitest'
import { eventName, eventWords, isTrouble } from './eventwords.ts'
import { at } from './sample.ts'

function event(type: string, data: WireEvent['data'], more: Partial<WireEvent> = {}): WireEvent {
  return { seq: 1, at: at(0), type, namespace: 'default', priority: 'normal', data, ...more }
}

describe('an event in words', () => {
  it('says stage, count, changed total and message of progress', () => {
    const progress = { overall: 0.1, current: 4, total: 160, unit: 'files', message: 'robots.txt' }

    const said = eventWords(event('job.progressed', { stage: 'read', total_was: 100, set: { progress } }))

    expect(said).toBe('read · 4 of 160 files · total changed 100 → 160 · robots.txt · 10 %')
  })

  it('says how an attempt ended and why', () => {
    const attempts = { '2': { error: { type: 'ReadTimeout', message: 'no answer' } } }

    const said = eventWords(
      event('job.attempt_ended', { outcome: 'timed_out', set: { attempts } }, { attempt: 2 }),
    )

    expect(said).toBe('attempt 2 timed out: ReadTimeout: no answer')
  })

  it('says nothing of what it does not know', () => {
    expect(eventWords(event('crew.started', {}))).toBe('')
    expect(eventName('crew.started')).toBe('crew.started')
    expect(eventName('job.stage_started')).toBe('stage started')
  })
})

it('takes failures for trouble, and a cancelled attempt not', () => {
  expect(isTrouble(event('job.failed', {}))).toBe(true)
  expect(isTrouble(event('job.attempt_ended', { outcome: 'lost' }))).toBe(true)
  expect(isTrouble(event('job.attempt_ended', { outcome: 'cancelled' }))).toBe(false)
  expect(isTrouble(event('job.progressed', {}))).toBe(false)
})
