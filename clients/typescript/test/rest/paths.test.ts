import { expect, test } from 'vitest'
import { at } from '../../src/desks.ts'

test.each([
  ['gpu-3/1', '/workers/gpu-3/1'],
  ['a b?c#d%', '/workers/a%20b%3Fc%23d%25'],
  ['a/../b', '/workers/a%2F..%2Fb'],
  ['a//b', '/workers/a%2F%2Fb'],
  ['/a', '/workers/%2Fa'],
  ['…/é', '/workers/%E2%80%A6/%C3%A9'],
])('the name %s is the path %s', (name, path) => {
  expect(at('workers', name)).toBe(path)
})
