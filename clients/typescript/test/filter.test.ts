import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { durationText, parseDuration, parseInstant } from '../src/duration.ts'
import { HeadwayError, InvalidInput } from '../src/errors.ts'
import { format, KEYS, live, matches, parse, type Query, STATES, TEXT, type Term } from '../src/filter.ts'
import { caretAt, tokens } from '../src/filtertokens.ts'
import type { JobDoc } from '../src/wire.ts'
import { oneOf, type Random, seeded, several } from './random.ts'

interface Cases {
  readonly now: string
  readonly jobs: Readonly<Record<string, JobDoc>>
  readonly matches: readonly { filter: string; jobs: string[]; live: boolean; canonical?: string }[]
  readonly errors: readonly { filter: string; says: string }[]
}

const CASES: Cases = JSON.parse(
  readFileSync(new URL('../../../spec/cases/filters.json', import.meta.url), 'utf8'),
)
const NOW = Date.parse(CASES.now)

describe('the golden cases', () => {
  test.each(CASES.matches)('$filter', ({ filter, jobs, live: isLive, canonical }) => {
    const query = parse(filter)

    const found = Object.keys(CASES.jobs).filter(name => matches(query, jobNamed(name), NOW))

    expect(found).toEqual(jobs)
    expect(live(query)).toBe(isLive)
    expect(format(query)).toBe(canonical ?? filter)
  })

  test.each(CASES.errors)('$filter is refused', ({ filter, says }) => {
    const problem = problemOf(() => parse(filter))

    expect(problem).toBeInstanceOf(InvalidInput)
    expect(problem.message).toContain(says)
    expect(problem.field).toBe('q')
    expect(problem.hint).not.toBe('')
  })
})

describe('the language', () => {
  test('any query reads back from its text', () => {
    const random = seeded(11)
    for (let round = 0; round < 2_000; round += 1) {
      const query = anyQuery(random)

      expect(parse(format(query))).toEqual(query)
    }
  })

  test('any text is read or refused with the term named, never otherwise', () => {
    const random = seeded(12)
    const signs = [
      'state:',
      'kind:',
      'args.',
      ':',
      '"',
      '\\',
      ',',
      '-',
      '*',
      ' ',
      'a',
      '>',
      '5m',
      '.',
      "'",
      '__proto__:',
    ] as const
    for (let round = 0; round < 3_000; round += 1) {
      const text = several(random, 8, () => oneOf(random, signs)).join('')
      try {
        expect(parse(format(parse(text)))).toEqual(parse(text))
      } catch (problem) {
        expect(problem, text).toBeInstanceOf(InvalidInput)
      }
      expect(between(text), text).toMatch(/^ *$/)
    }
  })

  test('a pattern with many stars takes no time', () => {
    const job = { ...jobNamed('crawl'), kind: 'a'.repeat(100_000) }

    expect(matches(parse(`kind:${'*a'.repeat(50)}*b`), job, NOW)).toBe(false)
  })

  test('an argument or label named like a part of every object is not there', () => {
    expect(matches(parse('args.constructor:*'), jobNamed('crawl'), NOW)).toBe(false)
    expect(matches(parse('label.toString:*'), jobNamed('crawl'), NOW)).toBe(false)
  })

  test('every key has an example that it reads', () => {
    for (const [key, { example }] of Object.entries(KEYS)) {
      expect(parse(example).terms[0]?.key).toBe(key)
    }
  })
})

describe('what is being typed', () => {
  test('terms stand where they are, and say what is wrong with them', () => {
    const found = tokens('state:run,  -label.sub:"a b" colour:red "open qu')

    expect(found.map(({ start, end, negated, problem }) => [start, end, negated, problem?.message])).toEqual([
      [0, 10, false, "q: 'state:run,' lacks a value."],
      [12, 28, true, undefined],
      [29, 39, false, "q: 'colour:red' has the unknown key 'colour'."],
      [40, 48, false, "q: '\"open qu' has a quote that does not end."],
    ])
    expect(found[1]).toMatchObject({ key: { text: 'label' }, name: { text: 'sub', start: 19, end: 22 } })
    expect(found[1]?.values).toEqual([{ start: 23, end: 28, text: 'a b' }])
    expect(found[0]?.values).toEqual([
      { start: 6, end: 9, text: 'run' },
      { start: 10, end: 10, text: '' },
    ])
    expect(found[3]?.key.text).toBe('open qu')
  })

  test.each([
    ['', 0, { part: 'key', typed: '', start: 0, end: 0 }],
    ['st', 2, { part: 'key', typed: 'st', start: 0, end: 2 }],
    ['state:fail', 10, { part: 'value', typed: 'fail', start: 6, end: 10 }],
    ['state:failed,ru', 15, { part: 'value', typed: 'ru', start: 13, end: 15 }],
    ['-label.su', 9, { part: 'key', typed: '-label.su', start: 0, end: 9 }],
    ['label.su:x', 8, { part: 'name', typed: 'su', start: 6, end: 8 }],
    ['priority:>', 10, { part: 'value', typed: '', start: 10, end: 10 }],
    ['kind:"a b', 9, { part: 'value', typed: 'a b', start: 5, end: 9 }],
    ['kind:a ', 7, { part: 'key', typed: '', start: 7, end: 7 }],
  ])('in %j at %i', (text, place, wanted) => {
    const found = caretAt(text, place)

    const { token, ...rest } = found
    const minus = token?.negated ? 1 : 0
    expect(rest).toEqual({ ...wanted, typed: wanted.typed.slice(minus), start: wanted.start + minus })
  })
})

describe('durations and instants', () => {
  test.each([
    ['30s', 30], ['1h30m', 5_400], ['500ms', 0.5], ['2d', 172_800], ['45', 45], ['1.5h', 5_400], ['1w1d', 691_200], ['1m5ms', 60.005],
  ])('%s', (text, seconds) => {
    expect(parseDuration(text)).toBeCloseTo(seconds)
  }) // biome-ignore format: rows

  test.each(['', 'soon', '5x', '1s1h', '-5', '-5h', '1.h', 'Infinity', '5 m'])('%j is none', text => {
    expect(() => parseDuration(text, 'since')).toThrow(/^since: /)
  })

  test.each([
    [0.4, '0.4s'], [3, '3s'], [42.4, '42s'], [185, '3m 05s'], [7_620, '2h 07m'], [97_200, '1d 03h'], [59.9, '1m 00s'],
  ])('%d s reads %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text)
  }) // biome-ignore format: rows

  test.each([
    ['2026-11-22', '2026-11-22T00:00:00.000Z'],
    ['2026-11-22T08:21', '2026-11-22T08:21:00.000Z'],
    ['2026-11-22 08:21:07.4125+02:00', '2026-11-22T06:21:07.413Z'],
    ['2026-11-22T08:21:07-0530', '2026-11-22T13:51:07.000Z'],
  ])('%s', (text, instant) => {
    expect(new Date(parseInstant(text)).toISOString()).toBe(instant)
  })

  test.each(['2026-02-30', '2026-13-01', '2026-11-22T24:00', '2026-11', 'x', '2026-11-22T08:61'])(
    '%s is none',
    text => {
      expect(() => parseInstant(text)).toThrow(InvalidInput)
    },
  )
})

function jobNamed(name: string): JobDoc {
  const job = CASES.jobs[name]
  if (!job) throw new Error(`no job ${name} in the cases`)
  return job
}

function problemOf(run: () => unknown): HeadwayError {
  try {
    run()
  } catch (problem) {
    if (problem instanceof HeadwayError) return problem
    throw problem
  }
  throw new Error('nothing was refused')
}

/** What no token covers. */
function between(text: string): string {
  return tokens(text).reduceRight((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), text)
}

const VALUES = ['a', 'b c', '', 'x,y', '"', '\\', 'ä*', '-a', 'é:1', '\n'] as const

function anyQuery(random: Random): Query {
  return { terms: several(random, 3, () => anyTerm(random)) }
}

function anyTerm(random: Random): Term {
  const key = oneOf(random, ['state', 'kind', 'label', 'args', 'priority', 'running', 'since', TEXT] as const)
  const known = KEYS[key]
  const kind = known?.value
  const value = (): string => {
    if (kind === 'state') return oneOf(random, [STATES[0] ?? 'queued', 'failed'])
    if (kind === 'number') return oneOf(random, ['5', '-1'])
    return kind === 'duration' || kind === 'moment' ? oneOf(random, ['5m', '1h30m']) : oneOf(random, VALUES)
  }
  const operator = oneOf(random, [known?.operators[0] ?? '', known?.operators.at(-1) ?? ''])
  const isSingle = known?.single || operator !== ''
  const values = isSingle ? [value()] : [value(), ...several(random, 2, value)]
  return {
    key,
    values,
    name: known?.named ? oneOf(random, ['url', 'a.b']) : '',
    operator,
    negated: random() < 0.3,
  }
}
