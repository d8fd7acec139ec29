/**
 * What happened to a job, in a component: the newest events live, and earlier ones when they are asked for.
 *
 * The view keeps the newest 200 that are worth keeping; the rest is read from the log, which tells them from the first on,
 * so `loadEarlier` reads until the two meet. Must never know how it is drawn.
 */
import { useCallback, useMemo, useRef, useState } from 'react'
import type { HeadwayError } from '../errors.ts'
import { failureOf } from '../failing.ts'
import type { WireEvent } from '../wire.ts'
import type { Answer } from './answer.ts'
import { type Seen, useSeen } from './documents.ts'
import { useHeadway } from './provider.ts'

export interface EventsOptions {
  readonly enabled?: boolean
  /** Only these types; `job.note*` means all that begin so. */
  readonly types?: readonly string[]
}

export type EventsAnswer = Answer<readonly WireEvent[]> & {
  /** There are older ones than these. */
  readonly hasEarlier: boolean
  readonly isLoadingEarlier: boolean
  readonly earlierError: HeadwayError | null
  readonly loadEarlier: () => Promise<void>
}

const PAGE = 500
/** Read in one go; the next call goes on. */
const PAGES = 20

interface Earlier {
  readonly id: string
  readonly events: readonly WireEvent[]
  /** All before the kept ones is here. */
  readonly isWhole: boolean
  readonly isLoading: boolean
  readonly error: HeadwayError | null
}

/** The events of a job but its log lines, oldest first, live. */
export function useJobEvents(
  id: string | undefined,
  { enabled = true, types }: EventsOptions = {},
): EventsAnswer {
  const client = useHeadway()
  const kept = useSeen(id ? `job:${id}` : [], eventsIn, { enabled })
  const [state, setState] = useState<Earlier>(() => before(id))
  const earlier = state.id === (id ?? '') ? state : before(id)
  const reading = useRef<string | undefined>(undefined)
  const oldest = kept.data?.[0]
  const loadEarlier = useCallback(async () => {
    if (!id || !oldest || reading.current === id || earlier.isWhole) return
    reading.current = id
    setState({ ...earlier, isLoading: true, error: null })
    const read = await readUntil(client, id, earlier.events, oldest.seq)
    reading.current = undefined
    setState({ id, isLoading: false, ...read })
  }, [client, id, oldest, earlier])
  const wanted = types?.join('\n')
  const data = useMemo(
    () => kept.data && joined(earlier, kept.data).filter(event => isWanted(event.type, wanted?.split('\n'))),
    [kept.data, earlier, wanted],
  )
  const { isLoading: isLoadingEarlier, error: earlierError } = earlier
  const hasEarlier = oldest !== undefined && oldest.type !== 'job.submitted' && !earlier.isWhole
  const rest = { hasEarlier, isLoadingEarlier, earlierError, loadEarlier }
  return kept.isSuccess ? { ...kept, data: data ?? [], ...rest } : { ...kept, ...rest }
}

async function readUntil(
  client: ReturnType<typeof useHeadway>,
  id: string,
  known: readonly WireEvent[],
  until: number,
): Promise<Pick<Earlier, 'events' | 'isWhole' | 'error'>> {
  const events = [...known]
  try {
    for (let page = 0, after = events.at(-1)?.seq ?? 0; page < PAGES; page += 1) {
      const answer = await client.events(id, { after, limit: PAGE })
      events.push(...answer.events.filter(event => event.seq < until && event.type !== 'job.logged'))
      const last = answer.events.at(-1)?.seq ?? until
      if (answer.next === null || last >= until) return { events, isWhole: true, error: null }
      after = answer.next
    }
    return { events, isWhole: false, error: null }
  } catch (error) {
    return { events, isWhole: false, error: failureOf(error) }
  }
}

/** Earlier ones are shown once they reach the kept ones: a gap in between would be a lie. */
function joined(earlier: Earlier, kept: readonly WireEvent[]): readonly WireEvent[] {
  if (!earlier.isWhole) return kept
  const last = earlier.events.at(-1)?.seq ?? 0
  return [...earlier.events, ...kept.filter(event => event.seq > last)]
}

function before(id = ''): Earlier {
  return { id, events: [], isWhole: false, isLoading: false, error: null }
}

function eventsIn(seen: Seen): readonly WireEvent[] {
  return seen.events()
}

function isWanted(type: string, types: readonly string[] | undefined): boolean {
  return (
    types?.some(each => (each.endsWith('*') ? type.startsWith(each.slice(0, -1)) : type === each)) ?? true
  )
}
