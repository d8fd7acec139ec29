import type { ServiceDoc, WorkerDoc } from '@headway/client'
import type { MachineNode } from '@headway/client/react'
import { describe, expect, it } from 'vitest'
import { deskOf, serversOf, summary } from './servers.ts'

const changed_at = '2026-11-22T23:00:00Z'

function machine(
  name: string,
  ...services: readonly (readonly [name: string, status?: string])[]
): MachineNode {
  const id = `${name}/1`
  const worker: WorkerDoc = {
    id,
    namespace: 'default',
    name: '1',
    machine: name,
    instance: 'i',
    state: 'online',
  }
  const told = services.map(([service, status = 'idle']) => ({
    id: `${id}/${service}`,
    worker: id,
    name: service,
    type: service.includes(':') ? 'comfyui' : 'mcp',
    status: status as ServiceDoc['status'],
    slots: 8,
    changed_at,
  }))
  return { name, state: 'online', slots: 2, used: 0, workers: [{ id, worker, services: told, jobs: [] }] }
}

const tool = (server: string, name: string) => ({ name: `mcp.${server}.${name}`, service: `mcp:${server}` })

describe('MCP servers', () => {
  it('are one by name, with each worker that has one and the tools by name', () => {
    const machines = [
      machine('atlas', ['github'], ['127.0.0.1:8188']),
      machine('boreas', ['github'], ['docs']),
    ]
    const kinds = [tool('github', 'issue_10'), tool('github', 'issue_2'), { name: 'crawl' }]

    const servers = serversOf(machines, kinds)

    expect(servers.map(({ name }) => name)).toEqual(['docs', 'github'])
    expect(servers[1]?.places.map(({ worker }) => worker.id)).toEqual(['atlas/1', 'boreas/1'])
    expect(servers[1]?.tools.map(({ name }) => name)).toEqual(['mcp.github.issue_2', 'mcp.github.issue_10'])
  })

  it('stay known by their tools where no worker has them any more', () => {
    expect(serversOf([], [tool('gone', 'find')])).toMatchObject([{ name: 'gone', places: [] }])
  })

  it('are counted with what changed and what no worker can reach', () => {
    const quarantine = { definition: 'b' }
    const servers = serversOf(
      [machine('atlas', ['github', 'unreachable'])],
      [{ ...tool('github', 'find'), quarantine }],
    )

    expect(summary(servers)).toBe('1 server · 1 tool · 1 changed · 1 in trouble')
  })
})

describe('what a server has to do', () => {
  it('is how many calls of how many, and what went on after its cancel', () => {
    expect(deskOf({ slots: 8, load: { calls: 3, leftover: 1, tools: 12 } })).toBe(
      '3 of 8 calls · 1 goes on after a cancel · 12 tools',
    )
  })

  it('says nothing of what it was not told', () => {
    expect(deskOf({ slots: 1, load: { calls: 'many' } })).toBe('0 of 1 call')
  })
})
