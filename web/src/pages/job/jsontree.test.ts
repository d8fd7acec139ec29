import { describe, expect, it } from 'vitest'
import { pretty } from '../../words/code.ts'
import { jsonLines, leafText } from './jsontree.ts'

const none = new Set<string>()
const all = new Map<string, number>()

describe('the tree', () => {
  it('opens what is small by itself, and closes what is turned', () => {
    const value = { a: 1, b: { c: [2] } }

    expect(jsonLines(value, none, all).map(line => [line.path, line.open])).toEqual([
      ['$', true],
      ['$/a', false],
      ['$/b', true],
      ['$/b/c', false],
    ])
    expect(jsonLines(value, new Set(['$/b']), all).map(line => line.path)).toEqual(['$', '$/a', '$/b'])
    expect(jsonLines(value, new Set(['$/b/c']), all).at(-1)).toMatchObject({
      path: '$/b/c/0',
      name: 0,
      value: 2,
    })
  })

  it('keeps the names of two keys apart that a slash would join', () => {
    const paths = jsonLines({ 'a/b': 1, a: { b: 2 } }, none, all).map(line => line.path)

    expect(new Set(paths).size).toBe(paths.length)
  })

  it('shows a page of many, and says how many more there are', () => {
    const lines = jsonLines(
      Array.from({ length: 250 }, (_, index) => index),
      none,
      all,
    )

    expect(lines).toHaveLength(102)
    expect(lines.at(-1)).toMatchObject({ more: 150, path: '$' })
    expect(jsonLines(Array(250).fill(0), none, new Map([['$', 200]])).at(-1)?.more).toBe(50)
  })

  it('has nothing to open in an empty object', () => {
    expect(jsonLines({}, none, all)).toMatchObject([{ open: false, size: 0, kind: 'object' }])
  })
})

describe('as text', () => {
  it('keeps every digit of a big integer', () => {
    expect(leafText(9007199254740993n)).toBe('9007199254740993')
    expect(pretty({ id: 9007199254740993n, list: [1, 'a'], none: null, empty: {} })).toBe(
      '{\n  "id": 9007199254740993,\n  "list": [\n    1,\n    "a"\n  ],\n  "none": null,\n  "empty": {}\n}',
    )
  })
})
