// biome-ignore-all lint/a11y/useSemanticElements: rows that stand at places of their own cannot be a <table>
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the page hears the keys of its rows (pagekeys.ts)
// biome-ignore-all lint/a11y/useFocusableInteractive: the focus goes to whole rows
/**
 * One job as a row of the table: subscribed to its own document, so that nothing else is drawn when it moves.
 *
 * Its height is fixed and its place comes by transform. Must never know the list's order or what is selected elsewhere.
 */

import type { JobList } from '@headway/client'
import { useFreshness, useJobRow, useNow } from '@headway/client/react'
import { Ban, RotateCcw } from 'lucide-react'
import { type MouseEvent, memo, type ReactNode } from 'react'
import { useSettings } from '../../app/settings.ts'
import { Button } from '../../kit/button.tsx'
import { line, newest, took } from '../../words/jobs.ts'
import { age, instant } from '../../words/numbers.ts'
import { FINAL, WAITING } from '../../words/states.ts'
import { ACTS } from './acts.ts'
import { Badge, Left, Name, Progress } from './rowcells.tsx'
import type { RowDoes } from './rowdoes.ts'
import { RowMenu } from './rowmenu.tsx'
import { useStill } from './still.ts'

/** One place for the widths, for the head and the rows. */
export const COLUMNS =
  'grid grid-cols-[32px_122px_minmax(110px,1.3fr)_minmax(110px,2fr)_minmax(90px,0.9fr)_104px_60px_64px_68px] max-lg:grid-cols-[32px_122px_minmax(100px,1.3fr)_minmax(100px,2fr)_84px_64px_68px] xl:grid-cols-[32px_122px_minmax(140px,1.3fr)_minmax(150px,2.2fr)_minmax(110px,0.9fr)_108px_minmax(60px,0.5fr)_minmax(72px,0.7fr)_60px_64px_68px]'

export interface RowProps {
  id: string
  list: JobList
  index: number
  top: number
  height: number
  isSelected: boolean
  isActive: boolean
  isPaused: boolean
  does: RowDoes
}

export const JobRow = memo(function JobRow(props: RowProps) {
  const { id, list, index, top, height, isSelected, isActive, isPaused, does } = props
  const job = useStill(useJobRow(list, id), isPaused)
  const isLive = job !== undefined && !FINAL.has(job.state) && !isPaused
  const now = useStill(useNow({ enabled: isLive }), isPaused)
  const { freshness, quietS } = useFreshness(job)
  if (!job) return null
  const shown = FINAL.has(job.state) ? 'fresh' : isPaused ? 'unknown' : freshness // what has ended stays so
  const doing = line(job, now)
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      tabIndex={isActive ? 0 : -1}
      data-id={id}
      data-state={job.state}
      data-gone={list.fits(id) ? undefined : ''}
      onFocus={() => does.activate(id)}
      onClick={event => clicked(event, () => does.open(id))}
      style={{ transform: `translateY(${top}px)`, height }}
      className={`group absolute inset-x-0 top-0 [contain:strict] ${COLUMNS} cursor-pointer items-center border-b border-line text-sm hover:bg-hover focus-visible:-outline-offset-2 aria-selected:bg-selected data-gone:opacity-60`}
    >
      <Cell className="h-full">
        <label className="-mx-1.5 flex h-full items-center justify-center">
          <input
            type="checkbox"
            tabIndex={-1}
            checked={isSelected}
            aria-label={`Select ${job.kind} ${id}`}
            onChange={() => {}}
            onClick={event => does.select(id, event.shiftKey)}
            className="size-4 shrink-0 accent-accent"
          />
        </label>
      </Cell>
      <Cell>
        <Badge job={job} />
      </Cell>
      <Cell className="flex flex-col justify-center in-data-[density=compact]:flex-row in-data-[density=compact]:items-center in-data-[density=compact]:justify-start in-data-[density=compact]:gap-2">
        <Name job={job} />
      </Cell>
      <Cell className={job.state === 'failed' ? 'text-failed' : 'text-soft'}>
        <div
          className="line-clamp-2 leading-[18px] break-words in-data-[density=compact]:line-clamp-1"
          title={doing}
        >
          {doing}
        </div>
      </Cell>
      <Cell className="flex items-center gap-2">
        <Progress job={job} freshness={shown} />
      </Cell>
      <Cell className="truncate text-right tabular-nums max-lg:hidden">
        <Left job={job} now={now} freshness={isPaused ? 'fresh' : freshness} quietS={quietS} />
      </Cell>
      <Cell className="truncate text-soft max-xl:hidden">
        <span title={job.queue}>{job.queue}</span>
      </Cell>
      <Cell className="truncate text-soft max-xl:hidden">
        <span title={job.worker}>{job.worker ?? ''}</span>
      </Cell>
      <When at={newest(job)} isStill={isPaused} />
      <Cell className="truncate text-right tabular-nums">{WAITING.has(job.state) ? '' : took(job, now)}</Cell>
      <Cell className="flex items-center justify-end">
        <Quick id={id} isFinal={FINAL.has(job.state)} canCancel={ACTS.cancel.fits(job)} does={does} />
        <RowMenu id={id} state={job.state} held={job.held ?? false} does={does} />
      </Cell>
    </div>
  )
})

function Cell({ children, className = '' }: { children: ReactNode; className?: string }) {
  return (
    <div role="gridcell" className={`min-w-0 px-1.5 ${className}`}>
      {children}
    </div>
  )
}

function When({ at: [word, at], isStill }: { at: readonly [string, string]; isStill: boolean }) {
  const { zone } = useSettings()
  const now = useStill(useNow({ enabled: !isStill }), isStill)
  return (
    <Cell className="truncate text-right text-soft tabular-nums max-lg:hidden">
      <time dateTime={at} title={`${word} ${instant(at, 'full', zone)}`}>
        {age((now - Date.parse(at)) / 1000)}
      </time>
    </Cell>
  )
}

interface QuickProps {
  id: string
  isFinal: boolean
  canCancel: boolean
  does: RowDoes
}

/** The one thing that is most often done, for pointer and keyboard alike; all else is in the menu. */
const Quick = memo(function Quick({ id, isFinal, canCancel, does }: QuickProps) {
  const action = isFinal ? 'retry' : 'cancel'
  if (!isFinal && !canCancel) return null
  return (
    <span className="opacity-0 group-focus-within:opacity-100 group-hover:opacity-100">
      <Button
        small
        weight="quiet"
        tabIndex={-1}
        icon={isFinal ? RotateCcw : Ban}
        label={ACTS[action].word}
        onClick={() => does.act(action, id)}
      />
    </span>
  )
})

/** A click on what does something itself, or that ends a selection of text, does not open the job. */
export function clicked(event: MouseEvent<HTMLElement>, open: () => void): void {
  const target = event.target instanceof Element ? event.target : null
  if (target?.closest('a, button, input, label, [role="menu"], [popover]')) return
  if (String(getSelection() ?? '')) return
  open()
}
