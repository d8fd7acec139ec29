import { describe, expect, test } from 'vitest'
import { Lines } from '../../src/lines.ts'
import type { Line } from '../../src/wire.ts'
import { seeded } from '../random.ts'

const line = (number: number): Line => [number, '2026-11-22T08:00:00.000Z', 'info', `line ${number}`]

describe('lines', () => {
  test.each([1, 2, 3, 4, 5])(
    'in any order they are read in order, and their holes are known (seed %i)',
    seed => {
      const random = seeded(seed)
      const lines = new Lines()
      const numbers = new Set<number>()

      for (let count = 0; count < 3_000; count += 1) {
        const number = 1 + Math.floor(random() * 4_000)
        expect(lines.put(line(number))).toBe(!numbers.has(number))
        numbers.add(number)
      }

      const sorted = [...numbers].sort((one, other) => one - other)
      expect([...lines].map(each => each[0])).toEqual(sorted)
      expect(lines.size).toBe(numbers.size)
      expect([...lines.between(1_000, 2_000)].map(each => each[0])).toEqual(
        sorted.filter(n => n >= 1_000 && n <= 2_000),
      )
      const missing = lines
        .holes(1, 4_000)
        .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
      expect(missing).toEqual(Array.from({ length: 4_000 }, (_, i) => i + 1).filter(n => !numbers.has(n)))
    },
  )

  test('half a million in a row are one range without a hole', () => {
    const lines = new Lines()

    for (let number = 1; number <= 500_000; number += 1) lines.put(line(number))

    expect(lines.ranges).toEqual([[1, 500_000]])
    expect(lines.get(250_000)?.[3]).toBe('line 250000')
    expect(lines.holes(1, 500_000)).toEqual([])
  })
})
