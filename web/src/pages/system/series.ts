/** The samples of the metrics topic as lines to draw. Knows no DOM. */

import type { WireEvent } from '@headway/client'

export type Points = readonly (readonly [number, number])[]

interface Sample {
  readonly at: number
  readonly periodS: number
  readonly happened: Readonly<Record<string, number>>
  readonly now: Readonly<Record<string, number>>
}

function numbers(value: unknown): Readonly<Record<string, number>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, number>>) : {}
}

/** The samples, oldest first. */
export function samplesOf(events: readonly WireEvent[]): readonly Sample[] {
  return events
    .filter(event => event.type === 'metrics.sampled')
    .map(event => ({
      at: Date.parse(event.at),
      periodS: Number(event.data.period_s) || 1,
      happened: numbers(event.data.happened),
      now: numbers(event.data.now),
    }))
}

/** How many a second of what happened, over the window up to `now`; nothing is said while nothing happens: that is zero. */
export function rateOf(samples: readonly Sample[], name: string, now: number, windowS = 600): Points {
  const first = samples[0]
  if (!first) return []
  const step = first.periodS * 1000
  const from = now - windowS * 1000
  const found = new Map<number, number>()
  for (const sample of samples)
    found.set(Math.floor(sample.at / step), (sample.happened[name] ?? 0) / sample.periodS)
  const points: [number, number][] = []
  for (let at = Math.max(Math.ceil(from / step), Math.floor(first.at / step)); at * step <= now; at += 1)
    points.push([at * step, found.get(at) ?? 0])
  return points
}

/** How things stood at each sample; the last one still holds. */
export function levelOf(samples: readonly Sample[], name: string, now: number): Points {
  const points = samples.map(sample => [sample.at, sample.now[name] ?? 0] as const)
  const last = points.at(-1)
  return last && now > last[0] ? [...points, [now, last[1]] as const] : points
}
