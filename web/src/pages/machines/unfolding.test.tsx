import { act, renderHook } from '@testing-library/react'
import { expect, it } from 'vitest'
import { machineKey, unfold, useUnfolded, workerKey } from './unfolding.ts'

it('is as it was first, until somebody says otherwise; and stays so for who comes later', () => {
  const { result } = renderHook(() => [
    useUnfolded(machineKey('m'), true),
    useUnfolded(workerKey('m'), false),
  ])
  expect(result.current).toEqual([true, false])

  act(() => unfold([machineKey('m'), machineKey('n')], false))

  expect(result.current).toEqual([false, false])
  expect(renderHook(() => useUnfolded(machineKey('n'), true)).result.current).toBe(false)
})
