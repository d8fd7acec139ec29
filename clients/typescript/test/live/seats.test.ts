import { expect, test } from 'vitest'
import { FREE, type Locks, seatsOf } from '../../src/transports/seats.ts'

/** Locks as a browser has them, for all its pages. */
class FakeLocks implements Locks {
  readonly held = new Set<string>()

  async request(
    name: string,
    _options: { ifAvailable: true },
    hold: (lock: unknown) => Promise<void> | undefined,
  ): Promise<void> {
    const isFree = !this.held.has(name)
    if (isFree) this.held.add(name)
    await hold(isFree ? { name } : null)
    if (isFree) this.held.delete(name)
  }
}

test('all pages together have four seats, and a seat that is left is free', async () => {
  const locks = new FakeLocks()
  const [one, other] = [seatsOf('a', locks), seatsOf('a', locks)]
  const taken = [await one(), await other(), await one(), await other()]

  expect([await one(), await other()]).toEqual([undefined, undefined])
  taken[1]?.()
  await Promise.resolve()

  expect(await one()).toBeTypeOf('function')
  expect(await other()).toBeUndefined()
})

test('pages of another server have seats of their own', async () => {
  const locks = new FakeLocks()
  const [one, other] = [seatsOf('a', locks), seatsOf('b', locks)]
  for (let seat = 0; seat < 4; seat += 1) await one()

  expect(await other()).toBeTypeOf('function')
})

test('where locks are refused there is no seat', async () => {
  const seat = seatsOf('a', { request: () => Promise.reject(new Error('the storage is barred')) })

  expect(await seat()).toBeUndefined()
})

test('without locks a page has one', async () => {
  const seat = seatsOf('a', undefined)
  const leave = await seat()

  expect(await seat()).toBeUndefined()
  leave?.()

  expect(await seat()).toBeTypeOf('function')
})

test('beyond pages there is always one', async () => {
  expect(await Promise.all([FREE(), FREE(), FREE()])).not.toContain(undefined)
})
