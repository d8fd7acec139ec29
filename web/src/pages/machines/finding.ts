/**
 * Finding machines, workers and services among many: by words in any of their names or reasons, and by a state.
 *
 * A service is also found by the names above it, so `gpu-3 comfy` is that of machine gpu-3; a worker that is found shows all
 * its services, unless some of them were meant. Pure. Must never know components. Called by page.tsx.
 */
import type { ServiceDoc, WorkerDoc } from '@headway/client'
import type { MachineNode, WorkerNode } from '@headway/client/react'
import { isFound } from '../../kit/find.tsx'
import { plural } from '../../words/numbers.ts'
import { CONNECTED } from './series.ts'
import { deviceOf } from './service.ts'

export interface Wanted {
  readonly text: string
  /** Of a worker or of a service; "": any. */
  readonly state: string
}

export interface StateCount {
  readonly state: string
  readonly count: number
}

/** States of services, the troubled first, then those that workers are in trouble with. */
const ORDER = [
  'error',
  'unreachable',
  'unknown',
  'problem',
  'lost',
  'stale',
  'disconnected',
  'draining',
  'busy',
  'starting',
  'idle',
]
const TROUBLED: ReadonlySet<string> = new Set(['problem', 'lost', 'stale', 'disconnected', 'draining'])

/**
 * Who is there: without workers that said goodbye, services that their worker names no more, and servers that do something
 * themselves at times.
 */
export function thoseThere(machines: readonly MachineNode[]): readonly MachineNode[] {
  return machines.flatMap(machine => {
    const workers = machine.workers
      .filter(({ worker }) => !worker.left_at && !worker.internal)
      .map(node => ({ ...node, services: node.services.filter(service => !service.gone_at) }))
    return workers.length > 0 ? [{ ...machine, workers }] : []
  })
}

/** `1 of 2 slots in use`, of workers that are connected: what the others use, nobody can know. */
export function slotsText(machines: readonly MachineNode[]): string {
  if (!machines.some(({ state }) => CONNECTED.has(state))) return 'not connected'
  const sum = (of: (machine: MachineNode) => number) =>
    machines.reduce((total, machine) => total + of(machine), 0)
  return `${sum(({ used }) => used)} of ${plural(
    sum(({ slots }) => slots),
    'slot',
  )} in use`
}

/** What is shown of the tree. A node that is shown whole stays the same object. */
export function found(machines: readonly MachineNode[], wanted: Wanted): readonly MachineNode[] {
  if (!wanted.text.trim() && !wanted.state) return machines
  return machines.flatMap(machine => {
    const workers = machine.workers.flatMap(node => partOf(node, machine.name, wanted))
    return workers.length > 0 ? [{ ...machine, workers }] : []
  })
}

function partOf(node: WorkerNode, machine: string, wanted: Wanted): readonly WorkerNode[] {
  const above = `${machine} ${node.id}`
  const services = node.services.filter(
    service =>
      (!wanted.state || service.status === wanted.state) &&
      isFound(`${above} ${wordsOf(service)}`, wanted.text),
  )
  if (services.length > 0) return [services.length === node.services.length ? node : { ...node, services }]
  const isMeant = !wanted.state || node.worker.state === wanted.state
  return isMeant && isFound(`${above} ${wordsOfWorker(node.worker)}`, wanted.text) ? [node] : []
}

function wordsOf(service: ServiceDoc): string {
  const { name, type, status, url, version, job, reason, error } = service
  return [name, type, status, url, version, job, reason, error, deviceOf(service)].filter(Boolean).join(' ')
}

function wordsOfWorker({
  state,
  version,
  platform,
  reason,
  labels = {},
  problems = [],
  kinds = [],
}: WorkerDoc): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return [state, version, platform, reason, ...pairs, ...kinds, ...problems.map(each => each.problem)].join(
    ' ',
  )
}

/** How many services are in each state, and how many workers in one that is no good. */
export function statesOf(machines: readonly MachineNode[]): readonly StateCount[] {
  const counts = new Map<string, number>()
  const count = (state: string) => counts.set(state, (counts.get(state) ?? 0) + 1)
  for (const { worker, services } of machines.flatMap(machine => machine.workers)) {
    if (TROUBLED.has(worker.state)) count(worker.state)
    for (const service of services) count(service.status)
  }
  const place = (state: string) => (ORDER.includes(state) ? ORDER.indexOf(state) : ORDER.length)
  return [...counts]
    .map(([state, count]) => ({ state, count }))
    .sort((one, other) => place(one.state) - place(other.state))
}

/** Nothing of it is another: it need not be drawn again. */
export function sameNode(one: WorkerNode, other: WorkerNode): boolean {
  return (
    one.worker === other.worker && sameList(one.services, other.services) && sameList(one.jobs, other.jobs)
  )
}

export function sameMachine(one: MachineNode, other: MachineNode): boolean {
  return (
    one.name === other.name &&
    one.state === other.state &&
    one.slots === other.slots &&
    one.used === other.used &&
    one.workers.length === other.workers.length &&
    one.workers.every((node, index) => {
      const match = other.workers[index]
      return match !== undefined && sameNode(node, match)
    })
  )
}

function sameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((each, index) => each === other[index])
}
