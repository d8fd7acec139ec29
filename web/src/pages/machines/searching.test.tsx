import { act, renderHook } from '@testing-library/react'
import { expect, it, vi } from 'vitest'
import { useSearching } from './searching.ts'

const address = vi.hoisted(() => ({ q: '' as string | undefined, went: [] as unknown[] }))
vi.mock('../../app/router.tsx', () => ({
  addressOf: () => ({
    useSearch: () => ({ q: address.q, show: 'a/1' }),
    useNavigate: () => (going: { search: (before: object) => unknown }) => {
      address.went.push(going.search({ show: 'a/1' }))
    },
  }),
}))

it('what is written faster than the address follows is not lost, and the way back is followed', () => {
  const { result, rerender } = renderHook(() => useSearching())
  const arrives = (q: string) => {
    address.q = q
    rerender()
  }

  act(() => result.current.write('g'))
  act(() => result.current.write('gp'))
  arrives('g')
  expect(result.current.text).toBe('gp')
  act(() => result.current.write('gpu'))
  arrives('gpu')
  expect(result.current.text).toBe('gpu')
  arrives('elsewhere')
  expect(result.current.text).toBe('elsewhere')
  expect(address.went).toEqual([
    { show: 'a/1', q: 'g' },
    { show: 'a/1', q: 'gp' },
    { show: 'a/1', q: 'gpu' },
  ])
})
