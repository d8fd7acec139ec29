import { expect, it } from 'vitest'
import { asksForStates, countStates } from './counts.ts'

it('counts jobs by state', () => {
  expect(countStates([{ state: 'failed' }, { state: 'queued' }, { state: 'failed' }])).toEqual({
    failed: 2,
    queued: 1,
  })
})

it.each([
  ['kind:crawl "state of things" error:state:x', false],
  ['kind:crawl state:failed', true],
  ['-state:failed', true],
  ['running:>1h', true],
])('%s leaves states out: %s', (q, answer) => {
  expect(asksForStates(q)).toBe(answer)
})
