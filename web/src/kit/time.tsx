/** Times and ages of the server, ticking on the shared clock and standing still while this viewer is cut off. */

import { useNow } from '@headway/client/react'
import { useSettings } from '../app/settings.ts'
import { age, clock, instant, lasting } from '../words/numbers.ts'

/** An instant: in the reader's zone, or as an age where they prefer ages. The exact time is its tooltip. */
export function Time({
  at,
  as,
}: {
  at: string | undefined
  as?: 'age' | 'time' | 'precise' | 'day' | 'full'
}) {
  const { zone, ages } = useSettings()
  if (!at) return <span className="text-soft">–</span>
  const style = as ?? (ages ? 'age' : 'day')
  return (
    <time dateTime={at} title={instant(at, 'full', zone)}>
      {style === 'age' ? <Age since={at} /> : instant(at, style, zone)}
    </time>
  )
}

/** How long ago: `3 min`. */
export function Age({ since }: { since: string }) {
  const now = useNow()
  return <>{age((now - Date.parse(since)) / 1000)}</>
}

/** How long already, after "for": `3 min`, `a moment`. */
export function Lasting({ since }: { since: string }) {
  const now = useNow()
  return <>{lasting((now - Date.parse(since)) / 1000)}</>
}

/** How long it runs: `2:05`, ticking; between two instants it stands. */
export function Elapsed({ from, to }: { from: string | undefined; to?: string | undefined }) {
  const now = useNow()
  if (!from) return <>–</>
  return <>{clock(((to ? Date.parse(to) : now) - Date.parse(from)) / 1000)}</>
}
