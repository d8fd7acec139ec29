import { expect, it } from 'vitest'
import { isFound } from './find.tsx'

it.each([
  ['', true],
  ['GPU', true],
  [' gpu  eu ', true],
  ['gpu us', false],
])('in “eu.Gpu-large” is found %j: %s', (text, found) => {
  expect(isFound('eu.Gpu-large', text)).toBe(found)
})
