/**
 * Queues in a component: how many jobs each holds by state, exact, and what somebody set on it.
 *
 * A queue exists as soon as a job names it; its document only once something was set. Must never know how it is drawn.
 */
import { useCallback, useMemo } from 'react'
import { equalJson, type States } from '../fold.ts'
import type { Counts } from '../listquery.ts'
import type { PauseDoc, SetQueueDoc } from '../wire.ts'
import { type Answer, answerOf } from './answer.ts'
import { type Seen, useSeen } from './documents.ts'

export interface QueueRow {
  readonly name: string
  readonly counts: Counts
  readonly paused: PauseDoc | undefined
  /** How many of its jobs may run at once; undefined: any number. */
  readonly limit: number | undefined
  /** The document; undefined: nothing was ever set on it. */
  readonly queue: SetQueueDoc | undefined
}

const THROTTLE_MS = 250
const NO_COUNTS: Readonly<Record<string, States>> = {}

/** Every queue that holds a job or has something set, by name, live. */
export function useQueues({
  enabled = true,
}: {
  readonly enabled?: boolean
} = {}): Answer<readonly QueueRow[]> {
  const counts = useSeen('jobs', countsIn, { enabled, throttleMs: THROTTLE_MS }, equalJson)
  const queues = useSeen('queues', queuesIn, { enabled }, equalJson)
  const data = useMemo(
    () => counts.data && queues.data && rowsOf(counts.data, queues.data),
    [counts.data, queues.data],
  )
  return answerOf({ known: data && { data }, error: counts.error ?? queues.error })
}

/** One queue, live; one that no job names has no counts. */
export function useQueue(
  name: string | undefined,
  { enabled = true }: { readonly enabled?: boolean } = {},
): Answer<QueueRow> {
  const select = useCallback(
    (seen: Seen) =>
      rowOf(
        name ?? '',
        countsIn(seen)[name ?? ''],
        queuesIn(seen).find(queue => queue.name === name),
      ),
    [name],
  )
  const topics = name === undefined ? [] : `queue:${name}`
  return useSeen(topics, select, { enabled, throttleMs: THROTTLE_MS }, sameRow)
}

function countsIn(seen: Seen): Readonly<Record<string, States>> {
  const counts = seen.counts()
  return counts ? Object.fromEntries(counts) : NO_COUNTS
}

function queuesIn(seen: Seen): readonly SetQueueDoc[] {
  return seen.all('queue').map(document => document as Partial<SetQueueDoc> as SetQueueDoc)
}

function rowsOf(counts: Readonly<Record<string, States>>, queues: readonly SetQueueDoc[]): QueueRow[] {
  const byName = new Map(queues.map(queue => [queue.name, queue]))
  const names = [...new Set([...Object.keys(counts), ...byName.keys()])].sort()
  return names.map(name => rowOf(name, counts[name], byName.get(name)))
}

function rowOf(name: string, counts: States = {}, queue: SetQueueDoc | undefined): QueueRow {
  return { name, counts, paused: queue?.paused, limit: queue?.limit, queue }
}

function sameRow(one: QueueRow, other: QueueRow): boolean {
  return equalJson({ ...one }, { ...other })
}
