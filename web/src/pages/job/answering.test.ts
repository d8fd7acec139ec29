import { describe, expect, it } from 'vitest'
import { answerForm, answerOf, placeOf } from './answering.ts'

const schema = {
  type: 'object',
  required: ['name', 'sure'],
  properties: {
    name: { type: 'string' },
    sure: { type: 'boolean' },
    count: { type: 'integer' },
  },
}

describe('the form of an answer', () => {
  it('has the fields of an object', () => {
    const form = answerForm(schema)

    expect(form.fields.map(field => [field.name, field.control])).toEqual([
      ['name', 'text'],
      ['sure', 'boolean'],
      ['count', 'integer'],
    ])
  })

  it('is one field where the answer is one value', () => {
    const form = answerForm({ type: 'number' })

    expect(form).toMatchObject({ single: true, fields: [{ control: 'number', required: true }] })
    expect(answerOf(form, { answer: '2.5' }).content).toBe(2.5)
  })

  it('is a text without a schema', () => {
    const form = answerForm(null)

    expect(form.fields).toMatchObject([{ control: 'long', required: false }])
    expect(answerOf(form, { answer: 'go on' }).content).toBe('go on')
    expect(answerOf(form, {}).content).toBe('')
  })

  it('is JSON for an object that nothing is said of', () => {
    const form = answerForm({ type: 'object' })

    expect(answerOf(form, { answer: '{"a": 1}' }).content).toEqual({ a: 1 })
  })
})

describe('the answer', () => {
  it('takes a switch that was not touched for off', () => {
    expect(answerOf(answerForm(schema), { name: 'Ann' }).content).toEqual({ name: 'Ann', sure: false })
    expect(answerOf(answerForm({ type: 'boolean' }), {}).content).toBe(false)
  })

  it('names what is missing or of the wrong type', () => {
    const { errors } = answerOf(answerForm(schema), { count: '1.5' })

    expect(Object.keys(errors).sort()).toEqual(['count', 'name'])
  })
})

describe('an answer that the server refuses', () => {
  const refused = (field: string) =>
    Object.assign(new Error('content.name: is too long.'), { field, hint: 'At most 8.' })
  const form = answerForm(schema)

  it('is wrong at its field', () => {
    const place = { field: 'name', message: 'content.name: is too long. At most 8.' }

    expect(placeOf(form, refused('content.name'))).toEqual(place)
    expect(placeOf(answerForm({ type: 'number' }), refused('content'))?.field).toBe('answer')
  })

  it('has no field where that is none of the form', () => {
    expect(placeOf(form, refused('content.other'))).toBeUndefined()
    expect(placeOf(form, refused('request'))).toBeUndefined()
    expect(placeOf(form, new Error('gone'))).toBeUndefined()
  })
})
