import { expect, it } from 'vitest'
import { nameOf } from './series.ts'

it.each([
  [{ id: 'vm/1', name: 'vm/1', machine: 'vm' }, '1'],
  [{ id: 'vm/1', machine: 'vm' }, '1'],
  [{ id: 'vm/', name: 'vm/', machine: 'vm' }, 'vm/'],
  [{ id: 'x', name: 'gpu', machine: 'vm' }, 'gpu'],
])('%j is called %s below its machine', (worker, name) => {
  expect(nameOf(worker)).toBe(name)
})
