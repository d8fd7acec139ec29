import type { JobDoc } from '@headway/client'
import { expect, it } from 'vitest'
import { keptOf, optionsOf, typedFrom, waysOf } from './options.tsx'

it('labels with blanks, commas and quotes come back as they were', () => {
  const labels = { subject: 'sub-01', note: 'two words', 'a b': 'c,"d"', empty: '', sum: 'x=1' }

  expect(optionsOf(typedFrom({ labels }))).toEqual({ options: { labels }, errors: {} })
})

it('a label without a value is refused with the way out', () => {
  expect(optionsOf({ labels: 'subject' }).errors.labels).toBe(
    '“subject” lacks a value: write subject=sub-01, or note="two words".',
  )
})

it('a job is run again as it was, its times with their unit and what has no field too', () => {
  const job: JobDoc = {
    id: '01M82B8897769P8N68MQHE0189',
    namespace: 'default',
    kind: 'crawl',
    state: 'failed',
    queue: 'gpu',
    priority: 0,
    labels: {},
    args_bytes: 2,
    created_at: '2026-11-22T19:20:43.560Z',
    max_attempts: 2,
    attempt: 1,
    tries: 1,
    limit_key: 'k',
    options: { timeout_s: 7200, on_lost: 'continue' },
    submitted_by: 'local',
    seq: 3,
  }

  const ways = waysOf(job)

  expect(ways).toEqual({
    queue: 'gpu',
    max_attempts: 2,
    limit_key: 'k',
    on_lost: 'continue',
    timeout: '7200s',
  })
  expect(keptOf(ways)).toEqual({ limit_key: 'k', on_lost: 'continue' })
})
