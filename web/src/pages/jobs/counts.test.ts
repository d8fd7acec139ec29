import { expect, it } from 'vitest'
import { JOB_STATES } from '../../words/states.ts'
import { countable, countStates } from './counts.ts'

it('counts jobs by state', () => {
  expect(countStates([{ state: 'failed' }, { state: 'queued' }, { state: 'failed' }])).toEqual({
    failed: 2,
    queued: 1,
  })
})

it.each([
  ['kind:crawl "state of things" error:state:x', JOB_STATES],
  ['kind:crawl state:failed,running', ['running', 'failed']],
  ['-state:failed', []],
  ['running:>1h', []],
  ['state:running running:>1h', []],
])('of %s can be counted: %j', (q, states) => {
  expect(countable(q)).toEqual(states)
})
