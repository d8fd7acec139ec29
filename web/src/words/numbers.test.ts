import { expect, it } from 'vitest'
import { lasting } from './numbers.ts'

it.each([
  [-3, 'a moment'],
  [0.9, 'a moment'],
  [1, '1 s'],
  [125, '2 min'],
])('what began %d s ago has lasted for %s', (seconds, said) => {
  expect(lasting(seconds)).toBe(said)
})
