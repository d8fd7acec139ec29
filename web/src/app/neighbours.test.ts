import { expect, it } from 'vitest'
import { keepList, keptList, neighbour } from './neighbours.ts'

it('knows the job before and after one of the list, and none beyond its ends', () => {
  const ids = ['a', 'b', 'c']

  expect(neighbour(ids, 'b', -1)).toBe('a')
  expect(neighbour(ids, 'b', 1)).toBe('c')
  expect(neighbour(ids, 'a', -1)).toBeUndefined()
  expect(neighbour(ids, 'c', 1)).toBeUndefined()
  expect(neighbour(ids, 'x', 1)).toBeUndefined()
})

it('keeps the list with its address', () => {
  keepList(['a', 'b'], 'state:failed', 'activity')

  expect(keptList()).toEqual({ ids: ['a', 'b'], q: 'state:failed', sort: 'activity' })
})

it('is empty where what was kept is no list', () => {
  sessionStorage.setItem('headway.list', 'broken')

  expect(keptList().ids).toEqual([])
})
