/** From the JSON Schema of a kind's arguments to the fields of a form and back. Knows no DOM.
 *
 * A field is what a person can fill in without knowing JSON; what is no such thing (objects, unions, lists of lists) is
 * written as JSON. What is left empty is left out, so that the handler's own default counts. Arguments that fields would
 * change (a null, a name that the schema does not know) are no form's: `holds` tells.
 */

import { type JsonObject, parseJson } from '@headway/client'
import { isObject, pretty } from '../../words/code.ts'
import { choicesOf, constantsOf } from './choices.ts'
import { wrongFormat } from './formats.ts'

export type Control =
  | 'text'
  | 'long'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'choice'
  | 'several'
  | 'lines'
  | 'json'

export interface FormField {
  readonly name: string
  readonly control: Control
  readonly required: boolean
  /** For people; "" where it says what its name says. */
  readonly title: string
  /** Its description and bounds, from the schema. */
  readonly hint: string
  readonly options: readonly unknown[]
  /** Of the options, for people. */
  readonly names: readonly string[]
  readonly fallback: string
  /** How its format is written. */
  readonly example: string
  readonly nullable: boolean
  /** `x-headway-format`: what a value is beyond its schema (formats.ts); "" where nothing is said. */
  readonly format: string
  readonly schema: JsonObject
}

/** What is typed into each field, by name; absent: untouched. */
export type Written = Readonly<Record<string, string>>

/** The fields of a schema's properties, required ones first; undefined where it has none to draw (any object goes). */
export function fieldsOf(schema: unknown): readonly FormField[] | undefined {
  if (!isObject(schema) || !isObject(schema.properties)) return undefined
  const required = new Set(Array.isArray(schema.required) ? schema.required : [])
  const fields = Object.entries(schema.properties).map(([name, property]) =>
    fieldOf(name, isObject(property) ? property : {}, required.has(name), schema),
  )
  return [...fields.filter(field => field.required), ...fields.filter(field => !field.required)]
}

function fieldOf(name: string, property: JsonObject, required: boolean, whole: JsonObject): FormField {
  const { core, nullable } = resolved(property, whole)
  const control = controlOf(core, whole)
  const chosen = control === 'several' && isObject(core.items) ? resolved(core.items, whole).core : core
  return {
    name,
    required,
    nullable,
    control,
    ...choicesOf(chosen),
    title: titleOf(property.title ?? core.title, name),
    hint: [property.description ?? core.description, bounds(core)]
      .filter(part => typeof part === 'string' && part)
      .join(' · '),
    fallback: property.default === undefined ? '' : written(property.default),
    example: EXAMPLES[String(core.format)] ?? '',
    format: String(property['x-headway-format'] ?? core['x-headway-format'] ?? ''),
    schema: core,
  }
}

/** A title that only writes the name in another way is none. */
function titleOf(title: unknown, name: string): string {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
  return typeof title === 'string' && plain(title) !== plain(name) ? title : ''
}

/** Follows `$ref` and takes `null` out of a union of two. */
function resolved(property: JsonObject, whole: JsonObject): { core: JsonObject; nullable: boolean } {
  const target = referred(property, whole)
  const union = target.anyOf ?? target.oneOf
  if (!Array.isArray(union) || constantsOf(target)) return { core: target, nullable: false }
  const others = union.filter(each => !(isObject(each) && each.type === 'null')).filter(isObject)
  const nullable = others.length < union.length
  const only = others[0]
  return others.length === 1 && only
    ? { core: { ...target, ...referred(only, whole) }, nullable }
    : { core: {}, nullable }
}

function referred(property: JsonObject, whole: JsonObject): JsonObject {
  const ref = property.$ref
  if (typeof ref !== 'string' || !ref.startsWith('#/')) return property
  let target: unknown = whole
  for (const step of ref.slice(2).split('/'))
    target = isObject(target) ? target[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined
  return isObject(target) ? target : property
}

const SIMPLE: Readonly<Record<string, Control>> = {
  string: 'text',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
}
const LONG = 200

function controlOf(core: JsonObject, whole: JsonObject): Control {
  if (choicesOf(core).options.length > 0) return 'choice'
  const type = typeof core.type === 'string' ? core.type : ''
  if (type === 'string' && (Number(core.maxLength) > LONG || core.format === 'textarea')) return 'long'
  if (type === 'array' && isObject(core.items)) {
    const items = resolved(core.items, whole)
    const { options } = choicesOf(items.core)
    if (options.length > 0) return options.every(isOneLine) ? 'several' : 'json'
    return items.core.type === 'string' && !items.nullable ? 'lines' : 'json'
  }
  return SIMPLE[type] ?? 'json'
}

function isOneLine(option: unknown): boolean {
  return typeof option === 'string' && option !== '' && !option.includes('\n')
}

const BOUNDS: readonly (readonly [string, string])[] = [
  ['minimum', 'at least'],
  ['exclusiveMinimum', 'more than'],
  ['maximum', 'at most'],
  ['exclusiveMaximum', 'less than'],
  ['minLength', 'characters at least'],
  ['maxLength', 'characters at most'],
  ['minItems', 'items at least'],
  ['maxItems', 'items at most'],
  ['pattern', 'like'],
]

const EXAMPLES: Readonly<Record<string, string>> = {
  'date-time': '2026-11-23T08:00:00Z',
  date: '2026-11-23',
  time: '08:00:00Z',
  duration: 'PT1H30M',
  email: 'ada@example.org',
  uri: 'https://example.org/',
  uuid: '3f2b8c1e-5d47-4c0a-9b1e-8a6f2d90c7e4',
}

function bounds(core: JsonObject): string {
  return BOUNDS.flatMap(([key, word]) =>
    core[key] === undefined ? [] : [`${word} ${String(core[key])}`],
  ).join(', ')
}

/** A value as one would type it. */
export function written(value: unknown): string {
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every(each => typeof each === 'string' && !each.includes('\n')))
    return value.join('\n')
  return typeof value === 'object' ? pretty(value) : String(value)
}

/** What each field would say for these arguments. */
export function writtenFrom(fields: readonly FormField[], args: JsonObject): Written {
  return Object.fromEntries(
    fields.flatMap(field => {
      const value = args[field.name]
      if (value === undefined || (value === null && field.control !== 'json')) return []
      return [[field.name, field.control === 'json' ? pretty(value) : written(value)]]
    }),
  )
}

/** Whether the fields would say these very arguments; what is null may as well be left out where null is the default. */
export function holds(fields: readonly FormField[], args: JsonObject): boolean {
  const said = argsOf(fields, writtenFrom(fields, args)).args
  return Object.entries(args).every(([name, value]) => {
    const field = fields.find(each => each.name === name)
    if (value === null && said[name] === undefined) return field?.nullable === true && field.fallback === ''
    return pretty(said[name] ?? null) === pretty(value)
  })
}

export interface Filled {
  readonly args: JsonObject
  /** By field, what is wrong with it and the way out. */
  readonly errors: Readonly<Record<string, string>>
}

/** The arguments that were typed, and what cannot be one. The server checks them again, by the whole schema. */
export function argsOf(fields: readonly FormField[], typed: Written): Filled {
  const args: Record<string, unknown> = {}
  const errors: Record<string, string> = {}
  for (const field of fields) {
    const text = typed[field.name]
    if (text === undefined) {
      if (field.required && field.control === 'boolean')
        args[field.name] = false // as its switch stands
      else if (field.required) errors[field.name] = 'is required.'
      continue
    }
    try {
      args[field.name] = READ[field.control](text, field)
    } catch (error) {
      errors[field.name] = error instanceof Error ? error.message : String(error)
    }
  }
  return { args, errors }
}

const READ: Readonly<Record<Control, (text: string, field: FormField) => unknown>> = {
  text: dated,
  long: text => text,
  integer: wholeNumber,
  number: text => {
    if (WHOLE.test(text)) return wholeNumber(text)
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value)) throw new Error('is no number: write 3 or 0.25.')
    return value
  },
  boolean: text => text === 'true',
  choice: (text, field) => field.options.find(option => written(option) === text) ?? text,
  several: text => text.split('\n').filter(line => line !== ''),
  lines: text => text.split('\n').filter(line => line !== ''),
  json: (text, field) => {
    const value = jsonOf(text)
    const problem = wrongFormat(field.format, value)
    if (problem) throw new Error(problem)
    return value
  },
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new Error(`is no JSON: ${error instanceof Error ? error.message : error}`)
  }
}

/** A text as it is; of a format, what every server reads. */
function dated(text: string, field: FormField): string {
  const form = FORMATS[String(field.schema.format)]
  if (form && !form.test(text.trim()))
    throw new Error(`is no ${field.schema.format}: write ${field.example}.`)
  return form ? text.trim() : text
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?$/,
  date: /^\d{4}-\d\d-\d\d$/,
  email: /^[^\s@]+@[^\s@]+$/,
  uri: /^[a-z][a-z0-9+.-]*:\S+$/i,
}
const WHOLE = /^\s*[+-]?\d+\s*$/

function wholeNumber(text: string): unknown {
  if (!WHOLE.test(text)) throw new Error('is no whole number: write 12.')
  const exact = BigInt(text.trim())
  const value = Number(exact)
  return Number.isSafeInteger(value) ? value : exact
}
