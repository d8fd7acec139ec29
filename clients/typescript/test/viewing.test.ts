import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { View, type Want } from '../src/viewing.ts'
import type { BatchFrame, Line, ResetFrame, SnapshotFrame } from '../src/wire.ts'
import { shown } from './shown.ts'

interface Case {
  name: string
  why: string
  topics: string[]
  want: Want
  steps: (
    | { open: string }
    | { take: BatchFrame | SnapshotFrame | ResetFrame; took: string }
    | { fill: { topic: string; lines: Line[] } }
  )[]
  then: Record<string, unknown>
}

const folder = new URL('../../../spec/cases/', import.meta.url)
const cases = readdirSync(folder).filter(name => name.startsWith('viewer-'))

test('there are cases', () => {
  expect(cases.length).toBeGreaterThanOrEqual(29)
})

describe('spec/cases', () => {
  test.each(cases)('%s', file => {
    const golden = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case
    const view = new View(golden.topics, golden.want)

    for (const step of golden.steps) {
      if ('open' in step) view.open(step.open)
      else if ('fill' in step) view.fill(step.fill.topic, step.fill.lines)
      else expect(view.take(step.take)).toBe(step.took)
    }

    expect({
      cursor: view.cursor ?? null,
      as_of: view.asOf,
      conflated: view.conflated,
      reset: view.resetReason ?? null,
      view: shown(view),
    }).toEqual(golden.then)
  })
})
