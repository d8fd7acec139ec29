import { describe, expect, it } from 'vitest'
import { attemptWords, counted, doing, inBrief, lastSign, overallOf, spanOf } from './facts.ts'
import { at, sampleAttempt, sampleJob, T0 } from './sample.ts'

describe('counted', () => {
  it('shows a count without a total as a count, and the unit as it was written', () => {
    expect(counted({ current: 1234, unit: 'pages' })).toBe('1,234 pages')
    expect(counted({ current: 3, total: 10, unit: 'pages' })).toBe('3 of 10 pages')
    expect(counted({})).toBe('')
  })

  it('shows bytes as sizes, seconds as durations', () => {
    expect(counted({ current: 1536, total: 3 * 1024 * 1024, unit: 'B' })).toBe('1.5 KB of 3.0 MB')
    expect(counted({ current: 65, unit: 's' })).toBe('1:05')
  })

  it('shows nothing done as 0', () => {
    expect(counted({ current: 0, total: 160, unit: 'files' })).toBe('0 of 160 files')
  })
})

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

it('names the stage, the count and the message of what it does', () => {
  const progress = { stage: 'read/parse', current: 3, total: 10, unit: 'files', message: 'ast.py', at: at(1) }

  expect(doing(sampleJob({ progress }))).toEqual(['read › parse', '3 of 10 files', 'ast.py'])
})

describe('in brief', () => {
  it('counts down to its time and never below nothing', () => {
    const job = sampleJob({ state: 'scheduled', run_at: at(65) })

    expect(inBrief(job, T0)).toBe('starts in 1:05')
    expect(inBrief(job, T0 + 90_000)).toBe('starts any moment')
    expect(inBrief({ ...job, attempt: 1 }, T0)).toBe('tries again in 1:05')
  })

  it('says that a cancel is not confirmed yet', () => {
    expect(inBrief(sampleJob({ state: 'cancelling', cancel: { requested_at: at(1) } }), T0)).toBe(
      'asked to stop',
    )
  })
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
