import { expect, test } from 'vitest'
import { groupsOf, headerOf, isEnd, lookForEnd } from './groups.ts'

test.each([
  ['::group::Install', 'named', 'Install'],
  ['--- :hammer: Build', 'dashed', ':hammer: Build'],
  ['+++ Test', 'dashed', 'Test'],
  ['~~~ quiet', 'dashed', 'quiet'],
])('%s begins a group', (text, family, name) => {
  expect(headerOf(text)).toMatchObject({ family, name })
})

test.each([
  '--- a/src/file.py',
  '+++ b/src/file.py',
  '--- /dev/null',
  '--- file.txt\t2026-11-22',
  '--- 1,5 ----',
  '-----',
  '--- ---',
  'x ::group::no',
  '---no',
])('%s begins none', text => {
  expect(headerOf(text)).toBeUndefined()
})

const LOG = [
  '::group::one',
  'a',
  'b',
  '::endgroup::',
  'between',
  '--- two',
  'c',
  '+++ three',
  'd',
  '::group::four',
  'e',
]
const plainAt = (number: number): string | undefined => LOG[number - 1]

test('a group ends with its end, or where the next of its family begins', () => {
  expect(lookForEnd(2, LOG.length, 'named', plainAt)).toEqual({ end: 4 })
  expect(lookForEnd(7, LOG.length, 'dashed', plainAt)).toEqual({ end: 7 })
  expect(lookForEnd(9, LOG.length, 'dashed', plainAt)).toEqual({ open: 11 })
  expect(lookForEnd(9, 12, 'dashed', plainAt)).toEqual({ unknown: 12 })
  expect(isEnd(plainAt(4) ?? '')).toBe(true)
})

test('all groups of a log, none in another', () => {
  const lines = LOG.map((plain, index) => ({ number: index + 1, plain }))

  expect(groupsOf(lines)).toEqual([
    { head: 1, end: 4 },
    { head: 6, end: 7 },
    { head: 8, end: 9 },
    { head: 10, end: Number.POSITIVE_INFINITY },
  ])
})
