/**
 * Whether a job's progress is fresh, quiet or unknown, in a component: looked at once a second, drawn when it changes.
 *
 * The rule is in quiet.ts; the gaps between reports are remembered for all components of a client. Used by useJob and rows.
 */
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { Headway } from '../client.ts'
import { Paces, type Sign, signOf } from '../quiet.ts'
import type { JobDoc } from '../wire.ts'
import { tickerOf } from './clock.ts'
import { useHeadway } from './provider.ts'

const STEP_MS = 1_000
const UNKNOWN = -1
const paces = new WeakMap<Headway, Paces>()

/** How often the attempts that this client saw report. */
export function pacesOf(client: Headway): Paces {
  const known = paces.get(client) ?? new Paces()
  paces.set(client, known)
  return known
}

/** Of a job as it stands now. `quiet`: nothing was heard of it for longer than usual; `unknown`: this viewer is not fresh. */
export function useFreshness(job: JobDoc | undefined): Sign {
  const client = useHeadway()
  const subscribe = useCallback(
    (listener: () => void) => {
      const ends = [
        tickerOf(client.live).subscribe(STEP_MS, listener),
        client.live.connection.subscribe(listener),
      ]
      return () => {
        for (const end of ends) end()
      }
    },
    [client],
  )
  if (job) pacesOf(client).note(job)
  const read = (): number => codeOf(client, job)
  const code = useSyncExternalStore(subscribe, read, () => UNKNOWN)
  return useMemo(() => signFrom(code), [code])
}

/** One number says all, so that only a change of it draws: seconds of quiet, 0 for fresh, -1 for unknown. */
function codeOf(client: Headway, job: JobDoc | undefined): number {
  const sign = signOf(
    job,
    tickerOf(client.live).at(STEP_MS),
    client.live.connection.get().fresh,
    pacesOf(client),
  )
  return sign.freshness === 'unknown' ? UNKNOWN : sign.quietS
}

function signFrom(code: number): Sign {
  if (code === UNKNOWN) return { freshness: 'unknown', quietS: 0 }
  return { freshness: code > 0 ? 'quiet' : 'fresh', quietS: code }
}
