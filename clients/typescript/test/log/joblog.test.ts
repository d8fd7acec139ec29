import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { JobLog } from '../../src/joblog.ts'
import type { LogLine, LogQuery, LogSearch } from '../../src/logsearch.ts'
import type { Line } from '../../src/wire.ts'
import { event, FakeLive, job, type Unnumbered } from '../fakelive.ts'

const AT = '2026-11-22T08:00:00.000Z'
const line = (number: number, text = `line ${number}`, level = 'info'): Line => [number, AT, level, text]
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** The REST half: a log of `last` lines; every question is noted. */
class FakeLines {
  last = 0
  text = (number: number): string => `line ${number}`
  readonly asked: LogQuery[] = []
  failing: Error | undefined
  underWay = 0
  mostUnderWay = 0

  async *logs(_id: string, query: LogQuery, { signal }: { signal: AbortSignal }): AsyncGenerator<LogLine> {
    this.asked.push(query)
    this.underWay += 1
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay)
    try {
      await new Promise(resolve => setTimeout(resolve, 10))
      if (this.failing) throw this.failing
      let left = query.limit ?? Number.POSITIVE_INFINITY
      for (let number = query.from ?? 1; number <= this.last && left > 0; number += 1) {
        signal.throwIfAborted()
        const text = this.text(number)
        if (!text.includes(query.contains ?? '')) continue
        left -= 1
        yield { number, at: AT, level: 'info', text }
      }
    } finally {
      this.underWay -= 1
    }
  }
}

let live: FakeLive
let rest: FakeLines
const opened: JobLog[] = []

function logOf(options: { blocks?: number } = {}): JobLog {
  const log = new JobLog({ live, rest }, 'J', options)
  opened.push(log)
  log.open()
  return log
}

/** The newest lines of a log of `last`, as the server's snapshot has them. */
function tail(last: number, lines = 1_000): void {
  rest.last = last
  live.snapshot('logs:J', {
    lines: range(Math.max(last - lines + 1, 1), last).map(number => line(number)),
    first: 1,
    last,
  })
}

function logged(...lines: readonly Line[]): Unnumbered {
  return event(job('J'), 'job.logged', { lines })
}

async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(200)
}

beforeEach(() => {
  vi.useFakeTimers()
  live = new FakeLive()
  rest = new FakeLines()
})

afterEach(() => {
  for (const log of opened.splice(0)) log.close()
  vi.useRealTimers()
})

describe('the tail', () => {
  test('the newest lines come with the snapshot, the next by events, told at most ten times a second', async () => {
    const log = logOf()
    tail(3)
    await settled()
    const drawn = vi.fn()
    log.subscribe(drawn)

    for (const number of range(4, 53)) {
      live.send(logged(line(number)))
      await vi.advanceTimersByTimeAsync(10)
    }
    await settled()

    expect(log.state).toMatchObject({ status: 'success', first: 1, last: 53 })
    expect(range(1, 53).every(number => log.has(number))).toBe(true)
    expect(drawn.mock.calls.length).toBeLessThanOrEqual(7)
  })

  test('a log that begins later than its viewer', async () => {
    const log = logOf()
    live.snapshot('logs:J')

    live.send(logged(line(1)))
    await settled()

    expect(log.state).toMatchObject({ first: 1, last: 1 })
  })

  test('another log of the server: nothing that was shown counts any more', async () => {
    const log = logOf()
    tail(3)

    live.snapshot('logs:J', { lines: [line(1, 'new')], first: 1, last: 1 }, 'e2')
    await settled()

    expect(log.state.last).toBe(1)
    expect(log.get(1)?.[3]).toBe('new')
    expect(log.has(2)).toBe(false)
  })

  test('faster than 2,000 lines a second only the end is kept, and what is looked at is fetched', async () => {
    const log = logOf()
    live.snapshot('logs:J')
    for (let start = 1; start <= 30_000; start += 3_000)
      live.send(logged(...range(start, start + 2_999).map(n => line(n))))
    await settled()
    rest.last = 30_000

    expect(log.state).toMatchObject({ tailOnly: true, last: 30_000 })
    expect(log.has(30_000)).toBe(true)
    expect(log.has(10_500)).toBe(false)
    log.ensure(10_500, 10_550)
    await settled()
    expect(log.has(10_500)).toBe(true)

    await vi.advanceTimersByTimeAsync(3_000)
    live.send(logged(line(30_001)))
    await settled()
    expect(log.state.tailOnly).toBe(false)
  })
})

describe('back-fill', () => {
  test('what is looked at is asked for by the block, once', async () => {
    const log = logOf()
    tail(500_000)

    log.ensure(250_400, 250_450)
    log.ensure(250_420, 250_470)
    await settled()
    log.ensure(250_400, 250_450)
    await settled()

    expect(rest.asked).toEqual([{ from: 250_001, limit: 1_000 }])
    expect(log.get(250_420)?.[3]).toBe('line 250420')
  })

  test('only what is missing of a block is asked for', async () => {
    const log = logOf()
    tail(2_500, 800)

    log.ensure(1_500, 1_750)
    await settled()

    expect(rest.asked).toEqual([{ from: 1_001, limit: 700 }])
  })

  test('few at once, and those looked at last first', async () => {
    const log = logOf()
    tail(500_000)

    log.ensure(1, 20_000)
    log.ensure(300_001, 302_000)
    await settled()

    expect(rest.mostUnderWay).toBe(3)
    expect(rest.asked.map(each => each.from)).toEqual([1, 1_001, 2_001, 300_001, 301_001])
  })

  test('a number that no line has is not asked for again', async () => {
    const log = logOf()
    tail(5_000)
    rest.last = 400

    log.ensure(1, 900)
    await settled()
    log.ensure(1, 900)
    await settled()

    expect(rest.asked).toHaveLength(1)
    expect(log.isAbsent(500)).toBe(true)
    expect(log.isAbsent(400)).toBe(false)
  })

  test('a request that fails says so and is repeated after a while, not at each drawing', async () => {
    const log = logOf()
    tail(5_000)
    rest.failing = new Error('the wire is cut')

    log.ensure(1, 10)
    await settled()
    for (let drawing = 0; drawing < 20; drawing += 1) log.ensure(1, 10)
    await settled()
    expect(log.state.error?.message).toBe('the wire is cut')
    expect(rest.asked).toHaveLength(1)

    rest.failing = undefined
    await vi.advanceTimersByTimeAsync(2_100)
    expect(log.has(5)).toBe(true)
    expect(log.state.error).toBeNull()
  })

  test('memory is bounded: what nobody looks at goes, what somebody looks at stays, and can be fetched again', async () => {
    const log = logOf({ blocks: 4 })
    tail(500_000)
    log.ensure(1, 10)
    await settled()
    log.ensure(100_001, 100_010)
    await settled()

    for (const start of range(0, 9)) live.send(logged(line(500_001 + start * 1_000)))
    expect(log.has(5)).toBe(false)
    expect(log.has(100_005)).toBe(true)

    log.ensure(1, 10)
    await settled()
    expect(log.has(5)).toBe(true)
  })
})

test('the view does not hold what the blocks hold: its memory is bounded too', async () => {
  logOf()
  tail(1_000)

  for (let start = 1_001; start <= 60_000; start += 1_000)
    live.send(logged(...range(start, start + 999).map(n => line(n))))

  expect(live.shares.get('logs:J')?.view.topic().lines.size).toBeLessThanOrEqual(21_000)
})

describe('search', () => {
  /** Run a search to its end. */
  async function done(search: LogSearch): Promise<LogSearch> {
    await vi.advanceTimersByTimeAsync(2_000)
    return search
  }

  test.each([{ contains: 'line' }, { pattern: /line/ }])(
    'lines that came while the page was cut off are searched too: %o',
    async wanted => {
      tail(10)
      const log = logOf()
      const search = await done(log.find(wanted))

      tail(40, 10)
      live.send(logged(line(41)))
      await done(search)

      expect(search.state.found).toEqual(range(1, 41))
      expect(search.state).toMatchObject({ done: true, error: null })
    },
  )

  test('whatever its capitals: the server is told, new lines too, and what was found is readable', async () => {
    tail(2_990)
    const log = logOf()

    const search = await done(log.find({ contains: 'LINE 299', ignoreCase: true }))
    live.send(logged(line(2_991, 'Line 2991')))
    await vi.waitFor(() => expect(search.state.found).toContain(2_991))

    expect(rest.asked.at(-1)).toEqual({ contains: 'LINE 299', ignore_case: true })
    expect(search.get(2_991)?.[3]).toBe('Line 2991')
    expect(search.get(2_980)).toBeUndefined()
  })

  test('a text is looked for by the server', async () => {
    const log = logOf()
    tail(3_000)

    const search = await done(log.find({ contains: 'line 29', levels: ['error', 'info'] }))

    expect(search.state).toMatchObject({ done: true, share: 1, cut: false })
    expect(search.state.found).toEqual([29, ...range(290, 299), ...range(2_900, 2_999)])
    expect(rest.asked).toEqual([{ contains: 'line 29', level: 'error,info' }])
  })

  test('a regular expression is looked for here, in chunks with a share, without colours', async () => {
    const log = logOf()
    tail(12_000)
    rest.text = number => (number % 5_000 === 0 ? '\u001b[31mBo\u001b[0mom' : 'quiet')
    const shares: (number | undefined)[] = []
    const search = log.find({ pattern: /^bo+m$/gi })
    search.subscribe(() => shares.push(search.state.share))

    await done(search)

    expect(search.state.found).toEqual([5_000, 10_000])
    expect(rest.asked.map(each => each.from)).toEqual([1, 5_001, 10_001])
    expect(shares.at(-1)).toBe(1)
  })

  test('somebody else may say which lines match; lines that come meanwhile and after are asked too, in order', async () => {
    const log = logOf()
    tail(10)
    rest.text = number => `\u001b[31mline\u001b[0m ${number}`
    const asked: string[][] = []
    const test = async (texts: readonly string[]) => {
      asked.push([...texts])
      await new Promise(resolve => setTimeout(resolve, 20))
      return texts.map(text => /[02468]$/.test(text))
    }
    const search = log.find({ test })
    live.send(logged(line(11), line(12)))
    await done(search)
    live.send(logged(line(13)), logged(line(14)))

    await done(search)

    expect(search.state).toMatchObject({ found: [2, 4, 6, 8, 10, 12, 14], done: true, error: null })
    expect(asked.flat()).toEqual(range(1, 14).map(number => `line ${number}`))
  })

  test('what they say is wrong is said', async () => {
    const log = logOf()
    tail(10)

    const search = await done(log.find({ test: () => Promise.reject(new Error('takes too long')) }))

    expect(search.state).toMatchObject({ found: [], done: false, error: { message: 'takes too long' } })
  })

  test('lines that come later are found too, each once, also those that came while it looked', async () => {
    const log = logOf()
    tail(10)
    rest.last = 11
    const search = log.find({ contains: 'line' })
    live.send(logged(line(11)), logged(line(12), line(13, 'no')))

    await done(search)
    expect(search.state.found).toEqual(range(1, 12))

    live.send(logged(line(14)))
    await done(search)
    expect(search.state.found.at(-1)).toBe(14)
  })

  test('next and previous go round', async () => {
    const log = logOf()
    tail(300)
    const search = await done(log.find({ contains: 'line 1' }))

    expect([search.after(19), search.after(199), search.before(100), search.before(1)]).toEqual([
      100, 1, 19, 199,
    ])
  })

  test('stopped it looks no further', async () => {
    const log = logOf()
    tail(50_000)
    const search = log.find({ pattern: /line/ })
    await vi.advanceTimersByTimeAsync(15)

    search.stop()
    await done(search)

    expect(rest.asked.length).toBeLessThanOrEqual(2)
    expect(search.state).toMatchObject({ done: false, error: null })
  })

  test('one that fails says so', async () => {
    const log = logOf()
    tail(5)
    rest.failing = new Error('the wire is cut')

    const search = await done(log.find({ contains: 'x' }))

    expect(search.state.error?.message).toBe('the wire is cut')
  })
})

test('closed it lets the topic go and stops what is on its way', async () => {
  const log = logOf()
  tail(500_000)
  log.ensure(1, 10)

  log.close()
  await settled()

  expect(live.users('logs:J')).toBe(0)
  expect(log.has(5)).toBe(false)
})
