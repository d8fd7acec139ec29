/**
 * MCP servers as people look for them: by name, with each worker that has one of that name, and the tools of all of them.
 *
 * A server is there because a worker tells of its service, or because its tools were told once. Pure. Must never know
 * components. Called by page.tsx.
 */
import type { KindDoc, ServiceDoc, WorkerDoc } from '@headway/client'
import type { MachineNode } from '@headway/client/react'
import { serverOf } from '../../words/kinds.ts'
import { amount, plural } from '../../words/numbers.ts'

const TYPE = 'mcp'

/** The server as one worker has it. */
export interface Place {
  readonly service: ServiceDoc
  readonly worker: WorkerDoc
}

export interface McpServer {
  readonly name: string
  readonly places: readonly Place[]
  /** By name. */
  readonly tools: readonly KindDoc[]
}

const byName = new Intl.Collator('en', { numeric: true })

export function serversOf(machines: readonly MachineNode[], kinds: readonly KindDoc[]): readonly McpServer[] {
  const places = new Map<string, Place[]>()
  const tools = new Map<string, KindDoc[]>()
  for (const { worker, services } of machines.flatMap(machine => machine.workers)) {
    for (const service of services)
      if (service.type === TYPE) listIn(places, service.name).push({ service, worker })
  }
  for (const kind of kinds) {
    const server = serverOf(kind)
    if (server !== undefined) listIn(tools, server).push(kind)
  }
  return [...new Set([...places.keys(), ...tools.keys()])].sort(byName.compare).map(name => ({
    name,
    places: places.get(name) ?? [],
    tools: (tools.get(name) ?? []).sort((one, other) => byName.compare(one.name, other.name)),
  }))
}

function listIn<T>(lists: Map<string, T[]>, name: string): T[] {
  const list = lists.get(name) ?? []
  lists.set(name, list)
  return list
}

/** `3 of 8 calls · 1 goes on after its cancel · 12 tools`; what a server does not tell is left out. */
export function deskOf({ load, slots }: Pick<ServiceDoc, 'load' | 'slots'>): string {
  const [calls, leftover, tools] = [load?.calls, load?.leftover, load?.tools].map(value =>
    typeof value === 'number' && Number.isFinite(value) ? value : undefined,
  )
  const parts = [
    `${amount(calls ?? 0)} of ${plural(slots, 'call')}`,
    leftover ? `${amount(leftover)} ${leftover === 1 ? 'goes' : 'go'} on after a cancel` : '',
    tools === undefined ? '' : plural(tools, 'tool'),
  ]
  return parts.filter(Boolean).join(' · ')
}

/** `2 servers · 31 tools · 1 changed`. */
export function summary(servers: readonly McpServer[]): string {
  const tools = servers.flatMap(server => server.tools)
  const changed = tools.filter(tool => tool.quarantine).length
  const troubled = servers.filter(({ places }) => places.length > 0 && places.every(isTroubled)).length
  const parts = [
    plural(servers.length, 'server'),
    plural(tools.length, 'tool'),
    changed ? `${amount(changed)} changed` : '',
    troubled ? `${amount(troubled)} in trouble` : '',
  ]
  return parts.filter(Boolean).join(' · ')
}

const WELL: ReadonlySet<string> = new Set(['starting', 'idle', 'busy'])

function isTroubled({ service }: Place): boolean {
  return !WELL.has(service.status)
}
