import type { JobDoc, ProgressDoc } from '@headway/client'
import { describe, expect, it } from 'vitest'
import counts from '../../../tests/counts.json?raw'
import { brief, counted, doing, left, line, lookOfJob, newest, overall, took } from './jobs.ts'

const NOW = Date.parse('2026-11-22T12:00:00.000Z')

function ago(seconds: number): string {
  return new Date(NOW - seconds * 1000).toISOString()
}

function job(part: Partial<JobDoc>): JobDoc {
  return {
    id: '01JABCDEFG',
    kind: 'crawl',
    queue: 'default',
    namespace: 'default',
    state: 'queued',
    priority: 0,
    labels: {},
    args_bytes: 2,
    attempt: 0,
    tries: 0,
    max_attempts: 1,
    options: {},
    created_at: ago(600),
    seq: 1,
    ...part,
  }
}

interface Case {
  readonly progress: Partial<ProgressDoc>
  readonly page: string
}
const CASES: readonly Case[] = JSON.parse(counts)

describe('counts', () => {
  it.each(CASES)('are written as everywhere: $page', ({ progress, page }) => {
    expect(counted(progress)).toBe(page)
  })
})

describe('what a job is doing', () => {
  it('is its stage, its count and its message', () => {
    const progress = {
      at: ago(1),
      stage: 'parse/tables',
      current: 120,
      total: 400,
      unit: 'files',
      message: 'ast.py',
    }

    expect(doing(job({ progress }))).toBe('parse › tables · 120 of 400 files · ast.py')
  })

  it('is told in letters that can be seen: none turns its line around', () => {
    const progress = { at: ago(1), message: 'reading\n\u202egnp.exe\u202c \u001b[2J' }

    expect(doing(job({ progress }))).toBe('reading \ufffdgnp.exe\ufffd \ufffd[2J')
  })

  it('is nothing before its first progress', () => {
    expect(doing(job({}))).toBe('')
  })

  it('stays one line, whatever its author wrote', () => {
    const progress = { at: ago(1), message: `first\n\tsecond ${'x'.repeat(5000)}` }

    const said = doing(job({ progress }))

    expect(said).toMatch(/^first second x+…$/)
    expect(said.length).toBeLessThanOrEqual(300)
  })
})

describe('the line of a job', () => {
  const LINES: readonly (readonly [string, Partial<JobDoc>])[] = [
    ['waits for a worker', {}],
    ['held until somebody releases it', { held: true }],
    ['waits for 2 jobs', { state: 'blocked', after: ['a', 'b'] }],
    ['waits for 1 job', { state: 'blocked', after: ['a'] }],
    ['starts in 1:30', { state: 'scheduled', run_at: ago(-90) }],
    ['starts in 0:00', { state: 'scheduled', run_at: ago(5) }],
    ['running', { state: 'running' }],
    ['asked to stop', { state: 'cancelling', cancel: { requested_at: ago(2) } }],
    [
      'its worker stops it',
      { state: 'cancelling', cancel: { requested_at: ago(2), acknowledged_at: ago(1) } },
    ],
    ['ValueError: no luck', { state: 'failed', error: { type: 'ValueError', message: 'no\nluck' } }],
    ['timed out', { state: 'failed', reason: 'timed_out' }],
    ['It ran too long.', { state: 'failed', error: { type: 'timed_out', message: 'It ran too long.' } }],
    ['not needed', { state: 'cancelled', cancel: { requested_at: ago(2), reason: 'not needed' } }],
    ['expired', { state: 'cancelled', reason: 'expired' }],
    ['words 12,345 · name x', { state: 'completed', result: { words: 12345, name: 'x', deep: {} } }],
    ['done', { state: 'completed' }],
  ]

  it.each(LINES)('says %s', (said, part) => {
    expect(line(job(part), NOW)).toBe(said)
  })

  it('says that it was offered while no worker has begun it', () => {
    const attempt = { number: 1, instance: 'i', offered_at: ago(1), phase: 'offered', worker: 'w' } as const

    expect(line(job({ state: 'running', attempt: 1, attempts: { 1: attempt } }), NOW)).toBe(
      'offered to a worker',
    )
  })

  it('says that its tool has to be approved first, of what would wait for a worker', () => {
    expect(line(job({}), NOW, true)).toBe('waits for approval of its tool')
    expect(line(job({ held: true }), NOW, true)).toBe('held until somebody releases it')
    expect(line(job({ state: 'running' }), NOW, true)).toBe('running')
  })

  it('says why it tries again, and when', () => {
    const error = { type: 'ReadTimeout', message: 'no answer' }
    const attempt = {
      number: 1,
      instance: 'i',
      offered_at: ago(9),
      phase: 'ended',
      worker: 'w',
      error,
    } as const
    const waiting = job({
      state: 'scheduled',
      run_at: ago(-30),
      tries: 1,
      attempt: 1,
      attempts: { 1: attempt },
    })

    expect(line(waiting, NOW)).toBe('tries again in 0:30 · ReadTimeout: no answer')
  })

  it('asks what the job asks', () => {
    const input = { asked_at: ago(3), message: 'Which\nvoice?', request: 'r1', schema: null }

    expect(line(job({ state: 'running', input }), NOW)).toBe('Which voice?')
  })
})

describe('the badge of a job', () => {
  it.each([
    [
      'needs input',
      { state: 'running', input: { asked_at: ago(1), message: '', request: 'r', schema: null } },
    ],
    ['held', { state: 'queued', held: true }],
    ['timed out', { state: 'failed', reason: 'timed_out' }],
    ['failed', { state: 'failed', reason: 'error' }],
    ['cancelling…', { state: 'cancelling' }],
  ] as const)('says %s', (word, part) => {
    expect(lookOfJob(job(part)).word).toBe(word)
  })
})

describe('how far a job is', () => {
  it.each([
    [1, { state: 'completed' }],
    [null, { state: 'running' }],
    [0.4, { state: 'running', progress: { at: ago(1), overall: 0.4 } }],
    [0.4, { state: 'failed', progress: { at: ago(1), overall: 0.4 } }],
    [0, { state: 'queued' }],
  ] as const)('is %s', (fraction, part) => {
    expect(overall(job(part))).toBe(fraction)
  })
})

describe('time left', () => {
  const estimate = { at: ago(10), basis: 'pace', low_s: 50, p50_s: 60, high_s: 80 }

  it('is the range of the estimate, less the time since', () => {
    expect(left(job({ state: 'running', estimate }), NOW)).toBe('0:40–1:10')
  })

  it('is about the median where there is no range', () => {
    expect(left(job({ state: 'running', estimate: { at: ago(10), basis: 'one', p50_s: 60 } }), NOW)).toBe(
      'about 0:50',
    )
  })

  it.each([
    [80, 0.99, 'any moment'],
    [100, undefined, 'any moment'],
    [100, 0.36, 'overdue'],
    [500, 0.99, 'overdue'],
  ])('is over after %i s at %s: %s, and never below zero', (seconds, overall, said) => {
    const progress = { at: ago(seconds), ...(overall === undefined ? {} : { overall }) }

    expect(left(job({ state: 'running', progress, estimate: { ...estimate, at: ago(seconds) } }), NOW)).toBe(
      said,
    )
  })

  it('is not said while it asks: its clock stands still', () => {
    const input = { asked_at: ago(3), message: 'Which voice?', request: 'r1', schema: null }

    expect(left(job({ state: 'running', estimate, input }), NOW)).toBe('')
  })

  it('is not said of what does not run', () => {
    expect(left(job({ state: 'failed', estimate }), NOW)).toBe('')
  })
})

describe('time spent', () => {
  it.each([
    ['12:05', { state: 'completed', started_at: ago(725), finished_at: ago(0) }],
    ['', { state: 'cancelled', finished_at: ago(0) }],
    ['2:05', { state: 'running', started_at: ago(125) }],
    ['0:30', { state: 'queued', queued_at: ago(30) }],
    ['10:00', { state: 'blocked' }],
  ] as const)('is %s', (text, part) => {
    expect(took(job(part), NOW)).toBe(text)
  })
})

describe('the age of a job', () => {
  it('is since its end, else since its creation', () => {
    expect(newest(job({ state: 'failed', started_at: ago(9), finished_at: ago(1) }))).toEqual([
      'ended',
      ago(1),
    ])
    expect(newest(job({ state: 'running', started_at: ago(9) }))).toEqual(['created', ago(600)])
    expect(newest(job({ started_at: ago(9) }))).toEqual(['created', ago(600)])
  })
})

describe('a result in one line', () => {
  it.each([
    ['', null],
    ['', { deep: { a: 1 } }],
    ['42', 42],
    ['12,345,678,901,234,567,890', 12345678901234567890n],
    ['3 items', [1, 2, 3]],
    ['false', false],
    ['a 1 · b 2 · c 3 · d 4 · e 5', { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }],
  ] as const)('is %s', (text, result) => {
    expect(brief(result)).toBe(text)
  })
})

describe('what a tool gave, in a line', () => {
  it('is the first thing that it says', () => {
    const content = [
      { type: 'image', artifact: 'image-1.png' },
      { type: 'text', text: 'Two\nissues' },
    ]

    expect(brief({ content, server: 'github', protocol: '2025-11-25' })).toBe('Two issues')
  })
})
