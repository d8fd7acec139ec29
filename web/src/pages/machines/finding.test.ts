import type { ServiceDoc, WorkerDoc } from '@headway/client'
import type { MachineNode, WorkerNode } from '@headway/client/react'
import { describe, expect, it } from 'vitest'
import { found, sameMachine, sameNode, slotsText, statesOf, thoseThere } from './finding.ts'

function service(worker: string, name: string, rest: Partial<ServiceDoc> = {}): ServiceDoc {
  return {
    id: `${worker}/${name}`,
    name,
    worker,
    status: 'idle',
    changed_at: '',
    type: 'comfyui',
    slots: 1,
    ...rest,
  }
}

function node(id: string, services: readonly ServiceDoc[], rest: Partial<WorkerDoc> = {}): WorkerNode {
  return { id, worker: { id, namespace: 'default', state: 'online', ...rest }, services, jobs: [] }
}

function machine(name: string, ...workers: WorkerNode[]): MachineNode {
  return { name, state: 'online', slots: 1, used: 0, workers }
}

const TREE = [
  machine(
    'gpu-1',
    node('gpu-1/1', [
      service('gpu-1/1', 'a:8188'),
      service('gpu-1/1', 'b:8188', { status: 'unreachable', reason: 'connection refused' }),
    ]),
  ),
  machine('gpu-2', node('gpu-2/1', [service('gpu-2/1', 'a:8188', { load: { device: 'cuda:0 RTX 4090' } })])),
  machine('cpu-1', node('cpu-1/1', [], { state: 'stale', labels: { zone: 'eu' } })),
]

/** What is shown of it, as paths. */
function paths(machines: readonly MachineNode[]): string[] {
  return machines.flatMap(({ workers }) =>
    workers.flatMap(({ id, services }) => (services.length ? services.map(each => each.id) : [id])),
  )
}

describe('found', () => {
  it.each([
    ['8188', '', ['gpu-1/1/a:8188', 'gpu-1/1/b:8188', 'gpu-2/1/a:8188']],
    ['GPU-1', '', ['gpu-1/1/a:8188', 'gpu-1/1/b:8188']],
    ['gpu a:8188', '', ['gpu-1/1/a:8188', 'gpu-2/1/a:8188']],
    ['refused', '', ['gpu-1/1/b:8188']],
    ['4090', '', ['gpu-2/1/a:8188']],
    ['zone=eu', '', ['cpu-1/1']],
    ['', 'unreachable', ['gpu-1/1/b:8188']],
    ['', 'stale', ['cpu-1/1']],
    ['gpu-2', 'unreachable', []],
    ['nothing', '', []],
  ])('by %j in state %j', (text, state, expected) => {
    expect(paths(found(TREE, { text, state }))).toEqual(expected)
  })

  it('is the tree itself where nothing is wanted', () => {
    expect(found(TREE, { text: ' ', state: '' })).toBe(TREE)
  })

  it('shows all services of a worker that is meant by what it says itself', () => {
    const tree = [
      machine('m', node('m/1', [service('m/1', 'a'), service('m/1', 'b')], { kinds: ['upscale'] })),
    ]

    expect(paths(found(tree, { text: 'upscale', state: '' }))).toEqual(['m/1/a', 'm/1/b'])
  })
})

it('states are counted, the troubled first; workers only where they are no good', () => {
  expect(statesOf(TREE)).toEqual([
    { state: 'unreachable', count: 1 },
    { state: 'stale', count: 1 },
    { state: 'idle', count: 2 },
  ])
})

it('a tree made anew of the same documents is the same', () => {
  const [one] = TREE
  const again = one && {
    ...one,
    workers: one.workers.map(each => ({ ...each, services: [...each.services] })),
  }

  expect(one && again && sameMachine(one, again)).toBe(true)
})

it('a document that is another is seen', () => {
  const before = node('w', [service('w', 'a')])
  const after = { ...before, services: [service('w', 'a', { status: 'busy' })] }

  expect(sameNode(before, after)).toBe(false)
  expect(sameMachine(machine('m', before), machine('m', after))).toBe(false)
  expect(sameMachine(machine('m', before), machine('m', before, after))).toBe(false)
})

it('who left and what its worker names no more is not there', () => {
  const gone = service('m/1', 'old', { status: 'unknown', gone_at: '2026-11-22T00:00:00.000Z' })
  const left = node('m/2', [], { left_at: '2026-11-22T00:00:00.000Z' })
  const tree = [machine('m', node('m/1', [service('m/1', 'a'), gone]), left), machine('n', left)]

  expect(paths(thoseThere(tree))).toEqual(['m/1/a'])
})

it('slots are told of machines that are connected, else that they are not', () => {
  const away: MachineNode = { ...machine('b'), state: 'disconnected', slots: 0 }

  expect(slotsText([{ ...machine('a'), slots: 2, used: 1 }, away])).toBe('1 of 2 slots in use')
  expect(slotsText([away])).toBe('not connected')
})
