/**
 * The line over the list: how many there are, and whatever limits that: paused, cut, sorted in part, more may match.
 *
 * Always there and always as high, so that nothing said in it moves the rows. Must never know where the facts come from.
 */

import { ArrowDownWideNarrow, Pause, Play, RotateCw } from 'lucide-react'
import { Button } from '../../kit/button.tsx'
import { Menu } from '../../kit/menu.tsx'
import { amount, plural } from '../../words/numbers.ts'
import type { Jobs } from './jobs.ts'
import { NoWorker } from './noworker.tsx'

export const SORTS = [
  ['created', 'Newest first'],
  ['activity', 'Last activity'],
  ['finished', 'Last ended'],
  ['priority', 'Priority'],
  ['duration', 'Longest'],
] as const
export type Sort = (typeof SORTS)[number][0]

interface StatusLineProps {
  jobs: Jobs
  sort: Sort
  onSort: (sort: Sort) => void
  isPaused: boolean
  onPause: () => void
  hasNoWorker: boolean
}

export function StatusLine({ jobs, sort, onSort, isPaused, onPause, hasNoWorker }: StatusLineProps) {
  return (
    <div className="flex min-h-7 items-center gap-x-3 text-xs text-soft max-sm:flex-wrap">
      <p className="min-w-0 truncate tabular-nums">{howMany(jobs)}</p>
      {jobs.partial && (
        <span
          className="shrink-0 text-warn"
          title="The server searched as far as it may at once; load more to go on."
        >
          partial
        </span>
      )}
      {jobs.mayMatch > 0 && (
        <Button small icon={RotateCw} onClick={() => void jobs.refresh()}>
          {amount(jobs.mayMatch)} may match
        </Button>
      )}
      {hasNoWorker && <NoWorker />}
      <div className="ml-auto flex shrink-0 items-center gap-1.5">
        <p role="status" className="text-warn">
          {isPaused && 'Live updates are paused'}
        </p>
        <Button
          small
          weight={isPaused ? 'primary' : 'quiet'}
          icon={isPaused ? Play : Pause}
          aria-pressed={isPaused}
          onClick={onPause}
        >
          {isPaused ? 'Resume' : 'Pause'}
        </Button>
        <Menu
          small
          weight="quiet"
          icon={ArrowDownWideNarrow}
          items={SORTS.map(([id, word]) => ({
            label: word,
            onSelect: () => onSort(id),
            ...(id === sort ? { hint: '✓' } : {}),
          }))}
        >
          {SORTS.find(([id]) => id === sort)?.[1]}
        </Menu>
      </div>
    </div>
  )
}

function howMany({ ids, total, complete, sortedLoaded, status }: Jobs): string {
  if (status !== 'success') return ''
  const loaded =
    complete || total === ids.length
      ? plural(total ?? ids.length, 'job')
      : `${amount(ids.length)} loaded${total === undefined ? '' : ` of ${plural(total, 'job')}`}`
  return sortedLoaded && !complete ? `${loaded} · sorted among the loaded` : loaded
}
