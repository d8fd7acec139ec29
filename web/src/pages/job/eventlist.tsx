/** The events of a job, newest first: filtered by type or to trouble, each to be unfolded, each a point to look back to. */

import type { WireEvent } from '@headway/client'
import { useHeadway, useJobEvents } from '@headway/client/react'
import { FileDown, History, ListX } from 'lucide-react'
import { useState } from 'react'
import { useKeys } from '../../app/keys.ts'
import { tell } from '../../app/toasts.tsx'
import { Button } from '../../kit/button.tsx'
import { Select } from '../../kit/field.tsx'
import { Empty, Problem } from '../../kit/panel.tsx'
import { Time } from '../../kit/time.tsx'
import { amount, plural } from '../../words/numbers.ts'
import { eventName, eventWords, isTrouble } from './eventwords.ts'
import { saveEvents } from './files.ts'
import { JsonView } from './jsonview.tsx'

const PAGE = 200

interface EventsProps {
  id: string
  /** The event that is looked back to. */
  at: number | undefined
  troubles: boolean
  onTroubles: (only: boolean) => void
  onLookBack: (seq: number) => void
}

export function Events({ id, at, troubles, onTroubles, onLookBack }: EventsProps) {
  const answer = useJobEvents(id)
  const [type, setType] = useState('')
  const [shown, setShown] = useState(PAGE)
  useKeys([{ keys: 'e', does: 'Only what went wrong', group: 'Job', run: () => onTroubles(!troubles) }])
  const events = answer.data ?? []
  const types = [...new Set(events.map(event => event.type))].sort()
  const fitting = events
    .filter(event => (!type || event.type === type) && (!troubles || isTrouble(event)))
    .toReversed()
  return (
    <div className="flex flex-col gap-2">
      <Bar
        id={id}
        types={types}
        type={type}
        onType={setType}
        troubles={troubles}
        onTroubles={onTroubles}
        onLookBack={() => onLookBack(at ?? events.at(-1)?.seq ?? 0)}
      />
      {answer.error && <Problem error={answer.error} />}
      {answer.isSuccess && fitting.length === 0 && (
        <Nothing troubles={troubles} hasEarlier={answer.hasEarlier} />
      )}
      <ol
        aria-label="Events, newest first"
        className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-card empty:hidden"
      >
        {fitting.slice(0, shown).map(event => (
          <EventRow key={event.seq} event={event} marked={event.seq === at} onLookBack={onLookBack} />
        ))}
      </ol>
      <div className="flex flex-wrap items-center gap-2 text-sm text-soft">
        {fitting.length > shown && (
          <Button onClick={() => setShown(shown + PAGE * 5)}>
            Show more of {plural(fitting.length, 'event')}
          </Button>
        )}
        {answer.hasEarlier && (
          <Button
            busy={answer.isLoadingEarlier}
            onClick={() => void tell(answer.loadEarlier(), 'Earlier events are there')}
          >
            Load earlier
          </Button>
        )}
        {answer.isSuccess && !answer.hasEarlier && (
          <span>{plural(events.length, 'event')}, from the first on</span>
        )}
      </div>
    </div>
  )
}

function Nothing({ troubles, hasEarlier }: { troubles: boolean; hasEarlier: boolean }) {
  return (
    <Empty icon={ListX} title={troubles ? 'Nothing went wrong' : 'No such events'}>
      {hasEarlier ? 'In the events that are loaded; there are earlier ones.' : 'In any event of this job.'}
    </Empty>
  )
}

interface BarProps {
  id: string
  types: readonly string[]
  type: string
  onType: (type: string) => void
  troubles: boolean
  onTroubles: (only: boolean) => void
  onLookBack: () => void
}

function Bar({ id, types, type, onType, troubles, onTroubles, onLookBack }: BarProps) {
  const headway = useHeadway()
  return (
    <div className="flex flex-wrap items-center gap-2">
      <div className="w-48 max-w-full">
        <Select aria-label="Type of event" value={type} onChange={event => onType(event.target.value)}>
          <option value="">Every type</option>
          {types.map(each => (
            <option key={each} value={each}>
              {eventName(each)}
            </option>
          ))}
        </Select>
      </div>
      <label className="flex h-8 cursor-pointer items-center gap-2 text-sm">
        <input
          type="checkbox"
          className="size-4 accent-[var(--accent)]"
          checked={troubles}
          onChange={event => onTroubles(event.target.checked)}
        />
        Only what went wrong
      </label>
      <span className="flex-1" />
      <Button icon={History} onClick={onLookBack}>
        Look back
      </Button>
      <Button
        icon={FileDown}
        label="Export all events"
        onClick={() => void tell(saveEvents(headway, id), 'The events are saved')}
      />
    </div>
  )
}

interface RowProps {
  event: WireEvent
  marked: boolean
  onLookBack: (seq: number) => void
}

function EventRow({ event, marked, onLookBack }: RowProps) {
  const [open, setOpen] = useState(false)
  const trouble = isTrouble(event)
  const words = eventWords(event)
  return (
    <li className={marked ? 'bg-selected' : ''} data-trouble={trouble || undefined}>
      <div className="flex items-center gap-1 pr-1.5">
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="grid min-h-8 min-w-0 flex-1 grid-cols-[6.5rem_minmax(0,1fr)] items-baseline gap-x-3 px-3 py-1 text-left text-sm hover:bg-hover sm:grid-cols-[6.5rem_10rem_minmax(0,1fr)]"
        >
          <span className="text-xs text-soft">
            <Time at={event.at} as="precise" />
          </span>
          <span className={`tone truncate ${trouble ? 'tone-text font-medium' : ''}`} data-tone="failed">
            {eventName(event.type)}
          </span>
          <span className="truncate text-soft max-sm:col-start-2" title={words}>
            {words}
          </span>
        </button>
        <Button
          small
          weight="quiet"
          icon={History}
          label={`Look back to event ${amount(event.seq)}`}
          onClick={() => onLookBack(event.seq)}
        />
      </div>
      {open && (
        <div className="px-3 pb-2">
          <JsonView value={event} label={`event ${event.seq}`} />
        </div>
      )}
    </li>
  )
}
