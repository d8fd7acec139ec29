import { describe, expect, it } from 'vitest'
import { firstWords, toolResult } from './contents.ts'

const from = { server: 'files', protocol: '2025-11-25' }
const blocks = (...content: readonly unknown[]) => toolResult({ ...from, content })?.blocks

describe('what a tool gave', () => {
  it.each([null, 'text', { content: 'text', ...from }, { content: [] }, { content: [], server: 'x' }])(
    'is not %j',
    result => {
      expect(toolResult(result)).toBeUndefined()
    },
  )

  it('is its blocks, each as what it is', () => {
    expect(
      blocks(
        { type: 'text', text: '<b>hi</b>' },
        { type: 'text', artifact: 'text-1.txt', bytes: 40_000 },
        { type: 'image', mime: 'image/png', artifact: 'image-2.png', bytes: 9 },
        { type: 'resource', uri: 'file:///a.md', mime: 'text/markdown', text: '# A' },
        { type: 'resource_link', uri: 'https://example.org/', name: 'raw', title: 'A page', bytes: 12 },
        { type: 'audio', mime: 'audio/wav', omitted: 'is no base64' },
        { type: 'hologram', size: 3 },
      ),
    ).toEqual([
      { as: 'text', text: '<b>hi</b>' },
      { as: 'file', artifact: 'text-1.txt' },
      { as: 'file', artifact: 'image-2.png' },
      { as: 'text', text: '# A', uri: 'file:///a.md' },
      {
        as: 'link',
        uri: 'https://example.org/',
        name: 'A page',
        description: '',
        mime: '',
        bytes: 12,
      },
      { as: 'omitted', what: 'audio', why: 'is no base64' },
      { as: 'other', value: { type: 'hologram', size: 3 } },
    ])
  })

  it('is what is odd in it as JSON, whatever it claims to be', () => {
    expect(blocks(7, { type: 'text', text: 7 }, { type: 'resource_link', name: 'nowhere' })).toEqual([
      { as: 'other', value: 7 },
      { as: 'other', value: { type: 'text', text: 7 } },
      { as: 'other', value: { type: 'resource_link', name: 'nowhere' } },
    ])
  })

  it('is not said twice, in a text and in the structured part', () => {
    const structured = { sum: 3, of: [1, 2] }
    const content = [
      { type: 'text', text: '{"sum":3,"of":[1,2]}' },
      { type: 'text', text: '{"sum": 4}' },
    ]

    const result = toolResult({ ...from, content, structured })

    expect(result?.blocks).toEqual([{ as: 'text', text: '{"sum": 4}' }])
    expect(result?.structured).toBe(structured)
  })
})

describe('a tool’s result in a line', () => {
  const line = (result: object) => {
    const known = toolResult({ ...from, content: [], ...result })
    return known && firstWords(known)
  }

  it('is its first words, else its values, else its files', () => {
    expect(
      line({
        content: [
          { type: 'text', text: ' ' },
          { type: 'text', text: 'done' },
        ],
      }),
    ).toBe('done')
    expect(line({ structured: { sum: 3, of: [1] } })).toBe('sum 3')
    expect(line({ content: [{ type: 'image', artifact: 'image-1.png' }] })).toBe('image-1.png')
    expect(line({})).toBe('')
  })
})
