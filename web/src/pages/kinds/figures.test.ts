import { expect, it } from 'vitest'
import { lately } from './figures.ts'

const run = { p50_s: 0.005, p95_s: 12 }

it('how long it takes is told from its first run on, a share of its runs only where there are some', () => {
  expect(lately({}, { finished: 1, failed: 0, run })).toBe('1 ended · takes 5 ms')
  expect(lately({}, { finished: 4, failed: 1, run })).not.toContain('95 %')
  expect(lately({}, { finished: 5, failed: 0, run })).toBe('5 ended · takes 5 ms, 95 % under 12 s')
})

it('what never ended has no figures, and limits are said of all', () => {
  expect(lately({ limit: 2 }, undefined)).toBe('none ended lately · at most 2 at once')
  expect(lately({}, { finished: 0, failed: 0 })).toBe('0 ended')
})
