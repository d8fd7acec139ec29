import { describe, expect, it } from 'vitest'
import { descriptionOf, isUnapproved, serverOf, toolOf, traitsOf } from './kinds.ts'

const words = (...given: Parameters<typeof traitsOf>) => traitsOf(...given).map(({ word }) => word)

describe('the name of a tool', () => {
  it('is told apart from its server, dots and all', () => {
    const kind = { name: 'mcp.my.server.notes.add', service: 'mcp:my.server' }

    expect(serverOf(kind)).toBe('my.server')
    expect(toolOf(kind)).toBe('notes.add')
  })

  it('is the whole name of a kind that is no tool', () => {
    const kind = { name: 'mcp.github.search', service: 'comfyui' }

    expect(serverOf(kind)).toBeUndefined()
    expect(toolOf(kind)).toBe('mcp.github.search')
  })
})

describe('what is to be known of a kind', () => {
  it('is nothing where nothing was told', () => {
    expect(words({})).toEqual([])
    expect(words({ annotations: { idempotent: true } }, 2)).toEqual([])
  })

  it('is what its server and its worker say, the worst first', () => {
    const kind = { annotations: { destructive: true }, confirm: true }
    const quarantine = { definition: 'ab', schema: {}, worker: 'one/1', seen_at: '2026-11-22T23:50:00Z' }

    expect(words({ ...kind, quarantine }, 0)).toEqual(['changed', 'no worker', 'asks first', 'destructive'])
  })

  it('is not destructive where it only reads', () => {
    expect(words({ annotations: { read_only: true, destructive: true } })).toEqual(['read-only'])
  })
})

describe('jobs of a tool wait for its approval', () => {
  const same = { name: 'mcp.github.find', definition: 'old' }
  const kind = { ...same, quarantine: { definition: 'new', worker: 'one/1' } }
  const changed = { state: 'online', definitions: { 'mcp.github.find': 'new' } } as const
  const approved = { state: 'online', definitions: { 'mcp.github.find': 'old' } } as const

  it.each([
    ['where it changed', kind, [changed], true],
    [
      'where nobody is there that has it as it was approved',
      kind,
      [changed, { ...approved, state: 'lost' }],
      true,
    ],
    ['but not where another worker has it as it was approved', kind, [changed, approved], false],
    ['but not where it did not change', same, [], false],
    ['but not where it is not known', undefined, [changed], false],
  ] as const)('%s', (_, known, workers, does) => {
    expect(isUnapproved(known, workers)).toBe(does)
  })
})

describe('a description', () => {
  it('is read without the indentation of its source', () => {
    const description = 'Reads.\n\n        Obeys robots.txt.\n\t  Once.'

    expect(descriptionOf({ name: 'crawl', description })).toBe('Reads.\n\nObeys robots.txt.\nOnce.')
  })
})
