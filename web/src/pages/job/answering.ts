/** A form for what a job asks: the fields of a JSON Schema, and the answer that is typed into them. Knows no screen. */

import { isObject } from '../../words/code.ts'
import { argsOf, type FormField, fieldsOf, type Written } from '../new/schema.ts'

export interface AnswerForm {
  readonly fields: readonly FormField[]
  /** the answer is the one field's value, not an object of them */
  readonly single: boolean
}

const ANSWER = 'answer'

/** The fields of an object's schema; one field for anything else, a text where nothing is said. */
export function answerForm(schema: unknown): AnswerForm {
  const fields = isObject(schema) && schema.type === 'object' ? fieldsOf(schema) : undefined
  if (fields?.length) return { fields, single: false }
  const said = isObject(schema) && Object.keys(schema).length > 0
  const part = said ? schema : { type: 'string', format: 'textarea' }
  const whole = { ...(said ? schema : {}), properties: { [ANSWER]: part }, required: said ? [ANSWER] : [] }
  return {
    fields: (fieldsOf(whole) ?? []).map(field => ({ ...field, hint: said ? field.hint : '' })),
    single: true,
  }
}

export interface Answered {
  readonly content: unknown
  /** by field, what is wrong with it */
  readonly errors: Readonly<Record<string, string>>
}

/** The answer, of the types that were asked for. An untouched switch is off, an untouched text empty. */
export function answerOf({ fields, single }: AnswerForm, typed: Written): Answered {
  const untouched = fields.flatMap(field =>
    field.control === 'boolean' && field.required ? [[field.name, field.fallback || 'false']] : [],
  )
  const { args, errors } = argsOf(fields, { ...Object.fromEntries(untouched), ...typed })
  return { content: single ? (args[ANSWER] ?? '') : args, errors }
}

/** What the server refused of an answer: of `content.word` the field `word`; undefined where it has no field here. */
export function placeOf(
  { fields, single }: AnswerForm,
  error: unknown,
): { field: string; message: string } | undefined {
  if (!(error instanceof Error) || !('field' in error) || typeof error.field !== 'string') return undefined
  const [whole, name = ''] = error.field.split(/[.[]/)
  if (whole !== 'content') return undefined
  const field = fields.find(each => each.name === (single ? ANSWER : name))
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : ''
  return field && { field: field.name, message: [error.message, hint].filter(Boolean).join(' ') }
}
