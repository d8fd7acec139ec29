/** A worker's load of the last ten minutes, as lines to draw. Knows no DOM. */

import type { WorkerDoc } from '@headway/client'

export interface Series {
  readonly name: string
  readonly points: readonly (readonly [number, number])[]
}

const NAMES = ['CPU', 'Memory', 'GPU'] as const

/** The series that have samples, oldest first; percent of the machine. */
export function seriesOf(worker: WorkerDoc): readonly Series[] {
  const samples = Object.entries(worker.load_series ?? {})
    .map(([at, values]) => [Date.parse(at), values] as const)
    .sort(([one], [other]) => one - other)
  return NAMES.map((name, index) => ({
    name,
    points: samples.flatMap(([at, values]) => {
      const value = values[index]
      return typeof value === 'number' ? [[at, value] as const] : []
    }),
  })).filter(series => series.points.length > 0)
}

/** A worker's name within its machine: what they share is said once. */
export function nameOf({ id, name = id, machine }: Pick<WorkerDoc, 'id' | 'name' | 'machine'>): string {
  const before = `${machine}/`
  return name.startsWith(before) && name.length > before.length ? name.slice(before.length) : name
}

/** Since when it is in its state, and why, in words. */
export function stateReason(worker: WorkerDoc): string {
  if (worker.state === 'problem') return worker.problems?.at(-1)?.problem ?? 'its registration was refused'
  if (worker.state === 'stale') return 'nothing heard from it; its jobs are kept until the lease ends'
  if (worker.state === 'lost')
    return `${worker.reason ?? 'nothing heard from it'}; its lease ended and its jobs were given back`
  if (worker.left_at) return ''
  if (worker.state === 'disconnected')
    return `${worker.reason ?? 'its link ended'}; its jobs are kept until the lease ends`
  if (worker.draining)
    return `takes no more work${worker.drained_by ? `, asked by ${worker.drained_by}` : ''}`
  return ''
}

/** In these a worker has a link: it can be asked something. */
export const CONNECTED: ReadonlySet<string> = new Set(['online', 'draining', 'stale'])
