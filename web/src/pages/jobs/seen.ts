/**
 * What the search box can offer: names and values of the jobs that are loaded, of kinds, queues and workers.
 *
 * Pure but for the hook at the end. Gathered when the box is used, not while jobs move. Called by filterbox's page.
 */
import type { JobDoc } from '@headway/client'
import type { Seen } from './suggest.ts'

/** Of so many jobs, newest first, values are gathered; more would tell little that these do not. */
const MOST_JOBS = 500
const MOST_VALUES = 60
const MOST_PATHS = 40
const LONGEST = 80

interface Named {
  readonly kinds: Iterable<string>
  readonly queues: Iterable<string>
  readonly workers: Iterable<string>
}

/** What can be seen in these jobs and names. */
export function seenIn(jobs: Iterable<JobDoc>, named: Named): Seen {
  const kinds = new Set(named.kinds)
  const queues = new Set(named.queues)
  const workers = new Set(named.workers)
  const labels = new Map<string, Set<string>>()
  const args = new Map<string, Set<string>>()
  const errors = new Set<string>()
  let count = 0
  for (const job of jobs) {
    if (++count > MOST_JOBS) break
    kinds.add(job.kind)
    queues.add(job.queue)
    if (job.worker) workers.add(job.worker)
    for (const [name, value] of Object.entries(job.labels ?? {})) note(labels, name, value)
    noteArgs(args, '', job.args, 0)
    const failure = job.error?.type ?? (job.state === 'failed' ? job.reason : undefined)
    if (failure) errors.add(failure)
  }
  return { kinds: [...kinds], queues: [...queues], workers: [...workers], labels, args, errors }
}

function note(into: Map<string, Set<string>>, name: string, value: string): void {
  const values = into.get(name)
  if (!values) {
    if (into.size < MOST_PATHS) into.set(name, new Set(value.length <= LONGEST ? [value] : []))
  } else if (values.size < MOST_VALUES && value.length <= LONGEST) values.add(value)
}

/** Paths of arguments as the filter language has them: dotted, a list by any of its elements. */
function noteArgs(into: Map<string, Set<string>>, path: string, value: unknown, depth: number): void {
  if (value === null || value === undefined || depth > 3) return
  if (typeof value !== 'object') {
    if (path) note(into, path, String(value))
    return
  }
  if (Array.isArray(value)) {
    for (const each of value.slice(0, 10)) if (typeof each !== 'object') noteArgs(into, path, each, depth + 1)
    return
  }
  for (const [name, each] of Object.entries(value)) {
    if (!name.includes('.') && !/[\s:"]/.test(name))
      noteArgs(into, path ? `${path}.${name}` : name, each, depth + 1)
  }
}
