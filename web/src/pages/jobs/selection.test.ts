import { describe, expect, it } from 'vitest'
import {
  everything,
  holdsAll,
  isEmpty,
  NOTHING,
  neighbour,
  rangeTo,
  toggle,
  toggleLoaded,
} from './selection.ts'

const ORDER = ['a', 'b', 'c', 'd', 'e']
const ids = (selection: { readonly ids: ReadonlySet<string> }) => [...selection.ids].sort().join('')

describe('selecting', () => {
  it('adds one and takes it back', () => {
    const one = toggle(NOTHING, 'b')

    expect(ids(one)).toBe('b')
    expect(isEmpty(toggle(one, 'b'))).toBe(true)
  })

  it('takes a range from the last one, in both directions, and again from the same', () => {
    const first = rangeTo(toggle(NOTHING, 'c'), ORDER, 'e')

    expect(ids(first)).toBe('cde')
    expect(ids(rangeTo(first, ORDER, 'a'))).toBe('abcde')
  })

  it('begins a range where none was begun, or where its begin has left the list', () => {
    expect(ids(rangeTo(NOTHING, ORDER, 'c'))).toBe('c')
    expect(ids(rangeTo(toggle(NOTHING, 'gone'), ORDER, 'c'))).toBe('cgone')
  })

  it('takes all that are loaded, and none the second time', () => {
    const all = toggleLoaded(NOTHING, ORDER)

    expect(ids(all)).toBe('abcde')
    expect(all.all).toBe(false)
    expect(isEmpty(toggleLoaded(all, ORDER))).toBe(true)
  })

  it('does not hold all of an empty list', () => {
    expect(holdsAll(NOTHING, [])).toBe(false)
  })

  it('is of single jobs again once one of all that match is taken out', () => {
    const some = toggle(everything(ORDER), 'b')

    expect(some.all).toBe(false)
    expect(ids(some)).toBe('acde')
  })
})

describe('the row beside', () => {
  it.each([
    [undefined, 1, 'a'],
    [undefined, -1, 'e'],
    ['b', 1, 'c'],
    ['a', -1, 'a'],
    ['e', 1, 'e'],
    ['c', -10, 'a'],
    ['gone', 1, 'a'],
  ] as const)('%s by %s is %s', (active, step, found) => {
    expect(neighbour(ORDER, active, step)).toBe(found)
  })

  it('is none in an empty list', () => {
    expect(neighbour([], undefined, 1)).toBeUndefined()
  })
})
