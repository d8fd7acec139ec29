/**
 * Where in a log each attempt begins: each line knows its attempt, so a few questions find it however long the log is.
 */
import type { Headway } from '@headway/client'
import { useEffect, useState } from 'react'

/** line → the attempt that begins with it. */
export type Starts = ReadonlyMap<number, number>

const NONE: Starts = new Map()

/** The first line of each attempt after the first one that wrote anything. */
export function useAttemptStarts(client: Headway, id: string, attempts: number, last: number): Starts {
  const [starts, setStarts] = useState(NONE)
  const isKnown = [...starts.values()].includes(attempts)
  const isWanted = attempts > 1 && last > 0 && !isKnown
  const upTo = isWanted ? Math.max(1, 2 ** Math.floor(Math.log2(last))) : 0 // asked again whenever the log has doubled
  // biome-ignore lint/correctness/useExhaustiveDependencies: `upTo` stands for `last`, and a new attempt asks again
  useEffect(() => {
    if (!isWanted || !upTo) return
    const ending = new AbortController()
    const at = (number: number): Promise<Attempt | undefined> => attemptAt(client, id, number, ending.signal)
    findStarts(at, last).then(
      found => ending.signal.aborted || setStarts(found),
      () => undefined, // said by the log itself, which asks the same server
    )
    return () => ending.abort()
  }, [client, id, attempts, isWanted, upTo])
  return starts
}

export interface Attempt {
  /** The line that answered: the one asked for or, where that is not kept, the next. */
  readonly number: number
  readonly attempt: number
}

/** All places where the attempt changes, by halving. `at` tells the attempt of a line. */
export async function findStarts(
  at: (number: number) => Promise<Attempt | undefined>,
  last: number,
): Promise<Map<number, number>> {
  const starts = new Map<number, number>()
  const begin = await at(1)
  let here = begin
  while (here) {
    const { attempt } = here
    let [low, high] = [here.number, last + 1] // `low` is of this attempt, `high` of a later one
    let next: Attempt | undefined
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      const found = await at(middle)
      if (found && found.attempt === attempt) low = Math.max(middle, Math.min(found.number, high - 1))
      else {
        high = middle
        next = found ?? next
      }
    }
    if (next) starts.set(next.number, next.attempt)
    here = next
  }
  return starts
}

async function attemptAt(
  client: Headway,
  id: string,
  number: number,
  signal: AbortSignal,
): Promise<Attempt | undefined> {
  for await (const line of client.logs(id, { from: number, limit: 1 }, { signal })) return line
  return undefined
}
