import { expect, test } from 'vitest'
import { parseLine } from './ansi.ts'
import { piecesOf, rangesOf } from './pieces.ts'

function pieces(text: string, finder?: RegExp) {
  const parsed = parseLine(text, 20_000)
  return piecesOf(parsed, finder && rangesOf(parsed.plain, finder))
}
const texts = (text: string) => pieces(text).map(piece => piece.text)

test('markup is text', () => {
  expect(texts('<script>alert(1)</script>&amp;')).toEqual(['<script>alert(1)</script>&amp;'])
})

test.each([
  ['a\u0000b', ['a', 'NUL', 'b']],
  ['a\u0007\u0008', ['a', 'BEL', 'BS']],
  ['a\u007f', ['a', 'DEL']],
  ['\u202eevil\u202c', ['RLO', 'evil', 'PDF']],
  ['a\u2066b\u2069', ['a', 'LRI', 'b', 'PDI']],
  ['a\u200bb\ufeff', ['a', 'ZWSP', 'b', 'BOM']],
  ['\u{e0041}', ['U+E0041']],
  ['a\ud800b', ['a', 'U+D800', 'b']],
])('what cannot be seen is shown by name: %j', (text, shown) => {
  expect(texts(text)).toEqual(shown)
  expect(pieces(text).some(piece => piece.odd)).toBe(true)
})

test('tabs, joined emoji and right-to-left words stay as they are', () => {
  expect(texts('a\tb 👩‍👩‍👧 עברית')).toEqual(['a\tb 👩‍👩‍👧 עברית'])
})

test('ten thousand marks on one letter are counted', () => {
  const shown = texts(`Z${'\u0301'.repeat(10_000)} after`)

  expect(shown).toEqual([`Z${'\u0301'.repeat(8)}`, '9,992 marks', ' after'])
})

test.each([
  ['see https://x.org/a?b=(c).', 'https://x.org/a?b=(c)'],
  ['(http://x.org/y)', 'http://x.org/y'],
  ['"https://x.org"', 'https://x.org'],
  ['https://x.org/\u202eevil', 'https://x.org/'],
  ['javascript:alert(1) ftp://x data:text/html,x //y', undefined],
  ['https://', undefined],
])('links are http and https, without what surrounds them: %j', (text, href) => {
  expect(pieces(text).find(piece => piece.href)?.href).toBe(href)
})

test('what is looked for is marked, across colours', () => {
  const marked = pieces('one \u001b[31mtwo\u001b[0mthree', /two?th/g).filter(piece => piece.marked)

  expect(marked.map(piece => piece.text)).toEqual(['two', 'th'])
})

test('a pattern that matches nothing at all marks nothing', () => {
  expect(pieces('abc', /x*/g).some(piece => piece.marked)).toBe(false)
})
