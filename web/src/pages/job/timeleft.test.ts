import { describe, expect, it } from 'vitest'
import { at, T0 } from './sample.ts'
import { countedTo, seeTotal, timeLeft } from './timeleft.ts'

const estimate = { low_s: 40, p50_s: 50, high_s: 70, basis: 'from 23 past runs', at: at(0) }

describe('time left', () => {
  it('is a range that counts down', () => {
    expect(timeLeft(estimate, T0)).toBe('0:40–1:10 left')
    expect(timeLeft(estimate, T0 + 10_000)).toBe('0:30–1:00 left')
  })

  it('is never below nothing', () => {
    expect(timeLeft(estimate, T0 + 45_000)).toBe('up to 0:25 left')
    expect(timeLeft(estimate, T0 + 500_000)).toBe('any moment')
  })

  it('is about the median where no range can be said', () => {
    expect(timeLeft({ p50_s: 90, basis: 'rough: 1 past run', at: at(0) }, T0)).toBe('about 1:30 left')
  })

  it('is not earlier than the estimate was made, on a clock that is behind', () => {
    expect(timeLeft(estimate, T0 - 60_000)).toBe('0:40–1:10 left')
  })

  it('is not said without an estimate', () => {
    expect(timeLeft(undefined, T0)).toBeUndefined()
  })
})

describe('what it counts down to', () => {
  it('stands still while reports are missing', () => {
    expect(countedTo(T0 + 99_000, true, T0 + 5_000, at(4))).toBe(T0 + 99_000)
    expect(countedTo(T0 + 99_000, false, T0 + 5_000, at(4))).toBe(T0 + 5_000)
  })

  it('is the last report where the page was opened too late to have seen it', () => {
    expect(countedTo(T0 + 99_000, false, undefined, at(4))).toBe(T0 + 4_000)
  })
})

describe('a changed total', () => {
  it('is remembered as long as the stage lasts', () => {
    const first = seeTotal(undefined, '1/read', 100)
    const changed = seeTotal(first, '1/read', 160)

    expect(first.was).toBeUndefined()
    expect(changed.was).toBe(100)
    expect(seeTotal(changed, '1/read', 160).was).toBe(100)
    expect(seeTotal(changed, '1/write', 10).was).toBeUndefined()
  })

  it('is not said of a stage that had none before', () => {
    expect(seeTotal(seeTotal(undefined, '1/read', undefined), '1/read', 160).was).toBeUndefined()
  })
})
