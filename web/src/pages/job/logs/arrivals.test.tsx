import { renderHook } from '@testing-library/react'
import { expect, test } from 'vitest'
import { useArrivals } from './arrivals.tsx'

type Props = [total: number, following: boolean, isNews: boolean, of: unknown]

test('lines count as new from when the reader left the end; what was there before never does', () => {
  const { result, rerender } = renderHook((props: Props) => useArrivals(...props), {
    initialProps: [0, false, false, ''],
  })
  const after = (...props: Props): number => {
    rerender(props)
    return result.current
  }

  expect(after(500, false, true, '')).toBe(0)
  expect(after(510, false, true, '')).toBe(10)
  expect(after(520, true, true, '')).toBe(0)
  expect(after(523, false, true, '')).toBe(3)
  expect(after(7, false, false, 'errors')).toBe(0)
  expect(after(90, false, false, 'errors')).toBe(0)
  expect(after(90, false, true, 'errors')).toBe(0)
  expect(after(91, false, true, 'errors')).toBe(1)
})
