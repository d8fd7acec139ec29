/** Lines that came while the reader looked elsewhere: counted on a button, said to those who listen; and marks of a search. */
import { ArrowDown } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { announce } from '../../../app/announce.tsx'
import { Button } from '../../../kit/button.tsx'
import { plural } from '../../../words/numbers.ts'
import { ticksOf } from './finder.ts'
import type { Rows } from './rows.ts'

const SAY_MS = 10_000

/**
 * How many lines came since the end was last in sight. `isNews` is false while lines come that were there before;
 * `of`: what is counted, another thing begins anew.
 */
export function useArrivals(total: number, following: boolean, isNews: boolean, of: unknown): number {
  const [seen, see] = useState({ total, of, wasNews: isNews })
  const begins = seen.of !== of || !seen.wasNews || !isNews || seen.total > total
  if (
    begins
      ? seen.total !== total || seen.of !== of || seen.wasNews !== isNews
      : following && seen.total !== total
  ) {
    see({ total, of, wasNews: isNews })
  }
  const newest = useRef(total)
  useEffect(() => {
    newest.current = total
  }, [total])
  useEffect(() => {
    let said = newest.current
    const timer = setInterval(() => {
      const came = newest.current - said
      said = newest.current
      if (came > 0) announce(plural(came, 'new line'))
    }, SAY_MS)
    return () => clearInterval(timer)
  }, [])
  return Math.max(0, total - seen.total)
}

export function NewLines({ count, onFollow }: { count: number; onFollow: () => void }) {
  if (count === 0) return null
  return (
    <div className="pointer-events-none absolute inset-x-0 bottom-4 flex justify-center">
      <Button icon={ArrowDown} onClick={onFollow} className="pointer-events-auto rounded-full shadow-raised">
        {plural(count, 'new line')}
      </Button>
    </div>
  )
}

interface TicksProps {
  readonly found: readonly number[]
  /** The rows, where not all lines have one. */
  readonly rows: Rows | undefined
  readonly first: number
  readonly last: number
}

/** Where in the log the found lines are, beside the scrollbar. */
export function Ticks({ found, rows, first, last }: TicksProps) {
  const ticks = useMemo(
    () =>
      rows
        ? ticksOf(
            found.map(line => rows.rowOf(line)),
            0,
            rows.count - 1,
          )
        : ticksOf(found, first, last),
    [found, rows, first, last],
  )
  return (
    <div aria-hidden className="pointer-events-none absolute inset-y-0 right-4 w-1.5">
      {ticks.map(tick => (
        <span
          key={tick}
          className="absolute right-0 h-0.5 w-full rounded bg-warn"
          style={{ top: `${tick * 100}%` }}
        />
      ))}
    </div>
  )
}
