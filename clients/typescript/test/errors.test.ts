import { expect, test } from 'vitest'
import {
  errorOf, errorOfJob, Forbidden, HeadwayError, InvalidInput, JobCancelled, type JobError, JobFailed, JobLost, JobTimedOut, NotFound,
  Refused, Unauthorized, Unavailable, Unreachable,
} from '../src/errors.ts' // biome-ignore format: a list
import type { Ending } from '../src/wire.ts'

test.each([
  ['invalid_input', 422, InvalidInput],
  ['key_reused', 422, InvalidInput],
  ['refused', 409, Refused],
  ['not_found', 404, NotFound],
  ['unauthorized', 401, Unauthorized],
  ['forbidden', 403, Forbidden],
  ['overloaded', 503, Unavailable],
  ['internal', 500, HeadwayError],
  ['limited', 429, Unavailable],
])('a problem %s of status %i keeps its words', (code, status, kind) => {
  const error = errorOf(
    { code, message: 'It is so.', hint: 'Do that.', field: 'args.url', retry_after_s: 1.5 },
    status,
  )

  expect(error).toBeInstanceOf(kind)
  expect(error).toMatchObject({
    code,
    message: 'It is so.',
    hint: 'Do that.',
    field: 'args.url',
    status,
    retryAfterMs: 1500,
  })
})

test('what is no problem of ours says so', () => {
  const error = errorOf('<html>', 502)

  expect(error).toBeInstanceOf(Unavailable)
  expect(error).toMatchObject({
    code: 'wire_error',
    status: 502,
    message: 'Status 502, and not as a Headway server says it.',
  })
  expect(error.hint).toMatch(/what stands in between/)
})

test('nobody there names the address', () => {
  expect(new Unreachable('http://x', 'fetch failed').message).toBe(
    'No Headway server answers at http://x (fetch failed).',
  )
})

test.each<[Partial<Ending>, typeof JobError | typeof JobFailed | typeof JobLost, string]>([
  [
    { reason: 'errored', error: { type: 'ValueError', message: 'no.' } },
    JobFailed,
    'Job 01J failed: ValueError: no.',
  ],
  [{ reason: 'timeout' }, JobTimedOut, 'Job 01J timed out: timeout.'],
  [{ reason: 'worker_lost' }, JobLost, 'Job 01J was lost: worker_lost.'],
  [{ state: 'cancelled', reason: 'cancelled' }, JobCancelled, 'Job 01J was cancelled: cancelled.'],
])('a job that ended as %j', (ending, kind, says) => {
  const error = errorOfJob({ id: '01J', state: 'failed', final: true, ...ending })

  expect(error).toBeInstanceOf(kind)
  expect(error.message).toBe(says)
  expect(error.reason).toBe(ending.reason)
})

test('one that timed out has failed too', () => {
  expect(errorOfJob({ id: '01J', state: 'failed', final: true, reason: 'stalled' })).toBeInstanceOf(JobFailed)
})
