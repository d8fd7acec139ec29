import { describe, expect, test } from 'vitest'
import { Paces, patienceOf, signOf } from '../../src/quiet.ts'
import type { AttemptDoc, JobDoc } from '../../src/wire.ts'
import { job } from '../fakelive.ts'

const START = Date.parse('2026-11-22T08:00:00.000Z')
const at = (second: number): string => new Date(START + second * 1_000).toISOString()

function running(reportedAt: number, attempt: Partial<AttemptDoc> = {}, rest: Partial<JobDoc> = {}): JobDoc {
  const first = {
    number: 1,
    worker: 'w',
    instance: 'i',
    phase: 'started',
    offered_at: at(0),
    started_at: at(0),
  } as const
  return job('J', {
    state: 'running',
    attempt: 1,
    attempts: { 1: { ...first, progress_at: at(reportedAt), ...attempt } },
    progress: { at: at(reportedAt), stage: 'parse' },
    ...rest,
  })
}

/** Paces of a job that reported each so many seconds. */
function pacesOf(everyS: number, reports = 5): Paces {
  const paces = new Paces()
  for (let report = 0; report < reports; report += 1) paces.note(running(report * everyS))
  return paces
}

describe('patience', () => {
  test.each([
    ['never less than 10 s', running(0), 200, 10_000],
    ['five times the usual gap', running(0), 8_000, 40_000],
    ['30 s while no gap is usual yet', running(0), undefined, 30_000],
    [
      '60 s while the stage has no known end',
      running(0, { stages: { parse: { state: 'running', started_at: at(0) } } }),
      200,
      60_000,
    ],
    [
      'as usual for a stage with a total',
      running(0, { stages: { parse: { state: 'running', started_at: at(0), total: 3 } } }),
      200,
      10_000,
    ],
    [
      'half of what was declared for the job',
      running(0, {}, { options: { progress_timeout_s: 600 } }),
      200,
      300_000,
    ],
    [
      'half of what was declared for the stage, which wins',
      running(
        0,
        { plan: [{ name: 'parse', weight: 1, progress_timeout_s: 100 }] },
        { options: { progress_timeout_s: 600 } },
      ),
      200,
      50_000,
    ],
  ])('%s', (_, document, usual, expected) => {
    expect(patienceOf(document, usual)).toBe(expected)
  })
})

describe('the usual gap', () => {
  test('is the median of those seen, and one long pause does not change it', () => {
    const paces = pacesOf(2)
    paces.note(running(100))

    expect(paces.usual(running(100))).toBe(2_000)
  })

  test('is not known before three gaps, nor carried over to another attempt', () => {
    expect(pacesOf(2, 3).usual(running(0))).toBeUndefined()
    expect(pacesOf(2).usual(running(0, {}, { attempt: 2 }))).toBeUndefined()
  })

  test('the same report seen again is no gap', () => {
    const paces = pacesOf(2, 4)
    paces.note(running(6))
    paces.note(running(6))

    expect(paces.usual(running(6))).toBe(2_000)
  })
})

describe('the sign', () => {
  const sign = (document: JobDoc | undefined, second: number, isViewerFresh = true) =>
    signOf(document, START + second * 1_000, isViewerFresh, pacesOf(1))

  test.each([
    ['fresh within its patience', running(4), 14, 'fresh', 0],
    ['quiet beyond, with its seconds', running(4), 15, 'quiet', 11],
    ['heard again after its worker was away', running(4, { heard_from: at(14) }), 15, 'fresh', 0],
    ['waiting is never quiet', job('J', { state: 'queued' }), 900, 'fresh', 0],
    ['ended is never quiet', running(4, {}, { state: 'failed' }), 900, 'fresh', 0],
    [
      'a cancel that was just asked for is a sign',
      running(4, {}, { state: 'cancelling', cancel: { requested_at: at(20) } }),
      21,
      'fresh',
      0,
    ],
  ])('%s', (_, document, second, freshness, quietS) => {
    expect(sign(document, second)).toEqual({ freshness, quietS })
  })

  test('unknown while the viewer is not fresh', () => {
    expect(sign(running(4), 5, false).freshness).toBe('unknown')
  })
})
