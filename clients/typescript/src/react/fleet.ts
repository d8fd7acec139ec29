/**
 * Machines, the workers on them, and the services behind those, as a tree that changes as they do.
 *
 * A machine is derived from its workers: as well as its best one, with the slots of those that are connected. Must never
 * know how it is drawn.
 */
import { useMemo } from 'react'
import { equalJson } from '../fold.ts'
import { jobOf } from '../listpages.ts'
import type { JobDoc, ServiceDoc, WorkerDoc, WorkerState } from '../wire.ts'
import { type Answer, answerOf } from './answer.ts'
import { type Seen, useSeen } from './documents.ts'

export interface WorkerNode {
  readonly id: string
  readonly worker: WorkerDoc
  readonly services: readonly ServiceDoc[]
  /** Those it runs or stops, newest first; only with `jobs: true`. */
  readonly jobs: readonly JobDoc[]
}

export interface MachineNode {
  readonly name: string
  readonly state: WorkerState
  /** Of the workers that are connected. */
  readonly slots: number
  /** Slots in use, as their workers last said. */
  readonly used: number
  readonly workers: readonly WorkerNode[]
}

/** The best first: a machine is as well as its best worker. */
const STATES: readonly WorkerState[] = ['online', 'draining', 'stale', 'problem', 'disconnected', 'lost']
const CONNECTED: ReadonlySet<WorkerState> = new Set<WorkerState>(['online', 'draining', 'stale'])
const THROTTLE_MS = 250
/** `gpu-2` before `gpu-10`. */
const NATURAL = new Intl.Collator('en', { numeric: true })
const NO_JOBS: ReadonlyMap<string, readonly JobDoc[]> = new Map()

interface Fleet {
  readonly workers: readonly WorkerDoc[]
  readonly services: readonly ServiceDoc[]
}

/** Machines by name with their workers and services, live, `gpu-2` before `gpu-10`; with `jobs`, what each worker runs. */
export function useWorkers({
  enabled = true,
  jobs = false,
}: {
  readonly enabled?: boolean
  readonly jobs?: boolean
} = {}): Answer<readonly MachineNode[]> {
  const fleet = useSeen('workers', fleetIn, { enabled, throttleMs: THROTTLE_MS }, equalJson)
  const held = useSeen('jobs', heldIn, { enabled: enabled && jobs, throttleMs: THROTTLE_MS }, sameJobs)
  const data = useMemo(
    () => fleet.data && machinesOf(fleet.data, jobs && held.data ? byWorker(held.data) : NO_JOBS),
    [fleet.data, held.data, jobs],
  )
  return answerOf({ known: data && { data }, error: fleet.error })
}

/** The tree of what there is. Pure. */
export function machinesOf(fleet: Fleet, jobs: ReadonlyMap<string, readonly JobDoc[]>): MachineNode[] {
  const machines = grouped(fleet.workers, machineOf)
  const services = grouped(fleet.services, service => service.worker)
  const names = [...machines.keys()].sort(NATURAL.compare)
  return names.map(name => {
    const workers = inOrder(machines.get(name) ?? [])
    const connected = workers.filter(worker => CONNECTED.has(worker.state))
    return {
      name,
      state: workers.reduce<WorkerState>(
        (best, { state }) => (rank(state) < rank(best) ? state : best),
        'lost',
      ),
      slots: connected.reduce((sum, worker) => sum + (worker.slots ?? 0), 0),
      used: connected.reduce((sum, worker) => sum + (worker.load?.busy ?? 0), 0),
      workers: workers.map(worker => ({
        id: worker.id,
        worker,
        services: inOrder(services.get(worker.id) ?? []),
        jobs: jobs.get(worker.id) ?? [],
      })),
    }
  })
}

function fleetIn(seen: Seen): Fleet {
  return {
    workers: seen.all('worker').map(document => document as Partial<WorkerDoc> as WorkerDoc),
    services: seen.all('service').map(document => document as Partial<ServiceDoc> as ServiceDoc),
  }
}

function heldIn(seen: Seen): readonly JobDoc[] {
  const jobs = seen.all('job').map(jobOf)
  return jobs.filter(job => job.state === 'running' || job.state === 'cancelling').reverse()
}

function byWorker(jobs: readonly JobDoc[]): ReadonlyMap<string, readonly JobDoc[]> {
  return grouped(jobs, job => job.worker ?? '')
}

function grouped<T>(all: readonly T[], by: (each: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const each of all) {
    const group = groups.get(by(each))
    if (group) group.push(each)
    else groups.set(by(each), [each])
  }
  return groups
}

function inOrder<T extends { readonly id: string }>(all: readonly T[]): readonly T[] {
  return [...all].sort((one, other) => NATURAL.compare(one.id, other.id))
}

function sameJobs(one: readonly JobDoc[], other: readonly JobDoc[]): boolean {
  return one.length === other.length && one.every((job, index) => job === other[index])
}

function machineOf(worker: WorkerDoc): string {
  return worker.machine || '(unknown)'
}

function rank(state: WorkerState): number {
  const place = STATES.indexOf(state)
  return place < 0 ? STATES.length : place
}
