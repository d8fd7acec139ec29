import { describe, expect, it } from 'vitest'
import { at, sampleAttempt, T0 } from './sample.ts'
import { flat, stageTime, stageTree } from './stages.ts'

const plan = [
  { name: 'fetch', weight: 1 },
  {
    name: 'read',
    weight: 3,
    stages: [
      { name: 'parse', weight: 1 },
      { name: 'check', weight: 1 },
    ],
  },
]

describe('the tree of stages', () => {
  it('is the plan in its order, with shares by weight, before anything began', () => {
    const tree = stageTree(sampleAttempt({ plan }))

    expect(flat(tree).map(node => [node.path, node.share, node.state])).toEqual([
      ['fetch', 0.25, 'waiting'],
      ['read', 0.75, 'waiting'],
      ['read/parse', 0.5, 'waiting'],
      ['read/check', 0.5, 'waiting'],
    ])
  })

  it('takes a parent for the weighted mean of its planned parts', () => {
    const stages = {
      read: { state: 'running', started_at: at(5) },
      'read/parse': { state: 'completed', started_at: at(5), ended_at: at(6) },
      'read/check': { state: 'running', fraction: 0.5, started_at: at(6) },
    } as const

    const tree = stageTree(sampleAttempt({ plan, stages }))

    expect(tree[1]?.fraction).toBe(0.75)
  })

  it('keeps what nobody announced, in order of its start, weighing nothing', () => {
    const stages = {
      late: { state: 'running', started_at: at(9) },
      early: { state: 'completed', started_at: at(4), ended_at: at(5) },
      '': { state: 'running', started_at: at(3) },
    } as const

    const tree = stageTree(sampleAttempt({ stages }))

    expect(tree.map(node => [node.path, node.share])).toEqual([
      ['early', 0],
      ['late', 0],
    ])
  })

  it('knows no fraction of a running stage that counts without a total', () => {
    const tree = stageTree(
      sampleAttempt({ plan, stages: { fetch: { state: 'running', current: 3, started_at: at(4) } } }),
    )

    expect(tree[0]?.fraction).toBeNull()
  })

  it('stops what still ran when the attempt was over', () => {
    const stages = { fetch: { state: 'running', fraction: 0.4, started_at: at(4) } } as const

    const tree = stageTree(sampleAttempt({ plan, stages, phase: 'ended', ended_at: at(8) }))

    expect(tree[0]).toMatchObject({ state: 'stopped', fraction: 0.4 })
    expect(tree[1]?.state).toBe('waiting')
  })
})

it('shows a running stage on a clock, and one that is done by what it took', () => {
  const stages = {
    fetch: { state: 'completed', started_at: at(4), ended_at: at(6.4) },
    read: { state: 'running', started_at: at(10) },
  } as const
  const [fetch, read] = stageTree(sampleAttempt({ plan, stages }))
  if (!fetch || !read) throw new Error('two stages')

  expect(stageTime(fetch, T0)).toBe('2.4 s')
  expect(stageTime(read, T0 + 75_000)).toBe('1:05')
})
