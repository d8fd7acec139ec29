import { describe, expect, it } from 'vitest'
import {
  added,
  chipsOf,
  filterOf,
  finishedOf,
  negated,
  readable,
  statesOf,
  toggled,
  without,
} from './chips.ts'

describe('a filter as chips', () => {
  it.each([
    ['', []],
    ['  state:running   queue:web ', ['state:running', 'queue:web']],
    ['"two words" kind:"a, b"', ['"two words"', 'kind:"a, b"']],
    ['kind:"a \\" b" x', ['kind:"a \\" b"', 'x']],
    ['x "never ends', ['x', '"never ends']],
  ])('%s', (q, chips) => {
    expect(chipsOf(q)).toEqual(chips)
  })

  it('is the same filter again', () => {
    expect(filterOf(chipsOf(' a  "b c"  -d:e '))).toBe('a "b c" -d:e')
  })
})

describe('text being written', () => {
  it.each([
    ['sta', [], 'sta'],
    ['state:failed ', ['state:failed'], ''],
    ['state:failed kin', ['state:failed'], 'kin'],
    ['kind:"a b', [], 'kind:"a b'],
    ['kind:"a b ', [], 'kind:"a b '],
    ['kind:"a b" ', ['kind:"a b"'], ''],
    ['   ', [], ''],
    ['a a', ['a'], 'a'],
  ])('%j', (text, finished, rest) => {
    expect(finishedOf(text)).toEqual({ finished, rest })
  })
})

describe('chips', () => {
  it('are added once', () => {
    expect(added(['a'], ['b', 'a', 'b'])).toEqual(['a', 'b'])
  })

  it('are taken away by their place', () => {
    expect(without(['a', 'b', 'a'], 0)).toEqual(['b', 'a'])
  })

  it('are negated and back', () => {
    expect(negated('state:failed')).toBe('-state:failed')
    expect(negated('-state:failed')).toBe('state:failed')
  })

  it.each([
    ['-label.a:b:c', { not: true, key: 'label.a', operator: '', value: 'b:c' }],
    ['label.team:"brain and behaviour",x', { key: 'label.team', value: 'brain and behaviour, x' }],
    ['running:>10m', { key: 'running', operator: '>', value: '10m' }],
    ['-"a:b"', { not: true, key: '', value: 'a:b' }],
    ['kind:""', { key: 'kind', value: '""' }],
  ])('are read as words: %s', (chip, words) => {
    expect(readable(chip)).toMatchObject({ ...words, problem: undefined })
  })

  it('say what is wrong with them', () => {
    expect(readable('state:nope').problem).toContain("names the unknown state 'nope'")
  })
})

describe('the term of states', () => {
  it.each([
    ['', ['failed'], 'state:failed'],
    ['kind:crawl', ['failed'], 'state:failed kind:crawl'],
    ['kind:crawl state:failed', ['failed'], 'kind:crawl'],
    ['kind:crawl state:failed x', ['running', 'cancelling'], 'kind:crawl state:failed,running,cancelling x'],
    ['state:failed,running,cancelling', ['running', 'cancelling'], 'state:failed'],
    ['state:running', ['running', 'cancelling'], 'state:running,cancelling'],
    ['-state:failed,completed', ['failed'], 'state:failed -state:completed'],
    ['-state:failed', ['failed'], 'state:failed'],
  ])('%j with %j is %j', (q, states, after) => {
    expect(filterOf(toggled(chipsOf(q), states))).toBe(after)
  })

  it('tells what is asked for', () => {
    expect([...statesOf(chipsOf('-state:a kind:x state:b,c'))]).toEqual(['b', 'c'])
  })
})
