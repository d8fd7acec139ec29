import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { HAPPENINGS, type Happening, happeningOfClose, Link, STATES, TABLE, waitMs } from '../src/link.ts'

interface Golden {
  table: unknown
  waits: {
    failures: number
    dice: number
    wait_s: number
    after_ms?: [number, number] | null
    retry_after_ms?: number | null
  }[]
}
const golden = JSON.parse(
  readFileSync(new URL('../../../spec/cases/link.json', import.meta.url), 'utf8'),
) as Golden

/** A link that was welcomed at 0 and is live. */
function linked(link = new Link()): Link {
  for (const what of ['open', 'opened', 'welcomed', 'caught_up'] as const) link.happen(what, 0)
  return link
}

/** End the attempt under way, and begin the next one when it is due. */
function fail(link: Link, what: Happening, now = 0): void {
  link.happen(what, now, 0)
  link.tick(link.due ?? now)
}

describe('the table', () => {
  test('is that of the specification, every cell', () => {
    expect(TABLE).toEqual(golden.table)
    expect(Object.keys(TABLE).length * HAPPENINGS.length).toBe(STATES.length * 15)
  })

  test.each(golden.waits)('waits as the specification says: $failures failures, dice $dice', wait => {
    const patience = { afterMs: wait.after_ms ?? undefined, retryAfterMs: wait.retry_after_ms ?? undefined }

    const waited = waitMs(wait.failures, wait.dice, patience)

    expect(waited).toBeCloseTo(wait.wait_s * 1000)
  })

  test.each([
    [4001, 'refusal'],
    [4003, 'refusal'],
    [4009, 'refusal'],
    [4013, 'refusal'],
    [4008, 'lost'],
    [4101, 'lost'],
    [1006, 'lost'],
  ])('close code %i means %s', (code, what) => {
    expect(happeningOfClose(code)).toBe(what)
  })
})

describe('signs of life', () => {
  test('grey at twice the ping, cut at thrice', () => {
    const link = linked()

    expect(link.isGrey(10_000)).toBe(false)
    expect(link.isGrey(10_001)).toBe(true)
    expect(link.tick(14_999)).toEqual([])
    expect(link.tick(15_000)).toEqual(['drop', 'wait'])
  })

  test('any frame puts both off', () => {
    const link = linked()

    link.hear(9_000)

    expect(link.isGrey(19_000)).toBe(false)
    expect(link.tick(23_999)).toEqual([])
  })

  test('a probe that is not answered within three seconds ends the connection', () => {
    const link = linked()

    const actions = link.happen('wake', 1_000)

    expect(actions).toEqual(['probe'])
    expect(link.tick(4_000)).toEqual(['drop', 'wait'])
  })

  test('a stream says nothing for fifteen seconds without being taken for dead', () => {
    const link = linked(new Link(['sse']))

    expect(link.isGrey(30_000)).toBe(false)
    expect(link.tick(44_999)).toEqual([])
  })
})

describe('the way', () => {
  test('a barred WebSocket is given up at once, and tried again at the next reconnect', () => {
    const link = new Link()
    link.happen('open', 0)

    fail(link, 'barred')
    expect(link.way).toBe('sse')

    for (const what of ['opened', 'welcomed', 'caught_up'] as const) link.happen(what, 0)
    fail(link, 'lost', 60_000)
    expect(link.way).toBe('websocket')
  })

  test('two connections that came to nothing are doubt enough', () => {
    const link = new Link()
    link.happen('open', 0)

    fail(link, 'lost')
    expect(link.way).toBe('websocket')
    fail(link, 'silent')
    expect(link.way).toBe('sse')
  })

  test('nobody there says nothing about the way', () => {
    const link = new Link()
    link.happen('open', 0)

    for (let round = 0; round < 20; round += 1) fail(link, 'unreachable')

    expect(link.way).toBe('websocket')
  })

  test('after five minutes on another way the best one is tried again', () => {
    const link = new Link()
    link.happen('open', 0)
    fail(link, 'barred')
    for (const what of ['opened', 'welcomed', 'caught_up'] as const) link.happen(what, 1_000)

    for (let now = 1_000; now <= 300_000; now += 10_000) link.hear(now)
    const actions = link.tick(301_000)

    expect(actions).toEqual(['drop', 'connect'])
    expect(link.way).toBe('websocket')
  })

  test('a list of one way never leaves it', () => {
    const link = new Link(['poll'])
    link.happen('open', 0)

    for (let round = 0; round < 5; round += 1) fail(link, 'barred')

    expect(link.way).toBe('poll')
  })
})

test('a link that held is no failure when it ends', () => {
  const link = linked()
  link.failures = 7

  link.happen('lost', 10_000, 1)

  expect(link.due).toBe(11_000)
})
