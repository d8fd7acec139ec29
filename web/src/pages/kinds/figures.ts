/** Who serves each kind and how it went within a day: what the pages of kinds and of tools say beside each. */

import type { KindDoc } from '@headway/client'
import { useHeadway, useWorkers } from '@headway/client/react'
import { useQuery } from '@tanstack/react-query'
import { amount, spent } from '../../words/numbers.ts'

const ALIVE: ReadonlySet<string> = new Set(['online', 'draining', 'stale'])

/** How many workers that are there serve each kind; undefined until that is known. */
export function useServing(): Readonly<Record<string, number>> | undefined {
  const { data: machines } = useWorkers()
  if (!machines) return undefined
  const counts: Record<string, number> = {}
  for (const { worker } of machines.flatMap(machine => machine.workers)) {
    if (ALIVE.has(worker.state)) for (const kind of worker.kinds ?? []) counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

export interface Figures {
  readonly finished: number
  readonly failed: number
  readonly run?: { readonly p50_s: number; readonly p95_s: number }
}

/** Of the last 24 hours, by kind. */
export function useFigures(): Readonly<Record<string, Figures>> {
  const headway = useHeadway()
  const { data } = useQuery({
    queryKey: ['stats', '24h'],
    queryFn: () => headway.stats({ since: '24h' }),
    refetchInterval: 30_000,
  })
  return data?.kinds ?? {}
}

/** Of fewer runs no share of a hundred is told. */
const FEW = 5

function takes({ finished, run }: Figures): string {
  if (!run) return ''
  const under = finished < FEW ? '' : `, 95 % under ${spent(run.p95_s)}`
  return `takes ${spent(run.p50_s)}${under}`
}

/** How it went lately and what it is limited to, in one line. */
export function lately(kind: Pick<KindDoc, 'limit' | 'key_limit'>, figures: Figures | undefined): string {
  const parts = figures
    ? [
        `${amount(figures.finished)} ended`,
        figures.failed && `${amount(figures.failed)} failed`,
        takes(figures),
      ]
    : ['none ended lately']
  const limits = [
    kind.limit !== undefined && `at most ${amount(kind.limit)} at once`,
    kind.key_limit !== undefined && `${amount(kind.key_limit)} for each key`,
  ]
  return [...parts, ...limits].filter(Boolean).join(' · ')
}
