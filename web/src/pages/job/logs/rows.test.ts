import { describe, expect, test } from 'vitest'
import { allRows, foundRows } from './rows.ts'

describe('all lines', () => {
  test('rows are lines', () => {
    const rows = allRows(1, 500_000, [])

    expect([rows.count, rows.lineAt(0), rows.lineAt(499_999), rows.rowOf(500_000)]).toEqual([
      500_000, 1, 500_000, 499_999,
    ])
  })

  test('what is folded has no rows, and numbers stay right', () => {
    const rows = allRows(11, 40, [
      { head: 12, end: 20 },
      { head: 30, end: Number.POSITIVE_INFINITY },
    ])
    const shown = Array.from({ length: rows.count }, (_, row) => rows.lineAt(row))

    expect(shown).toEqual([11, 12, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30])
    expect(shown.map(rows.rowOf)).toEqual(shown.map((_, row) => row))
    expect([rows.rowOf(15), rows.rowOf(35), rows.shows(15), rows.shows(21)]).toEqual([1, 11, false, true])
  })

  test('no lines are no rows', () => {
    expect(allRows(0, 0, []).count).toBe(0)
  })
})

test('found lines alone; another one is where it would be', () => {
  const rows = foundRows([3, 9, 27])

  expect([rows.count, rows.lineAt(1), rows.rowOf(9), rows.rowOf(10), rows.rowOf(99)]).toEqual([3, 9, 1, 2, 2])
  expect([rows.shows(9), rows.shows(10)]).toEqual([true, false])
})
