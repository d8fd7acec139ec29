import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { InvalidInput, Unauthorized, Unavailable, Unreachable } from '../../src/errors.ts'
import { linesOf, readLogs } from '../../src/loglines.ts'
import { Rest, type RestOptions } from '../../src/rest.ts'
import { gather } from '../gather.ts'

interface Sent {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** A server that gives these answers in order, the last one for ever; an Error is a network that fails. */
function scripted(...answers: (Response | Error)[]): {
  sent: Sent[]
  rest: (more?: Partial<RestOptions>) => Rest
} {
  const sent: Sent[] = []
  const answer = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const headers = Object.fromEntries(new Headers(init.headers))
    const body = typeof init.body === 'string' ? init.body : undefined
    sent.push({ url: String(input), method: init.method ?? 'GET', headers, body })
    const next = answers[Math.min(sent.length, answers.length) - 1]
    if (next instanceof Response) return sent.length < answers.length ? next : next.clone()
    throw next
  }
  return { sent, rest: more => new Rest({ url: 'http://box/prefix/', fetch: answer, ...more }) }
}

function json(value: string, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(value, { status, headers })
}

const LATER = json('{"code":"overloaded","message":"Full.","hint":"Wait.","retry_after_s":1}', 503, {
  'retry-after': '1',
})
const CUT = new TypeError('fetch failed', {
  cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
})

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** What becomes of it while all timers run out. */
async function settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const all = Promise.allSettled([promise])
  await vi.runAllTimersAsync()
  return (await all)[0]
}

describe('a call', () => {
  test('goes below the prefix, with what is asked for and nothing that is not', async () => {
    const { sent, rest } = scripted(json('{"jobs":[]}'))

    const answer = await rest().get('/jobs', { query: { q: 'kind:a b', limit: 5, after: undefined } })

    expect(answer).toEqual({ jobs: [] })
    expect(sent).toMatchObject([{ url: 'http://box/prefix/api/v1/jobs?q=kind%3Aa+b&limit=5', method: 'GET' }])
    expect(sent[0]?.headers).toEqual({ accept: 'application/json' })
  })

  test('keeps integers exact both ways', async () => {
    const { sent, rest } = scripted(json('{"n":9007199254740993}'))

    const answer = await rest().call('POST', '/jobs', { body: { n: 9007199254740993n } })

    expect(answer).toEqual({ n: 9007199254740993n })
    expect(sent[0]?.body).toBe('{"n":9007199254740993}')
  })

  test('without an answer body gives nothing', async () => {
    const { rest } = scripted(new Response(null, { status: 204 }))

    await expect(rest().call('DELETE', '/jobs/1')).resolves.toBeUndefined()
  })

  test('that is refused throws what the server said, at once', async () => {
    const problem = json(
      '{"code":"invalid_input","message":"args.url: is missing.","hint":"Give it.","field":"args.url"}',
      422,
    )
    const { sent, rest } = scripted(problem)

    const refused = rest().call('POST', '/jobs', { body: {} })

    await expect(refused).rejects.toBeInstanceOf(InvalidInput)
    await expect(refused).rejects.toMatchObject({ field: 'args.url', hint: 'Give it.', status: 422 })
    expect(sent).toHaveLength(1)
  })

  test('that something else answers names the address', async () => {
    const { rest } = scripted(json('<html>'))

    await expect(rest().get('/jobs')).rejects.toThrow(/http:\/\/box\/prefix\/ \(something else answers there/)
  })
})

describe('trouble', () => {
  test('that passes is not seen: an unsafe call is repeated with the same key', async () => {
    const { sent, rest } = scripted(CUT, LATER, json('{"id":"01J"}', 201))

    const outcome = await settled(rest().call('POST', '/jobs', { body: {} }))

    expect(outcome).toEqual({ status: 'fulfilled', value: { id: '01J' } })
    expect(sent).toHaveLength(3)
    expect(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    expect(sent[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/)
  })

  test('that stays ends with what the server said last', async () => {
    const { sent, rest } = scripted(LATER)

    const outcome = await settled(rest({ patienceMs: 4_500 }).get('/jobs'))

    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'overloaded', retryAfterMs: 1_000 } })
    expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(Unavailable)
    expect(sent.length).toBeGreaterThan(2)
    expect(sent.length).toBeLessThan(6)
  })

  test('a wait longer than our patience is not waited for', async () => {
    const { sent, rest } = scripted(
      json('{"code":"limited","message":"Slow down."}', 429, { 'retry-after': '3600' }),
    )

    const outcome = await settled(rest().get('/jobs'))

    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { code: 'limited', status: 429, retryAfterMs: 3_600_000 },
    })
    expect(sent).toHaveLength(1)
  })

  test('nobody there says why, as far as Node tells', async () => {
    const { rest } = scripted(CUT)

    const outcome = await settled(rest({ patienceMs: 300 }).get('/jobs'))

    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { message: 'No Headway server answers at http://box/prefix/ (ECONNREFUSED).' },
    })
    expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(Unreachable)
  })

  test('an end that the caller wanted is the caller’s, also between two tries', async () => {
    const { sent, rest } = scripted(CUT)
    const ending = new AbortController()

    const call = settled(rest().get('/jobs', { signal: ending.signal }))
    ending.abort(new Error('gone elsewhere'))

    expect(await call).toMatchObject({ status: 'rejected', reason: { message: 'gone elsewhere' } })
    expect(sent.length).toBeLessThan(3)
  })
})

describe('a token', () => {
  const refused = json('{"code":"unauthorized","message":"The token is not valid.","hint":"Get one."}', 401)

  test('is asked for once, and shown each time', async () => {
    const { sent, rest } = scripted(json('1'))
    const token = vi.fn(() => 'secret')
    const client = rest({ token })

    await client.get('/a')
    await client.get('/b')

    expect(sent.map(({ headers }) => headers.authorization)).toEqual(['Bearer secret', 'Bearer secret'])
    expect(token).toHaveBeenCalledOnce()
  })

  test('that is refused is asked for anew, once', async () => {
    const { sent, rest } = scripted(refused, json('1'))
    const token = vi.fn(async () => `t${token.mock.calls.length}`)

    await expect(rest({ token }).get('/a')).resolves.toBe(1)

    expect(sent.map(({ headers }) => headers.authorization)).toEqual(['Bearer t1', 'Bearer t2'])
  })

  test('that is refused again is said so', async () => {
    const { sent, rest } = scripted(refused)

    await expect(rest({ token: () => 'old' }).get('/a')).rejects.toBeInstanceOf(Unauthorized)

    expect(sent).toHaveLength(2)
  })

  test('that is a text is not asked for', async () => {
    const { sent, rest } = scripted(refused)

    await expect(rest({ token: 'old' }).get('/a')).rejects.toMatchObject({
      code: 'unauthorized',
      hint: 'Get one.',
    })

    expect(sent).toHaveLength(1)
  })

  test('that can not be had now can be had later', async () => {
    const { rest } = scripted(json('1'))
    const token = vi.fn(async () => 'late').mockRejectedValueOnce(new Error('signed out'))
    const client = rest({ token })

    await expect(client.get('/a')).rejects.toThrow('signed out')
    await expect(client.get('/a')).resolves.toBe(1)
  })
})

describe('lines of a body', () => {
  test.each([
    [
      ['a\nb', 'c\n', '\nd'],
      ['a', 'bc', '', 'd'],
    ],
    [['a\n'], ['a']],
    [[''], []],
    [['é'.slice(0), '\n'], ['é']],
  ])('%j', async (chunks, lines) => {
    expect(await gather(linesOf(bodyOf(chunks.map(each => new TextEncoder().encode(each)))))).toEqual(lines)
  })

  test('a sign that is cut in two is one sign', async () => {
    const bytes = new TextEncoder().encode('aé\n')

    expect(await gather(linesOf(bodyOf([bytes.slice(0, 2), bytes.slice(2)])))).toEqual(['aé'])
  })

  test('the body is let go when the reader has enough', async () => {
    const cancel = vi.fn()
    const body = new ReadableStream<Uint8Array>({
      start: to => to.enqueue(new TextEncoder().encode('a\nb\n')),
      cancel,
    })

    for await (const line of linesOf(body)) if (line === 'a') break

    expect(cancel).toHaveBeenCalledOnce()
  })
})

function bodyOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(to) {
      for (const chunk of chunks) to.enqueue(chunk)
      to.close()
    },
  })
}

describe('a log', () => {
  const line = (number: number): string =>
    `{"number":${number},"at":"","level":"info","text":"t","attempt":1}\n`

  /** A body that says these lines and then breaks. */
  function broken(...numbers: number[]): Response {
    const chunks = numbers.map(number => new TextEncoder().encode(line(number)))
    const pull = (to: ReadableStreamDefaultController<Uint8Array>): void => {
      const next = chunks.shift()
      if (next) to.enqueue(next)
      else to.error(new TypeError('terminated'))
    }
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }))
  }

  test('that breaks off is read on behind its last line', async () => {
    const { sent, rest } = scripted(broken(5, 6), new Response(line(7)))

    const lines = await gather(readLogs(rest(), 'J', { tail: 3, limit: 9 }, {}))

    expect(lines.map(({ number }) => number)).toEqual([5, 6, 7])
    expect(sent.map(({ url }) => new URL(url).search)).toEqual([
      '?limit=9&from=1&tail=3&format=jsonl',
      '?limit=7&from=7&format=jsonl',
    ])
  })

  test('that breaks off at once again is given up', async () => {
    const { rest } = scripted(broken(1), broken())

    await expect(gather(readLogs(rest(), 'J', {}, {}))).rejects.toMatchObject({ code: 'unreachable' })
  })
})
