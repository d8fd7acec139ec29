import { describe, expect, test } from 'vitest'
import {
  anchoredAt,
  drawnAt,
  isAtEnd,
  LONGEST,
  movedTop,
  ROW,
  scrollOf,
  spanOf,
  topFor,
  topOf,
} from './window.ts'

const VIEW = 660

test('up to a length, where it is scrolled to is where it is', () => {
  const span = spanOf(100_000, VIEW)

  expect([span.most, topOf(12_345, span), scrollOf(12_345, span)]).toEqual([
    100_000 * ROW - VIEW,
    12_345,
    12_345,
  ])
})

describe('a million lines, longer than an element can be', () => {
  const span = spanOf(1_000_000, VIEW)

  test('the element is no longer than it may be', () => {
    expect(span.mostScroll).toBe(LONGEST)
  })

  test.each([0, 1, 999_999, 1_000_001, 5_000_000, 11_000_000, span.most - 1, span.most])(
    '%i and back',
    top => {
      expect(topOf(scrollOf(top, span), span)).toBeCloseTo(top, 3)
    },
  )

  test('a turn of the wheel moves so many pixels anywhere', () => {
    expect(movedTop(11_000_000, 2_000_000, 2_000_100, span)).toBe(11_000_100)
    expect(movedTop(11_000_000, 2_000_000, 1_999_900, span)).toBe(10_999_900)
  })

  test('the scrollbar goes where it points, and to both ends', () => {
    expect(movedTop(11_000_000, 2_000_000, 1_500_000, span)).toBe(topOf(1_500_000, span))
    expect(movedTop(100, 100, 0, span)).toBe(0)
    expect(movedTop(span.most - 50, LONGEST - 50, LONGEST, span)).toBe(span.most)
  })
})

test('only rows in sight are drawn, wherever', () => {
  for (const rows of [5, 1_000, 500_000]) {
    const { most } = spanOf(rows, VIEW)
    for (const top of [0, most / 3, most]) {
      const { from, to, offset } = drawnAt(top, rows, VIEW)
      expect(to - from).toBeLessThanOrEqual(VIEW / ROW + 8)
      expect(offset).toBeLessThanOrEqual(0)
      expect(offset + (to - from) * ROW).toBeGreaterThanOrEqual(Math.min(VIEW, rows * ROW))
    }
  }
})

describe('wrapped rows', () => {
  const span = spanOf(1_000, VIEW, true)

  test('the first row begins at the top, the last one ends at the bottom', () => {
    expect(anchoredAt(0, 1_000, VIEW)).toMatchObject({ row: 0, share: 0, at: 0 })
    expect(anchoredAt(span.most, 1_000, VIEW)).toMatchObject({ row: 999, share: 1, at: VIEW })
  })

  test('rows enough are drawn above and below, were they of one line each', () => {
    for (const top of [0, 100, 5_000, 10_000, span.most]) {
      const { from, to, row, at } = anchoredAt(top, 1_000, VIEW)
      expect((row - from) * ROW >= at || from === 0).toBe(true)
      expect((to - row) * ROW >= VIEW - at || to === 1_000).toBe(true)
    }
  })

  test('lines that come while the reader holds a place move nothing', () => {
    const before = anchoredAt(5_000, 1_000, VIEW)
    const after = anchoredAt(5_000, 9_000, VIEW, 1_000)

    expect([after.row, after.share, after.at, after.from]).toEqual([
      before.row,
      before.share,
      before.at,
      before.from,
    ])
    expect(anchoredAt(9_000 * ROW, 9_000, VIEW, 1_000)).toMatchObject({ row: 8_999, share: 1, at: VIEW })
  })

  test('a log shorter than the view has a place for its anchor', () => {
    expect(anchoredAt(0, 0, VIEW)).toMatchObject({ from: 0, to: 0, row: 0 })
    expect(anchoredAt(44, 2, VIEW)).toMatchObject({ row: 1, share: 1, from: 0, to: 2 })
  })
})

test('a line is shown in the middle, or as near as the ends allow', () => {
  const span = spanOf(1_000, VIEW)

  expect(topFor(500, span, false)).toBe(500 * ROW - VIEW / 2 + ROW / 2)
  expect([topFor(0, span, false), topFor(999, span, false)]).toEqual([0, span.most])
  expect(isAtEnd(topFor(999, span, false), span)).toBe(true)
})
