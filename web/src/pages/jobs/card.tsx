/** One job as a card, for a phone: the same facts as its row, one thing to press, nothing beside the screen. */

import type { JobDoc } from '@headway/client'
import { useFreshness, useJobRow, useNow } from '@headway/client/react'
import { memo, type ReactNode } from 'react'
import { Button } from '../../kit/button.tsx'
import { line, newest, took } from '../../words/jobs.ts'
import { age } from '../../words/numbers.ts'
import { ACTIVE, FINAL } from '../../words/states.ts'
import { ACTS } from './acts.ts'
import { clicked, type RowProps } from './row.tsx'
import { Badge, Left, Name, Progress } from './rowcells.tsx'
import { RowMenu } from './rowmenu.tsx'
import { useStill } from './still.ts'

/** Pixels from one card to the next. */
export const CARD = 124

export const JobCard = memo(function JobCard(props: RowProps) {
  const { id, list, index, top, height, isSelected, isPaused, does } = props
  const job = useStill(useJobRow(list, id), isPaused)
  const isFinal = job !== undefined && FINAL.has(job.state)
  const now = useStill(useNow({ enabled: !isPaused }), isPaused)
  const { freshness, quietS } = useFreshness(job)
  if (!job) return null
  const shown = FINAL.has(job.state) ? 'fresh' : isPaused ? 'unknown' : freshness // what has ended stays so
  const doing = line(job, now)
  const action = isFinal ? 'retry' : 'cancel'
  return (
    <li
      aria-posinset={index + 1}
      className="absolute inset-x-0 top-0 pb-2"
      style={{ transform: `translateY(${top}px)`, height }}
    >
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: its link is for the keyboard */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the whole card is a larger target for its link */}
      <div
        data-id={id}
        data-state={job.state}
        data-selected={isSelected || undefined}
        onClick={event => clicked(event, () => does.open(id))}
        className="flex h-full flex-col gap-1 rounded-lg border border-line bg-card p-2.5 text-sm data-selected:border-accent data-selected:bg-selected"
      >
        <div className="flex items-center gap-2">
          <label className="-my-1 -ml-1 flex size-8 shrink-0 items-center justify-center">
            <input
              type="checkbox"
              checked={isSelected}
              aria-label={`Select ${job.kind} ${id}`}
              onChange={() => {}}
              onClick={event => does.select(id, event.shiftKey)}
              className="size-4.5 accent-accent"
            />
          </label>
          <div className="flex min-w-0 flex-1 items-baseline gap-2">
            <Name job={job} />
          </div>
          <Badge job={job} />
        </div>
        <div className="flex items-center gap-2">
          <p
            className={`min-w-0 flex-1 truncate ${job.state === 'failed' ? 'text-failed' : 'text-soft'}`}
            title={doing}
          >
            {doing}
          </p>
          <div className="flex max-w-28 flex-1 items-center gap-2 empty:hidden">
            <Progress job={job} freshness={shown} />
          </div>
        </div>
        <div className="mt-auto flex items-center gap-2">
          <span className="min-w-0 flex-1 truncate text-xs text-soft tabular-nums">
            <Times job={job} now={now}>
              <Left job={job} now={now} freshness={isPaused ? 'fresh' : freshness} quietS={quietS} />
            </Times>
          </span>
          {(isFinal || ACTS.cancel.fits(job)) && (
            <Button
              icon={ACTS[action].icon}
              weight={isFinal ? 'plain' : 'danger'}
              className="h-9"
              onClick={() => does.act(action, id)}
            >
              {ACTS[action].word}
            </Button>
          )}
          <RowMenu id={id} state={job.state} held={job.held ?? false} does={does} />
        </div>
      </div>
    </li>
  )
})

/** `0:24–2:12 left · 0:13`, `created 52 s ago`, `ended 2 min ago · took 0:13`. */
function Times({ job, now, children }: { job: JobDoc; now: number; children: ReactNode }) {
  const [word, at] = newest(job)
  const was = `${word} ${age((now - Date.parse(at)) / 1000)} ago`
  if (ACTIVE.has(job.state))
    return (
      <>
        {took(job, now)} <span className="ml-2">{children}</span>
      </>
    )
  const spent = FINAL.has(job.state) && took(job, now)
  return spent ? `${was} · took ${spent}` : was
}
