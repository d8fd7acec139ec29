/** The bar of time travel: which event the page shows, a slider over all of them, and the way back to now. */

import { ChevronLeft, ChevronRight, History, RefreshCw, X } from 'lucide-react'
import { useSettings } from '../../app/settings.ts'
import { Button } from '../../kit/button.tsx'
import { Problem } from '../../kit/panel.tsx'
import { amount, instant } from '../../words/numbers.ts'
import { eventName, eventWords } from './eventwords.ts'
import type { Travel } from './usepast.ts'

interface TravelBarProps {
  travel: Travel
  /** Go to the event of that seq; undefined: back to now. */
  onGo: (seq: number | undefined) => void
}

export function TravelBar({ travel, onGo }: TravelBarProps) {
  const { past, events } = travel
  return (
    <section
      aria-label="Looking back in time"
      data-tone="scheduled"
      className="tone sticky top-0 z-20 flex flex-col gap-1.5 rounded-lg border border-[var(--tone)] bg-raised p-2.5 shadow-raised"
    >
      <div className="flex flex-wrap items-center gap-2">
        <History aria-hidden size={16} className="tone-text shrink-0" />
        <p className="min-w-0 flex-1 basis-56 text-sm">
          {past ? (
            <Where travel={travel} />
          ) : (
            `Reading its events${travel.loaded ? `: ${amount(travel.loaded)}` : ''}…`
          )}
        </p>
        {travel.more && (
          <Button small icon={RefreshCw} busy={travel.loading} onClick={travel.reload}>
            Newer events
          </Button>
        )}
        <Button small weight="primary" icon={X} onClick={() => onGo(undefined)}>
          Back to now
        </Button>
      </div>
      {travel.error && <Problem error={travel.error} />}
      {past && (
        <Slider number={past.number} count={past.count} onNumber={number => onGo(events[number - 1]?.seq)} />
      )}
    </section>
  )
}

function Where({ travel: { past } }: { travel: Travel }) {
  const { zone } = useSettings()
  if (!past) return null
  const words = eventWords(past.event)
  return (
    <>
      <span className="font-medium">
        As of event {amount(past.number)} of {amount(past.count)}, {instant(past.event.at, 'precise', zone)}
      </span>
      <span className="text-soft">
        {' '}
        · {eventName(past.event.type)}
        {words && `: ${words.slice(0, 120)}`}
      </span>
    </>
  )
}

function Slider({
  number,
  count,
  onNumber,
}: {
  number: number
  count: number
  onNumber: (number: number) => void
}) {
  return (
    <div className="flex items-center gap-1.5">
      <Button
        small
        weight="quiet"
        icon={ChevronLeft}
        label="One event earlier"
        disabled={number <= 1}
        onClick={() => onNumber(number - 1)}
      />
      <input
        type="range"
        min={1}
        max={count}
        value={number}
        aria-label="Event"
        aria-valuetext={`event ${number} of ${count}`}
        onChange={event => onNumber(Number(event.target.value))}
        className="h-6 min-w-0 flex-1 accent-[var(--tone)]"
      />
      <Button
        small
        weight="quiet"
        icon={ChevronRight}
        label="One event later"
        disabled={number >= count}
        onClick={() => onNumber(number + 1)}
      />
    </div>
  )
}
