import { describe, expect, it } from 'vitest'
import { argsOf, fieldsOf, holds, writtenFrom } from './schema.ts'

const SCHEMA = {
  type: 'object',
  properties: {
    url: { type: 'string', description: 'Where to begin' },
    depth: { type: 'integer', default: 3, minimum: 1 },
    ratio: { anyOf: [{ type: 'number' }, { type: 'null' }], default: null },
    mode: { $ref: '#/$defs/Mode' },
    tags: { type: 'array', items: { type: 'string' } },
    deep: { type: 'boolean', default: false },
    options: { type: 'object' },
  },
  required: ['url', 'mode'],
  $defs: { Mode: { type: 'string', enum: ['fast', 'slow'] } },
}

describe('fieldsOf', () => {
  const fields = fieldsOf(SCHEMA) ?? []

  it('puts what is required first and gives each property its control', () => {
    expect(fields.map(field => [field.name, field.control, field.required])).toEqual([
      ['url', 'text', true],
      ['mode', 'choice', true],
      ['depth', 'integer', false],
      ['ratio', 'number', false],
      ['tags', 'lines', false],
      ['deep', 'boolean', false],
      ['options', 'json', false],
    ])
  })

  it('tells description, bounds and default', () => {
    expect(fields[0]?.hint).toBe('Where to begin')
    expect(fields[2]).toMatchObject({ hint: 'at least 1', fallback: '3' })
  })

  it('has no fields to draw for a schema without properties', () => {
    expect(fieldsOf({ type: 'object' })).toBeUndefined()
    expect(fieldsOf(undefined)).toBeUndefined()
  })
})

describe('argsOf', () => {
  const fields = fieldsOf(SCHEMA) ?? []

  it('reads each field as its type and leaves out what was not typed', () => {
    const typed = {
      url: 'https://example.org',
      mode: 'slow',
      depth: '7',
      tags: 'a\nb',
      options: '{"x": [1]}',
    }

    expect(argsOf(fields, typed)).toEqual({
      args: { url: 'https://example.org', mode: 'slow', depth: 7, tags: ['a', 'b'], options: { x: [1] } },
      errors: {},
    })
  })

  it('keeps whole numbers beyond 2^53 exact', () => {
    expect(argsOf(fields, { url: 'u', mode: 'fast', depth: '9007199254740993' }).args.depth).toBe(
      9007199254740993n,
    )
  })

  it('names what is missing or wrong, by field', () => {
    const { errors } = argsOf(fields, { depth: '1.5', ratio: 'much', options: '{' })

    expect(errors).toMatchObject({
      url: 'is required.',
      mode: 'is required.',
      depth: 'is no whole number: write 12.',
    })
    expect(errors.ratio).toContain('is no number')
    expect(errors.options).toContain('is no JSON')
  })

  it('shows the arguments of an earlier job as one would type them', () => {
    const args = { url: 'u', mode: 'fast', depth: 7, deep: true, tags: ['a', 'b'], options: { x: 1 } }

    expect(argsOf(fields, writtenFrom(fields, args)).args).toEqual(args)
  })
})

describe('what a form could change without a word', () => {
  const fields = fieldsOf(SCHEMA) ?? []
  const given = { url: 'u', mode: 'fast' }

  it('is held where every value comes back as it was', () => {
    expect(holds(fields, { ...given, depth: 9007199254740993n, tags: [], options: {}, deep: false })).toBe(
      true,
    )
  })

  it('is held where a null is the default anyway', () => {
    expect(holds(fields, { ...given, ratio: null })).toBe(true)
  })

  it.each([
    ['a name that the schema does not know', { ...given, more: 1 }],
    ['a null that is not the default', { ...given, depth: null }],
    ['an empty line', { ...given, tags: ['a', ''] }],
    ['a value of another type', { ...given, depth: '7' }],
  ])('is not held: %s', (_, args) => {
    expect(holds(fields, args)).toBe(false)
  })
})

describe('what is typed', () => {
  it('is no number where it is blank, and exact where it is whole', () => {
    const fields = fieldsOf({ properties: { ratio: { type: 'number' } } }) ?? []

    expect(argsOf(fields, { ratio: ' ' }).errors.ratio).toContain('is no number')
    expect(argsOf(fields, { ratio: '9007199254740993' }).args.ratio).toBe(9007199254740993n)
  })

  it('is a date as every server reads it', () => {
    const fields = fieldsOf({ properties: { at: { type: 'string', format: 'date-time' } } }) ?? []

    expect(argsOf(fields, { at: 'tomorrow' }).errors.at).toContain('is no date-time: write 2026-')
    expect(argsOf(fields, { at: ' 2026-11-23T08:00:00Z' }).args.at).toBe('2026-11-23T08:00:00Z')
  })

  it('is off for a switch that nobody touched, though it is required', () => {
    const fields = fieldsOf({ properties: { deep: { type: 'boolean' } }, required: ['deep'] }) ?? []

    expect(argsOf(fields, {})).toEqual({ args: { deep: false }, errors: {} })
  })
})

it('refuses JSON of another format than its schema names, wherever the schema says so', () => {
  const workflow = { type: 'object', 'x-headway-format': 'comfyui-api' }
  const fields = fieldsOf({
    type: 'object',
    properties: { a: workflow, b: { $ref: '#/$defs/W' }, c: { type: 'object' } },
    $defs: { W: workflow },
  })
  const saved = '{"nodes": [], "links": []}'

  const { errors } = argsOf(fields ?? [], { a: saved, b: saved, c: saved })

  expect(fields?.map(field => field.format)).toEqual(['comfyui-api', 'comfyui-api', ''])
  expect(Object.keys(errors)).toEqual(['a', 'b'])
  expect(errors.a).toMatch(/^is a workflow as the editor saves it/)
})

describe('values that are counted', () => {
  const titled = { oneOf: [{ const: 'hi', title: 'High' }, { const: 'lo' }] }
  const field = (schema: object) => fieldsOf({ properties: { it: schema } })?.[0]

  it('have the names that their schema gives them', () => {
    expect(field(titled)).toMatchObject({ control: 'choice', options: ['hi', 'lo'], names: ['High', ''] })
    expect(field({ type: 'string', enum: ['hi', 'lo'], enumNames: ['High', 'Low'] })?.names).toEqual([
      'High',
      'Low',
    ])
  })

  it('are chosen together where several are wanted', () => {
    const several = field({ type: 'array', items: titled, maxItems: 2 })

    expect(several).toMatchObject({ control: 'several', names: ['High', ''], hint: 'items at most 2' })
    expect(argsOf(several ? [several] : [], { it: 'hi\nlo' }).args).toEqual({ it: ['hi', 'lo'] })
    expect(argsOf(several ? [several] : [], { it: '' }).args).toEqual({ it: [] })
  })

  it('are JSON where a line could not tell them', () => {
    expect(field({ type: 'array', items: { enum: [1, 2] } })?.control).toBe('json')
  })
})

describe('a title', () => {
  const title = (name: string, title: string) => fieldsOf({ properties: { [name]: { title } } })?.[0]?.title

  it('is one where it says more than the name', () => {
    expect(title('code', 'Verification code')).toBe('Verification code')
    expect(title('per_page', 'Per Page')).toBe('')
  })
})

describe('a format', () => {
  const wrong = (format: string, text: string) =>
    argsOf(fieldsOf({ properties: { it: { type: 'string', format } } }) ?? [], { it: text }).errors.it

  it('is checked where every server reads it in one way', () => {
    expect(wrong('email', 'ada@example.org')).toBeUndefined()
    expect(wrong('email', 'ada')).toBe('is no email: write ada@example.org.')
    expect(wrong('uri', 'https://example.org/a')).toBeUndefined()
    expect(wrong('uri', 'example.org')).toBe('is no uri: write https://example.org/.')
  })
})
