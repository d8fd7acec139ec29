import { beforeEach, describe, expect, test } from 'vitest'
import { type Change, Live, type LiveOptions } from '../../src/live.ts'
import type { BatchFrame, WireEvent } from '../../src/wire.ts'
import { FakePage, FakeSocket, settled } from './fakes.ts'

let page: FakePage

beforeEach(() => {
  page = new FakePage()
  FakeSocket.all = []
})

function linked(options: Partial<LiveOptions> = {}): Live {
  return new Live({ url: 'http://h/base/', WebSocket: FakeSocket, surroundings: page, ...options })
}

function event(seq: number, job = 'A'): WireEvent {
  const data = { was: null, set: { id: job, state: 'queued', n: seq } } as WireEvent['data']
  const at = '2026-11-22T08:00:00.000Z'
  return {
    seq,
    at,
    type: 'job.queued',
    namespace: 'default',
    priority: 'normal',
    job,
    queue: 'q',
    kind: 'k',
    data,
  }
}

function batch(from: number, to: number, id = 's1', now = '2026-11-22T08:00:01.000Z'): BatchFrame {
  const events = Array.from({ length: to - from }, (_, index) =>
    event(from + index + 1, `J${from + index + 1}`),
  )
  return { type: 'batch', id, from, to, now, events }
}

const stateOf = (live: Live) => live.connection.get().state

describe('following', () => {
  test('nothing is opened before something is followed, and nothing stays open after', async () => {
    const live = linked()
    expect(FakeSocket.all).toHaveLength(0)

    const followed = live.follow(['jobs'])
    expect(FakeSocket.last.url).toBe('ws://h/base/api/v1/live')
    FakeSocket.last.begin()
    followed.close()
    await page.pass(5_000)

    expect(stateOf(live)).toBe('idle')
    expect(FakeSocket.last.readyState).toBe(3)
    expect(page.isQuiet).toBe(true)
  })

  test('the same topics share a subscription, in any order; other options do not', () => {
    const live = linked()

    const one = live.follow(['jobs', 'workers'])
    const other = live.follow(['workers', 'jobs'])
    const every = live.follow(['jobs', 'workers'], { conflate: false })

    expect(other.view).toBe(one.view)
    expect(every.view).not.toBe(one.view)
  })

  test('who comes back within five seconds finds the view as it was', async () => {
    const live = linked()
    live.follow(['workers'])
    const followed = live.follow(['jobs'])
    FakeSocket.last.begin()

    followed.close()
    followed.close()
    await page.pass(4_999)
    const again = live.follow(['jobs'])
    await page.pass(60)

    expect(again.view).toBe(followed.view)
    expect(FakeSocket.last.said.some(frame => frame.type === 'unsubscribe')).toBe(false)
  })

  test('five seconds after the last one closed it, the server is told', async () => {
    const live = linked()
    live.follow(['workers'])
    const followed = live.follow(['jobs'])
    FakeSocket.last.begin()

    followed.close()
    await page.pass(5_000)

    expect(FakeSocket.last.said).toContainEqual({ type: 'unsubscribe', id: 's2' })
  })

  test('a view that is followed on a link that is up gets its log right away', () => {
    const live = linked()
    live.follow(['jobs'])
    FakeSocket.last.begin()

    const late = live.follow(['workers'])
    FakeSocket.last.hear({ type: 'snapshot', id: 's2', seq: 6, now: '2026-11-22T08:00:00.000Z', topics: {} })

    expect(late.view.cursor).toBe('e1.6')
  })
})

describe('telling', () => {
  test('listeners hear of all events at once, with the next frame drawn', () => {
    const live = linked()
    const followed = live.follow(['jobs'])
    FakeSocket.last.begin()
    page.draw()
    const changes: Change[] = []
    followed.subscribe(change => changes.push(change))

    FakeSocket.last.hear(batch(5, 7))
    FakeSocket.last.hear(batch(7, 9))
    expect(changes).toHaveLength(0)
    page.draw()
    page.draw()

    expect(changes).toHaveLength(1)
    expect(changes[0]?.fresh.map(each => each.seq)).toEqual([6, 7, 8, 9])
    expect([...(changes[0]?.dirty.get('job') ?? [])]).toEqual(['J6', 'J7', 'J8', 'J9'])
    expect(changes[0]?.whole).toBe(false)
  })

  test('a page that nobody sees is told four times a second, and at once by frames when it is seen again', async () => {
    const live = linked()
    const followed = live.follow(['jobs'])
    FakeSocket.last.begin()
    page.draw()
    let told = 0
    followed.subscribe(() => {
      told += 1
    })

    page.show(false)
    FakeSocket.last.hear(batch(5, 6))
    await page.pass(249)
    expect(told).toBe(0)
    await page.pass(1)
    expect(told).toBe(1)
    FakeSocket.last.hear(batch(6, 7))
    page.show(true)
    page.draw()
    expect(told).toBe(2)
  })

  test('one that throws does not keep others from hearing', async () => {
    const live = linked()
    const followed = live.follow(['jobs'])
    FakeSocket.last.begin()
    page.draw()
    const thrown: unknown[] = []
    const catchIt = (error: unknown) => thrown.push(error)
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', catchIt)
    let told = 0
    followed.subscribe(() => {
      throw new Error('mine')
    })
    followed.subscribe(() => {
      told += 1
    })

    FakeSocket.last.hear(batch(5, 6))
    page.draw()
    await new Promise(resolve => setImmediate(resolve))
    process.removeAllListeners('uncaughtException')
    for (const listener of before) process.on('uncaughtException', listener)

    expect(told).toBe(1)
    expect(thrown).toHaveLength(1)
  })

  test('the connection is told of at most four times a second while only clocks move', async () => {
    const live = linked()
    live.follow(['jobs'])
    FakeSocket.last.begin()
    await page.pass(1_000)
    let told = 0
    live.connection.subscribe(() => {
      told += 1
    })

    for (let seq = 5; seq < 105; seq += 1) {
      FakeSocket.last.hear(batch(seq, seq + 1))
      await page.pass(10)
    }
    await page.pass(1_000)

    expect(told).toBeLessThanOrEqual(6)
    expect(live.connection.get().cursor).toBe('e1.105')
  })
})

describe('the connection', () => {
  test('goes from connecting over catching up to live', () => {
    const live = linked()
    const seen = [stateOf(live)]
    live.connection.subscribe(() => seen.push(stateOf(live)))

    live.follow(['jobs'])
    FakeSocket.last.begin()

    expect(seen).toEqual(['idle', 'connecting', 'catching_up', 'live'])
    expect(live.connection.get()).toMatchObject({ fresh: true, way: 'websocket', cursor: 'e1.5' })
  })

  test('greys after twice the ping without a word, and its clock stands still', async () => {
    const live = linked()
    live.follow(['jobs'])
    FakeSocket.last.begin(5, '2026-11-22T08:00:00.000Z')
    const begun = Date.parse('2026-11-22T08:00:00.000Z')

    await page.pass(10_000)
    expect(live.connection.get().fresh).toBe(true)
    expect(live.now()).toBe(begun + 10_000)
    await page.pass(2)
    const frozen = live.now()
    await page.pass(3_000)

    expect(live.connection.get()).toMatchObject({ fresh: false, state: 'live' })
    expect(live.now()).toBe(frozen)
    FakeSocket.last.hear({ type: 'ping', seq: 5, now: new Date(begun + 13_002).toISOString() })
    expect(live.connection.get().fresh).toBe(true)
    expect(live.now()).toBe(begun + 13_002)
  })

  test('is cut after three times the ping, and opened again within a second', async () => {
    const live = linked()
    live.follow(['jobs'])
    FakeSocket.last.begin()

    await page.pass(15_000)
    expect(live.connection.get()).toMatchObject({
      state: 'reconnecting',
      reason: 'silent',
      retryAt: page.wall() + 500,
    })
    await page.pass(500)

    expect(FakeSocket.all).toHaveLength(2)
  })

  test('goes on from where the view stands', async () => {
    const live = linked()
    live.follow(['jobs'])
    FakeSocket.last.begin()
    FakeSocket.last.hear(batch(5, 8))

    FakeSocket.last.end(1006)
    await page.pass(1_000)
    FakeSocket.last.open()
    FakeSocket.last.hear({ type: 'welcome', session: 'y', epoch: 'e1', seq: 9, now: '', ping_s: 5 })

    expect(FakeSocket.last.said).toContainEqual({
      type: 'subscribe', id: 's1', topics: ['jobs'], want: 'auto', conflate: true, since: 'e1.8',
    }) // biome-ignore format: a frame
  })

  test('its clock stands still until what is shown has caught up, however much is heard', async () => {
    const live = linked()
    live.follow(['jobs'])
    FakeSocket.last.begin(5, '2026-11-22T08:00:00.000Z')
    FakeSocket.last.end(1006)
    const frozen = live.now()
    await page.pass(1_000)
    FakeSocket.last.open()
    FakeSocket.last.hear({
      type: 'welcome', session: 'y', epoch: 'e1', seq: 9, now: '2026-11-22T08:01:00.000Z', ping_s: 5,
    }) // biome-ignore format: a frame
    await page.pass(3_000)
    FakeSocket.last.hear({ type: 'ping', seq: 9, now: '2026-11-22T08:01:03.000Z' })

    expect(live.connection.get()).toMatchObject({ state: 'catching_up', fresh: false, behind: 4 })
    expect(live.now()).toBe(frozen)
    FakeSocket.last.hear(batch(5, 9))

    expect(live.connection.get()).toMatchObject({ state: 'live', fresh: true })
    expect(live.now()).toBe(Date.parse('2026-11-22T08:01:03.000Z'))
  })

  test('says offline at once when the device is, and tries at once when it is back', async () => {
    const live = linked()
    live.follow(['jobs'])
    FakeSocket.last.begin()

    page.emit('offline')
    expect(live.connection.get()).toMatchObject({
      state: 'offline',
      fresh: false,
      reason: 'this device is offline',
    })
    page.emit('online')

    expect(FakeSocket.all).toHaveLength(2)
    FakeSocket.last.begin()
    expect(stateOf(live)).toBe('live')
  })

  test('asks for a sign of life when the page is seen again, and cuts a link that gives none', async () => {
    const live = linked()
    live.follow(['jobs'])
    FakeSocket.last.begin()

    page.show(false)
    await page.pass(49_000)
    expect(live.connection.get().fresh).toBe(true)
    page.show(true)
    expect(FakeSocket.last.said.slice(-2)).toEqual([
      { type: 'visible', visible: false },
      { type: 'visible', visible: true },
    ])
    await page.pass(3_000)

    expect(stateOf(live)).toBe('reconnecting')
  })

  test('a machine that slept looks at once whether the link lives', async () => {
    const live = linked()
    live.follow(['jobs'])
    FakeSocket.last.begin()
    const wall = page.wall
    Object.assign(page, { wall: () => wall() + 3_600_000 })

    await page.pass(1_001)

    expect(FakeSocket.last.said.at(-1)).toEqual({ type: 'visible', visible: true })
  })

  test('one frame of a new subscription is not called catching up', async () => {
    const live = linked()
    live.follow(['jobs'])
    FakeSocket.last.begin()

    live.follow(['workers'])
    expect(stateOf(live)).toBe('live')
    await page.pass(1_000)

    expect(stateOf(live)).toBe('catching_up')
  })
})

describe('refusals', () => {
  test('a token that is refused is asked for again, once', async () => {
    const tokens = ['old', 'older']
    const live = linked({ token: () => tokens.shift() })
    const followed = live.follow(['jobs'])
    await settled()
    FakeSocket.last.open()
    expect(FakeSocket.last.said[0]).toMatchObject({ type: 'hello', token: 'old' })

    FakeSocket.last.end(4001, 'This token is not known.')
    await page.pass(1_000)
    FakeSocket.last.open()
    expect(FakeSocket.last.said[0]).toMatchObject({ type: 'hello', token: 'older' })
    FakeSocket.last.end(4001, 'This token is not known.')
    await page.pass(100_000)

    expect(FakeSocket.all).toHaveLength(2)
    expect(live.connection.get()).toMatchObject({
      state: 'refused',
      refusal: { code: 4001, reason: 'This token is not known.' },
    })
    expect(followed.refused).toMatchObject({ name: 'Unauthorized', message: 'This token is not known.' })
  })

  test.each([4003, 4009, 4013])('%i ends the link with its reason until somebody tries again', async code => {
    const live = linked({ token: 'mine' })
    const followed = live.follow(['jobs'])
    let told = 0
    followed.subscribe(() => {
      told += 1
    })
    FakeSocket.last.begin()

    FakeSocket.last.end(code, 'No.')
    await page.pass(100_000)
    page.draw()
    expect(live.connection.get()).toMatchObject({ state: 'refused', refusal: { code, reason: 'No.' } })
    expect(followed.refused?.message).toBe('No.')
    expect(told).toBeGreaterThan(0)
    live.retryNow()
    FakeSocket.last.begin()

    expect(FakeSocket.all).toHaveLength(2)
    expect(stateOf(live)).toBe('live')
    expect(followed.refused).toBeUndefined()
  })

  test('a topic that is refused says so to those who follow it, and to nobody else', () => {
    const live = linked()
    const jobs = live.follow(['jobs'])
    const other = live.follow(['nonsense'])
    FakeSocket.last.begin()

    FakeSocket.last.hear({ type: 'error', id: 's2', code: 'invalid_input', message: 'topic is unknown' })

    expect(other.refused?.code).toBe('invalid_input')
    expect(jobs.refused).toBeUndefined()
    expect(stateOf(live)).toBe('live')
  })

  test('a request that the link did not outlive is rejected, not forgotten', async () => {
    const live = linked()
    live.follow(['jobs'])
    FakeSocket.last.begin()

    const answer = live.request('job.cancel', { id: 'A' }, 'key')
    FakeSocket.last.end(1006)

    await expect(answer).rejects.toMatchObject({ code: 'unreachable' })
  })
})

test('a list of one transport is that one', async () => {
  const live = linked({
    transport: 'websocket',
    fetch: () => Promise.resolve(new Response('', { status: 404 })),
  })
  live.follow(['jobs'])

  for (let round = 0; round < 6; round += 1) {
    FakeSocket.last.end(1006)
    await page.pass(60_000)
  }

  expect(live.connection.get().way).toBe('websocket')
})
