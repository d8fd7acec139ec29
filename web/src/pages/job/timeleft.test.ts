import { describe, expect, it } from 'vitest'
import { at, T0 } from './sample.ts'
import { countedTo, seeTotal } from './timeleft.ts'

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
