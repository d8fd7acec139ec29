import type { JobDoc } from '@headway/client'
import { expect, it } from 'vitest'
import { seenIn } from './seen.ts'

function job(part: Partial<JobDoc>): JobDoc {
  return {
    id: 'a', kind: 'crawl', queue: 'web', namespace: 'default', state: 'queued', priority: 0, labels: {},
    args_bytes: 2, attempt: 0, tries: 0, max_attempts: 1, options: {}, created_at: '2026-11-22T12:00:00.000Z', seq: 1,
    ...part,
  } // biome-ignore format: one job is one line to read
}
const NAMED = { kinds: ['known'], queues: [], workers: ['w/1'] }

it('gathers names of kinds, queues, workers and labels, each once', () => {
  const jobs = [job({ labels: { subject: 'a' } }), job({ labels: { subject: 'b' }, worker: 'w/2' }), job({})]

  const seen = seenIn(jobs, NAMED)

  expect(seen.kinds).toEqual(['known', 'crawl'])
  expect(seen.queues).toEqual(['web'])
  expect(seen.workers).toEqual(['w/1', 'w/2'])
  expect(seen.labels.get('subject')).toEqual(new Set(['a', 'b']))
})

it('gathers arguments by their dotted path, lists by their elements', () => {
  const args = {
    source: { url: 'x', deep: { er: { still: 1 } } },
    tags: ['p', 'q'],
    big: 12345678901234567890n,
    'a.b': 1,
  }

  const { args: paths } = seenIn([job({ args })], NAMED)

  expect([...paths.keys()]).toEqual(['source.url', 'tags', 'big'])
  expect(paths.get('tags')).toEqual(new Set(['p', 'q']))
  expect(paths.get('big')).toEqual(new Set(['12345678901234567890']))
})

it('gathers types of errors, and reasons where there was none', () => {
  const jobs = [
    job({ state: 'failed', error: { type: 'ReadTimeout', message: '' } }),
    job({ state: 'failed', reason: 'timed_out' }),
    job({ state: 'cancelled', reason: 'expired' }),
  ]

  expect(seenIn(jobs, NAMED).errors).toEqual(new Set(['ReadTimeout', 'timed_out']))
})

it('is bounded, however long the list and its values', () => {
  function* endless(): Iterable<JobDoc> {
    for (let number = 0; ; number += 1)
      yield job({ kind: `k${number}`, labels: { run: `r${number}`, long: 'x'.repeat(500) } })
  }

  const seen = seenIn(endless(), NAMED)

  expect(seen.kinds).toHaveLength(501)
  expect(seen.labels.get('run')?.size).toBe(60)
  expect(seen.labels.get('long')?.size).toBe(0)
})
