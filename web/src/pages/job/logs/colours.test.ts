import { expect, test } from 'vitest'
import { RGB } from './ansi.ts'
import { CARDS, CONTRAST, contrast, looksOf } from './colours.ts'

const number = (hex = '#000000'): number => Number.parseInt(hex.slice(1), 16)
const ALL = [
  ...Array.from({ length: 16 }, (_, index) => index),
  ...[0, 0x0a0a0a, 0xfafaf0, 0xffff00, 0x0000ff, 0x808080].map(rgb => RGB + rgb),
]

test.each(ALL)('colour %i can be read on the card of both themes', fg => {
  const { light, dark } = looksOf({ fg })

  expect(contrast(number(light), CARDS.light)).toBeGreaterThanOrEqual(CONTRAST)
  expect(contrast(number(dark), CARDS.dark)).toBeGreaterThanOrEqual(CONTRAST)
})

test.each(ALL)('text of every colour can be read on background %i', bg => {
  for (const fg of [undefined, ...ALL]) {
    const { text, ground } = looksOf({ fg, bg })
    expect(contrast(number(text), number(ground))).toBeGreaterThanOrEqual(4.5)
  }
})

test('a colour that can be read stays as it is', () => {
  expect(looksOf({ fg: RGB + 0x0000ff }).light).toBe('#0000ff')
})

test('inverse turns text into background', () => {
  expect(looksOf({ fg: RGB + 0x00ff00, inverse: true }).ground).toBe('#00ff00')
})
