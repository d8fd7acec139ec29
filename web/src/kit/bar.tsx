/** A progress bar that says what is known: a fraction, or that it is unknown; fresh, quiet or unknown to this viewer. */

import { percent } from '../words/numbers.ts'
import type { Tone } from '../words/states.ts'

export type Freshness = 'fresh' | 'quiet' | 'unknown'

interface BarProps {
  /** 0..1, or null where nobody knows. 0 is visible. */
  fraction: number | null
  label: string
  tone?: Tone
  freshness?: Freshness
  thick?: boolean
}

export function Bar({ fraction, label, tone = 'running', freshness = 'fresh', thick }: BarProps) {
  const known = fraction !== null
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? Math.floor(fraction * 100) : undefined}
      aria-valuetext={known ? percent(fraction) : 'amount unknown'}
      data-freshness={freshness}
      data-tone={tone}
      className={`tone relative w-full overflow-hidden rounded-full bg-track ${thick ? 'h-2.5' : 'h-1.5'}`}
    >
      {known ? (
        <div
          className="bar-fill tone-fill h-full w-full rounded-full"
          style={{ transform: `scaleX(${Math.max(fraction, 0.006)})` }}
        />
      ) : (
        <div className="bar-unknown h-full" />
      )}
    </div>
  )
}
