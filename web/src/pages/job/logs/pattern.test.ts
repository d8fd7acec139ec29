import { expect, test, vi } from 'vitest'
import { answerTo, type Question } from './matching.ts'
import { type Looker, Pattern } from './pattern.ts'

/** A worker that answers, unless the pattern is one that never ends. */
class FakeLooker implements Looker {
  onmessage: Looker['onmessage'] = null
  onerror: Looker['onerror'] = null
  readonly asked: Question[] = []
  ended = false

  constructor() {
    queueMicrotask(() => this.#say('ready'))
  }

  postMessage(question: Question): void {
    this.asked.push(question)
    if (!question.source.includes('(a+)+')) queueMicrotask(() => this.#say(answerTo(question)))
  }

  terminate(): void {
    this.ended = true
  }

  #say(data: unknown): void {
    this.onmessage?.(new MessageEvent('message', { data }))
  }
}

function made(source: string, flags = '') {
  const lookers: FakeLooker[] = []
  const pattern = new Pattern(source, flags, () => {
    const looker = new FakeLooker()
    lookers.push(looker)
    return looker
  })
  return { pattern, lookers }
}

test('a worker says which texts match, one worker for all questions', async () => {
  const { pattern, lookers } = made('B+', 'i')

  const said = await Promise.all([pattern.test(['abc', 'xyz']), pattern.test(['bb'])])

  expect(said).toEqual([[true, false], [true]])
  expect(lookers).toHaveLength(1)
})

test('large texts are asked in parts', async () => {
  const { pattern, lookers } = made('x')
  const texts = Array.from({ length: 3 }, () => 'x'.repeat(500_000))

  expect(await pattern.test(texts)).toEqual([true, true, true])
  expect(lookers[0]?.asked).toHaveLength(3)
})

test('marks are known a moment later, and who draws is told', async () => {
  const { pattern } = made('b+')
  const listener = vi.fn()
  pattern.subscribe(listener)

  expect(pattern.of('abba b')).toEqual([])

  await vi.waitFor(() => expect(listener).toHaveBeenCalledOnce())
  expect(pattern.of('abba b')).toEqual([
    [1, 3],
    [5, 6],
  ])
  expect(pattern.version()).toBe(1)
})

test('one that takes too long is ended, said, and not asked again', async () => {
  const { pattern, lookers } = made('(a+)+$')

  await expect(pattern.test(['aaaaaaaaaaaaaaaaaaaaaaaaaaaa!'])).rejects.toThrow('more than 2 s')

  expect(lookers[0]?.ended).toBe(true)
  await expect(pattern.test(['b'])).rejects.toThrow('more than 2 s')
  expect(pattern.of('b')).toEqual([])
  expect(lookers).toHaveLength(1)
})

test('stopped it rejects what is under way as ended, and begins again when asked', async () => {
  const { pattern, lookers } = made('(a+)+$')
  const under = pattern.test(['a'])
  await vi.waitFor(() => expect(lookers[0]?.asked).toHaveLength(1))

  pattern.stop()

  await expect(under).rejects.toMatchObject({ name: 'AbortError' })
  expect(lookers[0]?.ended).toBe(true)
  void pattern.test(['a']).catch(() => undefined)
  await vi.waitFor(() => expect(lookers).toHaveLength(2))
  pattern.stop()
})
