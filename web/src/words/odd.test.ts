import { describe, expect, it } from 'vitest'
import { partsOf } from './odd.ts'

describe('text of others', () => {
  it('is one part where all of it can be seen', () => {
    expect(partsOf('two\r\nlines,\tand é')).toEqual([{ text: 'two\nlines,\tand é', odd: false }])
    expect(partsOf('')).toEqual([])
  })

  it.each([
    ['a direction that is turned around', 'pay\u202etpircs', 'RLO'],
    ['a space without width', 'pay\u200bpal', 'ZWSP'],
    ['an escape of a terminal', 'a\u001b[2J', 'ESC'],
    ['a letter of the tags that nobody sees', 'a\u{e0041}b', 'U+E0041'],
  ])('shows %s by name', (_, text, name) => {
    const odd = partsOf(text).filter(part => part.odd)

    expect(odd).toEqual([{ text: name, odd: true }])
  })
})
