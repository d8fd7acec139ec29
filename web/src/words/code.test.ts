import { describe, expect, it } from 'vitest'
import { json, literal, quoted } from './code.ts'

describe('a word of the shell', () => {
  it.each([
    ['plain-1.0/x', 'plain-1.0/x'],
    ["''", ''],
    ["'a b'", 'a b'],
    ["'$HOME;rm'", '$HOME;rm'],
    ["'a'\"'\"'b'", "a'b"],
    ["'a\nb'", 'a\nb'],
  ])('%s', (word, text) => {
    expect(quoted(text)).toBe(word)
  })
})

describe('a value in JSON and in Python', () => {
  it.each([
    ['12345678901234567890', '12345678901234567890', 12345678901234567890n],
    ['{"a": [true, null]}', '{"a": [True, None]}', { a: [true, null], left: undefined }],
    ['"a\\n\\"b"', '"a\\n\\"b"', 'a\n"b'],
  ])('%s', (inJson, inPython, value) => {
    expect(json(value)).toBe(inJson)
    expect(literal(value)).toBe(inPython)
  })
})
