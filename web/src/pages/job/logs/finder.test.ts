import { expect, test } from 'vitest'
import { findingOf, placeOf, stepTo, ticksOf } from './finder.ts'

const query = { text: '', isPattern: false, matchCase: false, levels: [] }

test('a text is the server’s, and taken to the letter', () => {
  const { wanted, marks } = findingOf({ ...query, text: 'a.b[1]', levels: ['error'] })

  expect(wanted).toEqual({ contains: 'a.b[1]', ignoreCase: true, levels: ['error'] })
  expect(marks?.of('xA.B[1] a+b[1]')).toEqual([[1, 7]])
})

test('a pattern is looked for here, and never on this thread', () => {
  const { wanted, marks, pattern } = findingOf({ ...query, text: 'a+', isPattern: true, levels: ['error'] })

  expect(wanted).toEqual({ levels: ['error'], test: pattern?.test })
  expect(marks).toBe(pattern)
})

test('what is wrong with a pattern is said', () => {
  const { wanted, problem } = findingOf({ ...query, text: '(', isPattern: true })

  expect([wanted, problem]).toEqual([undefined, expect.stringContaining('Unterminated group')])
})

test('nothing to look for is nothing wanted', () => {
  expect(findingOf(query)).toEqual({})
})

test.each([
  [5, false, 9],
  [9, false, 27],
  [27, false, 3],
  [9, true, 3],
  [3, true, 27],
  [0, true, 27],
])('from line %i, back %s: to %i', (from, back, to) => {
  expect(stepTo([3, 9, 27], from, back)).toBe(to)
})

test('nothing found, nowhere to go', () => {
  expect(stepTo([], 5, false)).toBeUndefined()
})

test('places and marks', () => {
  expect([placeOf([3, 9, 27], 9), placeOf([3, 9, 27], 10)]).toEqual([2, 0])
  expect(ticksOf([1, 2, 500_000], 1, 500_000, 100)).toEqual([0, 0.99])
})
