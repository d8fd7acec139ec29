import { expect, test } from 'vitest'
import { parseLine, RGB } from './ansi.ts'

const E = '\u001b'
const parse = (text: string, most = 2_000) => parseLine(text, most)

test('plain text has no spans', () => {
  expect(parse('hello')).toEqual({ plain: 'hello', spans: [], more: 0 })
})

test('colours and weights become spans of the plain text', () => {
  const { plain, spans } = parse(`a ${E}[31mred ${E}[1mbold${E}[22m plain${E}[0m end`)

  expect(plain).toBe('a red bold plain end')
  expect(spans.map(({ from, to, style }) => [plain.slice(from, to), style])).toEqual([
    ['red ', { fg: 1 }],
    ['bold', { fg: 1, bold: true }],
    [' plain', { fg: 1, bold: false, dim: false }],
  ])
})

test.each([
  ['38;5;9', { fg: 9 }],
  ['38;5;208', { fg: RGB + 0xff8700 }],
  ['48;5;232', { bg: RGB + 0x080808 }],
  ['38;2;1;2;3;4', { fg: RGB + 0x010203, underline: true }],
  ['38:2::255:0:16', { fg: RGB + 0xff0010 }],
  ['38:2:255:0:16', { fg: RGB + 0xff0010 }],
  ['97;104', { fg: 15, bg: 12 }],
  ['38;5;256', {}],
  ['38;2;1;2', {}],
  ['38;5', {}],
  ['constructor', {}],
  ['31;', {}],
])('SGR %s', (parameters, style) => {
  expect(parse(`${E}[${parameters}mx`).spans[0]?.style ?? {}).toEqual(style)
})

test.each([
  [`a${E}[2J${E}[10;10Hb`, 'ab'],
  [`a${E}]0;title\u0007b`, 'ab'],
  [`a${E}]8;;http://evil${E}\\link${E}]8;;${E}\\b`, 'alinkb'],
  [`a${E}Pq#0${E}\\b`, 'ab'],
  [`a${E}(Bb${E}7c`, 'abc'],
  [`a\u009b31mb`, 'ab'],
  [`a${E}`, 'a'],
  [`a${E}[31`, 'a'],
])('every other escape is dropped: %j', (text, plain) => {
  expect(parse(text).plain).toBe(plain)
})

test('a string that never ends hides nothing', () => {
  expect(parse(`a${E}]0;the rest of the line`).plain).toBe('a0;the rest of the line')
})

test.each([
  ['1%\r50%\r100%', '100%'],
  ['done\r', 'done'],
  ['1%\r2%\r\r', '2%'],
  ['\r', ''],
])('a line redrawn in place is what stood there last: %j', (text, plain) => {
  expect(parse(text).plain).toBe(plain)
})

test('a long line is read up to a bound, and the rest counted', () => {
  const { plain, more } = parse('x'.repeat(1_000_000), 100)

  expect(plain).toHaveLength(100)
  expect(more).toBe(999_900)
})

test('no character is cut in two', () => {
  expect(parse(`abc😀def`, 4)).toMatchObject({ plain: 'abc', more: 5 })
})

test('half a million escapes are read in a moment', () => {
  const text = `${E}]`.repeat(250_000) + `${E}[31m`.repeat(50_000)

  expect(parse(text).plain).toBe('')
})
