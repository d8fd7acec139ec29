import { describe, expect, it } from 'vitest'
import { sightOf } from './rows.ts'

const LIST = { count: 1_000, height: 40, margin: 34, overscan: 8 }

describe('sightOf', () => {
  it('is the first rows and some more at the top', () => {
    expect(sightOf(0, 400, LIST)).toEqual({ from: 0, to: 18, isScrolled: false })
  })

  it('moves with the scroll, with rows to spare on both sides', () => {
    expect(sightOf(34 + 100 * 40, 400, LIST)).toEqual({ from: 92, to: 118, isScrolled: true })
  })

  it('ends where the list ends, and is empty where the list is', () => {
    expect(sightOf(1e9, 400, LIST)).toMatchObject({ from: 1_000, to: 1_000 })
    expect(sightOf(0, 400, { ...LIST, count: 0 })).toMatchObject({ from: 0, to: 0 })
  })
})
