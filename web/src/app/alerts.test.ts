import type { WireEvent } from '@headway/client'
import { expect, it } from 'vitest'
import { alertText, kindOf, saidAfter, unseen, wayOf } from './alerts.ts'

const DAY = '2026-11-22T'

function event(seq: number, type: string, data = {}): WireEvent {
  return { seq, type, at: `${DAY}08:00:0${seq}.000Z`, namespace: 'default', priority: 'normal', data }
}

const SAID = [
  event(1, 'system.alert'),
  event(2, 'system.started'),
  event(3, 'system.announced'),
  event(4, 'system.alert'),
]

it('says what it is about and what is wrong', () => {
  expect(alertText(event(1, 'system.alert', { about: 'worker a/1', message: 'lost its way' }))).toBe(
    'worker a/1: lost its way',
  )
  expect(alertText(event(1, 'system.announced', { message: 'lunch', by: 'ada' }))).toBe('lunch')
})

it('leads to the kind that it is about', () => {
  expect(kindOf(event(1, 'system.alert', { about: 'kind mcp.github.find', message: 'changed' }))).toBe(
    'mcp.github.find',
  )
  expect(kindOf(event(1, 'system.alert', { about: 'worker kind/1' }))).toBeUndefined()
})

it('leads to the kind rather than to the worker that told of it, else to the worker, else nowhere', () => {
  const changed = event(1, 'system.alert', { about: 'kind mcp.github.find', message: 'changed' })
  const lost = event(1, 'system.alert', { about: 'worker a/1', message: 'lost its way' })

  expect(wayOf({ ...changed, worker: 'a/1' })).toMatchObject({ to: '/kinds', show: 'mcp.github.find' })
  expect(wayOf({ ...lost, worker: 'a/1' })).toMatchObject({ to: '/machines', show: 'a/1' })
  expect(wayOf(lost)).toBeUndefined()
})

it.each([
  [0, [1, 3, 4]],
  [1, [3, 4]],
  [4, []],
])('after %i these are worth a notice: %j', (seq, seqs) => {
  expect(saidAfter(SAID, seq).map(each => each.seq)).toEqual(seqs)
})

it('alerts that were not looked at are counted, for a day', () => {
  const now = Date.parse(`${DAY}08:00:10.000Z`)

  expect(unseen(SAID, '', now)).toBe(2)
  expect(unseen(SAID, `${DAY}08:00:01.000Z`, now)).toBe(1)
  expect(unseen(SAID, '', now + 24 * 3_600_000)).toBe(0)
})
