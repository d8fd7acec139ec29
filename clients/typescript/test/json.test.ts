import { describe, expect, test } from 'vitest'
import { parse, stringify } from '../src/json.ts'
import { oneOf, type Random, seeded, several } from './random.ts'

const LARGE = '9007199254740993'

describe('a whole number beyond 2^53', () => {
  test.each([
    [LARGE, BigInt(LARGE)],
    [`-${LARGE}`, -BigInt(LARGE)],
    [`{"a":[1,${LARGE}]}`, { a: [1, BigInt(LARGE)] }],
    [` [ ${LARGE} , "${LARGE}" ] `, [BigInt(LARGE), LARGE]],
    [`{"${LARGE}":null,"b":true}`, { [LARGE]: null, b: true }],
    ['[9007199254740991,9007199254740992]', [9007199254740991, 9007199254740992n]],
    ['[0.1234567890123456789]', [Number('0.1234567890123456789')]],
    [
      '[12345678901234567.5,1234567890123456e3]',
      [Number('12345678901234567.5'), Number('1234567890123456e3')],
    ],
    [`["\\"\\\\",${LARGE}]`, ['"\\', BigInt(LARGE)]],
    [`["\\u0022${LARGE}\\u0022",false]`, [`"${LARGE}"`, false]],
    ['"1234567890123456"', '1234567890123456'],
  ])('is exact in %s, and text and fractions stay what they are', (text, value) => {
    expect(parse(text)).toStrictEqual(value)
  })

  test('is written as the number it is, and reads back', () => {
    const value = { id: BigInt(LARGE), list: [1n, 2, 'x', null, undefined], gone: undefined, at: new Date(0) }

    const text = stringify(value)

    expect(text).toBe(`{"id":${LARGE},"list":[1,2,"x",null,null],"at":"1970-01-01T00:00:00.000Z"}`)
    expect(parse(text)).toMatchObject({ id: BigInt(LARGE) })
  })
})

describe('hostile texts', () => {
  test('what is no JSON is refused on both paths', () => {
    for (const text of ['', '{', '[1,]', `[${LARGE}`, `{"a":${LARGE},}`, `00${LARGE}`, 'nul', '"a']) {
      expect(() => parse(text), text).toThrow(SyntaxError)
    }
  })

  test('a key __proto__ is a key and changes no prototype', () => {
    const value = parse(`{"__proto__":{"polluted":true},"n":${LARGE}}`)

    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value as object)).toEqual(['__proto__', 'n'])
    expect('polluted' in {}).toBe(false)
  })

  test('depth costs no stack', () => {
    const deep = 5_000
    const text = `${'['.repeat(deep)}${LARGE}${']'.repeat(deep)}`

    let value = parse(text)
    let levels = 0
    while (Array.isArray(value)) {
      value = value[0]
      levels += 1
    }

    expect([levels, value]).toEqual([deep, BigInt(LARGE)])
  })

  test('a string of a megabyte full of quotes and backslashes is read in one go', () => {
    const text = '\\"'.repeat(300_000)

    expect(parse(JSON.stringify([text, 1]).replace(',1]', `,${LARGE}]`))).toEqual([text, BigInt(LARGE)])
  })

  test('a cycle is refused as JSON.stringify does', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)

    expect(() => stringify(cycle)).toThrow(TypeError)
  })
})

test('any value reads as JSON.parse reads it, and comes back as it was written', () => {
  const random = seeded(7)
  for (let round = 0; round < 500; round += 1) {
    const value = anyValue(random, 4)
    const text = JSON.stringify(value)

    expect(parse(text)).toStrictEqual(value)
    expect(parse(`[${text}, ${LARGE}]`)).toStrictEqual([value, BigInt(LARGE)])
    expect(stringify([value, BigInt(LARGE)])).toBe(`[${text},${LARGE}]`)
  }
})

const TEXTS = [
  '',
  'a',
  '"',
  '\\',
  '\u2028',
  '\ud83d\ude80',
  '1234567890123456789',
  ':,{}[]',
  '\n\t',
  '__proto__x',
] as const

function anyValue(random: Random, depth: number): unknown {
  const sort = random()
  if (depth > 0 && sort < 0.25) return several(random, 4, () => anyValue(random, depth - 1))
  if (depth > 0 && sort < 0.5) {
    return Object.fromEntries(several(random, 4, () => [anyText(random), anyValue(random, depth - 1)]))
  }
  return oneOf(random, [null, true, false, 0, 1.5, -3e21, 2 ** 53 - 1, anyText(random)] as const)
}

function anyText(random: Random): string {
  return several(random, 3, () => oneOf(random, TEXTS)).join('')
}
