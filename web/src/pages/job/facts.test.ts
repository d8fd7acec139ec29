import { describe, expect, it } from 'vitest'
import { attemptWords, lastSign, overallOf, spanOf } from './facts.ts'
import { at, sampleAttempt, sampleJob, T0 } from './sample.ts'

describe('the share of the whole', () => {
  it('is unknown while a running job says none, and absent before anything is known', () => {
    expect(overallOf(sampleJob({ state: 'running' }))).toBeNull()
    expect(overallOf(sampleJob())).toBeUndefined()
    expect(overallOf(sampleJob({ state: 'running', progress: { overall: 0, at: at(1) } }))).toBe(0)
  })

  it('is whole only when completed', () => {
    expect(overallOf(sampleJob({ state: 'completed' }))).toBe(1)
    expect(overallOf(sampleJob({ state: 'failed', progress: { overall: 0.4, at: at(1) } }))).toBe(0.4)
  })
})

it('takes the newest evidence for the last sign of life', () => {
  const attempts = { '1': sampleAttempt({ progress_at: at(20) }) }

  const running = sampleJob({ state: 'running', attempt: 1, attempts, progress: { at: at(30) } })

  expect(lastSign(running)).toBe(at(30))
  expect(lastSign({ ...running, state: 'completed' })).toBeUndefined()
})

it('tells waiting from running from having taken', () => {
  const running = sampleJob({
    state: 'running',
    started_at: at(10),
    attempt: 1,
    attempts: { '1': sampleAttempt() },
  })

  expect(spanOf(sampleJob(), T0 + 5_000)).toEqual({ word: 'waiting', text: '0:05' })
  expect(spanOf(running, T0 + 70_000)).toEqual({ word: 'running', text: '1:00' })
  expect(spanOf({ ...running, state: 'failed', finished_at: at(12.4) }, T0)).toEqual({
    word: 'took',
    text: '2.4 s',
  })
})

it('counts tries, and tells attempts that were nobody’s try apart', () => {
  const ended = { '2': sampleAttempt({ number: 2, phase: 'ended' }) }

  expect(attemptWords(sampleJob({ max_attempts: 3 }))).toBe('up to 3 tries')
  expect(attemptWords(sampleJob({ attempt: 1, max_attempts: 3, attempts: { '1': sampleAttempt() } }))).toBe(
    'attempt 1 of 3',
  )
  expect(attemptWords(sampleJob({ attempt: 2, tries: 1, max_attempts: 3, attempts: ended }))).toBe(
    'attempt 2 (try 1 of 3)',
  )
})
