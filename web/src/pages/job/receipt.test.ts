import { describe, expect, it } from 'vitest'
import { lateNotes, receiptLine, receiptSteps } from './receipt.ts'
import { at, sampleAttempt, sampleJob } from './sample.ts'

const started = { attempt: 1, attempts: { '1': sampleAttempt() } }
const requested = { requested_at: at(10), requested_by: 'ann', reason: 'wrong input' }

describe('the receipt of a cancel', () => {
  it('has each step with its time, the next one waiting, the others later', () => {
    const steps = receiptSteps(
      sampleJob({ ...started, state: 'cancelling', cancel: { ...requested, delivered_at: at(10.1) } }),
    )

    expect(steps.map(step => step.state)).toEqual(['done', 'done', 'now', 'later', 'later'])
    expect(steps[0]?.note).toBe('by ann, “wrong input”')
    expect(steps[1]?.at).toBe(at(10.1))
  })

  it('says that clean-up was not run', () => {
    const cancel = { ...requested, stopped_at: at(21), cleaned_at: at(21), cleaned: 'not run' }

    const job = sampleJob({ ...started, state: 'cancelled', cancel })

    expect(receiptSteps(job).at(-1)?.name).toBe('Clean-up not run')
    expect(receiptLine(job)).toBe('It was stopped; its clean-up was not run.')
  })

  it('needs no worker for a job that had not started', () => {
    const steps = receiptSteps(sampleJob({ state: 'cancelled', cancel: requested }))

    expect(steps.slice(1).every(step => step.state === 'skipped')).toBe(true)
    expect(steps[1]?.note).toBe('not needed: it had not started')
  })

  it('is nothing without a cancel', () => {
    expect(receiptSteps(sampleJob())).toEqual([])
  })
})

describe('the line', () => {
  it('says cancelling until the worker confirms', () => {
    const cancel = { ...requested, grace_s: 10 }

    expect(receiptLine(sampleJob({ ...started, state: 'cancelling', cancel }))).toMatch(
      /^Cancelling… until the worker confirms\. After 10 s/,
    )
  })

  it('says that it came too late', () => {
    expect(receiptLine(sampleJob({ ...started, state: 'completed', cancel: requested }))).toMatch(/too late/)
  })
})

it('names who spoke after it was over', () => {
  const attempts = {
    '1': sampleAttempt({ late: 'succeeded', fenced: true }),
    '2': sampleAttempt({ number: 2, fenced: true }),
  }

  const notes = lateNotes(sampleJob({ attempt: 2, attempts }))

  expect(notes).toEqual([
    'Attempt 1 on m1/1 reported “succeeded” after it was over: recorded, not applied.',
    'Attempt 2 on m1/1 still reported after it was over: its reports were turned away.',
  ])
})
