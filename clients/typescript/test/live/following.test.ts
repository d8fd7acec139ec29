import { describe, expect, test } from 'vitest'
import { Following } from '../../src/following.ts'
import type { Subscription } from '../../src/subscription.ts'
import type { BatchFrame, SnapshotFrame, WelcomeFrame } from '../../src/wire.ts'

const NOW = '2026-11-22T08:00:00.000Z'
const welcome: WelcomeFrame = { type: 'welcome', session: 'x', epoch: 'e1', seq: 9, now: NOW, ping_s: 5 }
const snapshot = (id: string, seq: number): SnapshotFrame => ({
  type: 'snapshot',
  id,
  seq,
  now: NOW,
  topics: {},
})
const batch = (id: string, from: number, to: number): BatchFrame => ({
  type: 'batch',
  id,
  from,
  to,
  now: NOW,
})

/** One that was welcomed at 0, with a subscription at seq 9, and has nothing left to say. */
function live(): { following: Following; jobs: Subscription } {
  const following = new Following({ client: 'test' })
  const jobs = following.subscribe({ topics: ['jobs'] }, 0)
  following.token = 'mine'
  following.connect(0)
  following.opened(0)
  following.receive(welcome, 0, 0.5)
  following.receive(snapshot(jobs.id, 9), 0, 0.5)
  following.frames(0)
  return { following, jobs }
}

describe('what is said', () => {
  test('hello with the token first, then every subscription', () => {
    const following = new Following({ client: 'test', namespace: 'other' })
    following.subscribe({ topics: ['jobs'] }, 0)
    following.subscribe({ topics: ['workers'], conflate: false, paceMs: 500 }, 0)
    following.token = 'mine'

    following.connect(0)
    following.opened(0)
    const first = following.frames(0)
    following.receive(welcome, 0, 0.5)

    expect(first).toEqual([{ type: 'hello', v: 1, client: 'test', token: 'mine', namespace: 'other' }])
    expect(following.frames(0)).toEqual([
      { type: 'subscribe', id: 's1', topics: ['jobs'], want: 'auto', conflate: true },
      { type: 'subscribe', id: 's2', topics: ['workers'], want: 'auto', conflate: false, pace_ms: 500 },
    ])
  })

  test('a ping is answered', () => {
    const { following } = live()

    following.receive({ type: 'ping', seq: 9, now: NOW }, 100, 0.5)

    expect(following.frames(100)).toEqual([{ type: 'pong' }])
  })

  test('a gap asks once, from where the view stands, until the answer came to something', () => {
    const { following, jobs } = live()

    following.receive(batch(jobs.id, 11, 12), 100, 0.5)
    following.receive(batch(jobs.id, 12, 13), 200, 0.5)
    const asked = following.frames(200)
    following.receive(batch(jobs.id, 9, 13), 300, 0.5)
    following.receive(batch(jobs.id, 15, 16), 400, 0.5)

    expect(asked).toEqual([expect.objectContaining({ type: 'subscribe', since: 'e1.9' })])
    expect(following.frames(400)).toEqual([expect.objectContaining({ type: 'subscribe', since: 'e1.13' })])
  })

  test('an answer that never came is asked for again after five seconds', () => {
    const { following, jobs } = live()
    following.receive(batch(jobs.id, 11, 12), 100, 0.5)
    following.frames(100)

    following.receive({ type: 'ping', seq: 12, now: NOW }, 5_000, 0.5)
    const early = following.frames(5_000)
    following.receive({ type: 'ping', seq: 12, now: NOW }, 5_100, 0.5)

    expect(early).toEqual([{ type: 'pong' }])
    expect(following.frames(5_100)).toEqual([{ type: 'pong' }, expect.objectContaining({ since: 'e1.9' })])
  })

  test('more than a server takes at once waits its turn', () => {
    const { following } = live()
    for (let count = 0; count < 100; count += 1) following.subscribe({ topics: [`job:${count}`] }, 0)

    const burst = following.frames(0)
    const second = following.frames(1_000)

    expect(burst.length).toBeLessThanOrEqual(40)
    expect(second.length).toBeLessThanOrEqual(20)
    expect(following.due).toBeLessThan(1_100)
    expect([...burst, ...second, ...following.frames(10_000), ...following.frames(20_000)]).toHaveLength(100)
  })

  test('a way without a voice is probed by asking again for all that is followed', () => {
    const { following } = live()
    following.link.way = 'sse'

    following.wake(100, 0.5)

    expect(following.frames(100)).toEqual([expect.objectContaining({ type: 'subscribe', since: 'e1.9' })])
  })

  test('a fresh token is said on the link that is up', () => {
    const { following } = live()

    following.authorize('newer')

    expect(following.frames(0)).toEqual([{ type: 'auth', token: 'newer' }])
  })

  test('the token is renewed well before its end', () => {
    const { following } = live()

    following.receive({ ...welcome, token_ttl_s: 100 }, 1_000, 0.5)

    expect(following.authAt).toBe(81_000)
  })
})

describe('what the link learns', () => {
  test('it is live when every view stands where the server stood', () => {
    const following = new Following({ client: 'test' })
    const [one, other] = [
      following.subscribe({ topics: ['jobs'] }, 0),
      following.subscribe({ topics: ['workers'] }, 0),
    ]
    following.connect(0)
    following.opened(0)
    following.receive(welcome, 0, 0.5)

    following.receive(snapshot(one.id, 9), 0, 0.5)
    expect(following.link.state).toBe('catching_up')
    following.receive(snapshot(other.id, 9), 0, 0.5)

    expect(following.link.state).toBe('live')
  })

  test('while it catches up, it knows how far behind', () => {
    const { following, jobs } = live()
    following.closed(1006, 100, 0, '')
    following.tick(100, 0)
    following.opened(100)

    following.receive({ ...welcome, seq: 250 }, 100, 0.5)
    expect(following.behind).toBe(241)
    following.receive(batch(jobs.id, 9, 250), 100, 0.5)

    expect(following.behind).toBe(0)
    expect(following.link.state).toBe('live')
  })

  test('without anything to follow it is live as soon as it is welcomed', () => {
    const following = new Following({ client: 'test' })
    following.connect(0)
    following.opened(0)

    following.receive(welcome, 0, 0.5)

    expect(following.link.state).toBe('live')
  })

  test('a server that goes says when to come back', () => {
    const { following } = live()

    const actions = following.receive({ type: 'bye', reason: 'drain', after_ms: [2_000, 4_000] }, 100, 0.5)

    expect(actions).toEqual(['drop', 'wait'])
    expect(following.link.due).toBe(3_100)
    expect(following.link.reason).toBe('drain')
  })

  test('a hidden page expects a word every 25 seconds', () => {
    const { following } = live()

    following.show(false, 1_000, 0.5)

    expect(following.frames(1_000)).toEqual([{ type: 'visible', visible: false }])
    expect(following.tick(75_999, 0.5)).toEqual([])
    expect(following.tick(76_000, 0.5)).toEqual(['drop', 'wait'])
  })

  test('a frame of a kind it has never heard of is a sign of life', () => {
    const { following } = live()

    const actions = following.receive(JSON.parse('{"type": "weather", "sun": true}'), 9_000, 0.5)

    expect(actions).toEqual([])
    expect(following.link.isGrey(19_000)).toBe(false)
  })

  test('frames of a subscription that is gone change nothing', () => {
    const { following, jobs } = live()
    following.unsubscribe(jobs, 100)

    following.receive(batch(jobs.id, 9, 10), 100, 0.5)

    expect(jobs.view.seq).toBe(9)
    expect(following.frames(100)).toEqual([{ type: 'unsubscribe', id: 's1' }])
  })
})
