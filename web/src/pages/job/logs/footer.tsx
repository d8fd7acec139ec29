/** The line below a log: how much there is, and whatever of it the reader cannot see or rely on. */
import type { ReactNode } from 'react'
import { Button } from '../../../kit/button.tsx'
import { amount, percent, plural } from '../../../words/numbers.ts'
import type { Tone } from '../../../words/states.ts'
import type { Found } from './usefind.ts'

interface FooterProps {
  readonly id: string
  readonly total: number
  /** Rows shown; undefined: all. */
  readonly shown: number | undefined
  readonly fresh: boolean
  readonly isLoading: boolean
  readonly tailOnly: boolean
  readonly cut: string | undefined
  readonly error: Error | null
  readonly search: Found | undefined
  readonly stopped: boolean
  readonly onStop: () => void
}

export function Footer({
  id,
  total,
  shown,
  fresh,
  isLoading,
  tailOnly,
  cut,
  error,
  search,
  stopped,
  onStop,
}: FooterProps) {
  const state = search?.state
  const runs = state !== undefined && !state.done && !state.error && !stopped
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-1 border-t border-line px-3 py-1 text-xs text-soft">
      <span id={id}>
        {shown === undefined ? plural(total, 'line') : `${amount(shown)} of ${plural(total, 'line')}`}
      </span>
      {runs && (
        <span className="inline-flex items-center gap-1">
          searching{state.share === undefined ? '…' : ` ${percent(state.share)}`}
          <Button small weight="quiet" onClick={onStop}>
            Stop
          </Button>
        </span>
      )}
      {stopped && <Note tone="warn">The search was stopped: there may be more.</Note>}
      {state?.cut && (
        <Note tone="warn">These are the first {amount(state.found.length)} that match; search for less.</Note>
      )}
      {state?.error && <Note tone="failed">The search failed: {state.error.message}</Note>}
      {error && <Note tone="failed">Some lines cannot be had: {error.message} It is tried again.</Note>}
      {!fresh && <Note tone="cancelling">Not connected: newer lines may be missing here.</Note>}
      {fresh && tailOnly && (
        <Note tone="warn">
          More than 2,000 lines a second: only the end is kept as it comes, the rest is fetched as you look at
          it.
        </Note>
      )}
      {cut && <Note tone="warn">{cut}</Note>}
      {isLoading && !error && <span>fetching lines…</span>}
    </div>
  )
}

function Note({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className="tone tone-text" data-tone={tone}>
      {children}
    </span>
  )
}
