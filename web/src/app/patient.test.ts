import { beforeEach, expect, test, vi } from 'vitest'
import { patient, reloadWhenReplaced } from './patient.ts'

beforeEach(() => sessionStorage.clear())

test('what cannot be loaded is loaded again after each wait, and said once', async () => {
  const load = vi.fn<() => Promise<string>>()
  load.mockRejectedValueOnce(new Error('cut off')).mockRejectedValueOnce(new Error('still'))
  load.mockResolvedValue('page')
  const [wait, say] = [vi.fn(async () => undefined), vi.fn()]

  expect(await patient(load, wait, say)()).toBe('page')

  expect([wait.mock.calls.length, say.mock.calls.length]).toEqual([2, 1])
})

test('a page whose parts are gone is loaded anew, once', async () => {
  const reload = vi.fn()

  await reloadWhenReplaced(async () => true, reload, 100_000)
  await reloadWhenReplaced(async () => true, reload, 105_000)

  expect(reload).toHaveBeenCalledOnce()
})

test('while nobody answers the page stays', async () => {
  const reload = vi.fn()

  await reloadWhenReplaced(async () => false, reload, 100_000)

  expect(reload).not.toHaveBeenCalled()
})
