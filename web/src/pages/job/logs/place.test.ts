import { expect, test } from 'vitest'
import { findStarts } from './attempts.ts'
import { pick, pickedOf, pickedText } from './place.ts'
import { foundRows } from './rows.ts'
import { sinceText } from './since.ts'
import { cutTo, inOrder } from './texts.ts'

test.each([
  ['120', { from: 120, to: 120 }],
  ['120-140', { from: 120, to: 140 }],
  ['L140-L120', { from: 120, to: 140 }],
  ['0', undefined],
  ['12x', undefined],
  [undefined, undefined],
])('lines of the address %s', (text, picked) => {
  expect(pickedOf(text)).toEqual(picked)
  if (picked) expect(pickedOf(pickedText(picked))).toEqual(picked)
})

test('a click picks, with Shift as far as there, the same again nothing', () => {
  const one = pick(undefined, 7, false)

  expect(pick(one, 12, true)).toEqual({ from: 7, to: 12 })
  expect(pick(one, 3, true)).toEqual({ from: 3, to: 7 })
  expect(pick(one, 7, false)).toBeUndefined()
})

test.each([
  [4_120, '+0:04.120'],
  [3_723_400, '+1:02:03.400'],
  [-50, '-0:00.050'],
])('%i ms since the start', (ms, text) => {
  expect(sinceText(ms)).toBe(text)
})

test('where attempts begin is found with few questions', async () => {
  const begins = [1, 40_001, 40_002, 99_999]
  let asked = 0
  const starts = await findStarts(async number => {
    asked += 1
    return { number, attempt: begins.findLastIndex(begin => begin <= number) + 1 }
  }, 100_000)

  expect([...starts]).toEqual([
    [40_001, 2],
    [40_002, 3],
    [99_999, 4],
  ])
  expect(asked).toBeLessThan(80)
})

test('a selection is cut to its two ends, upwards too', () => {
  const source = {
    rows: foundRows([1, 2, 3]),
    lineAt: (number: number) => [number, '', 'info', ['one', 'two', 'three'][number - 1] ?? ''] as const,
  }
  const range = inOrder({ line: 3, offset: 2 }, { line: 1, offset: 1 })

  expect(cutTo(['one', 'two', 'three'], range, source)).toBe('ne\ntwo\nth')
})
