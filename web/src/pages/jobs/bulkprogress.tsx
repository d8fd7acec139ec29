/** How far an action on many jobs has come: it is a job itself, with progress, refusals and a page of its own. */

import type { JobDoc } from '@headway/client'
import { useJob } from '@headway/client/react'
import { X } from 'lucide-react'
import type { BulkAction } from '../../app/copyas.ts'
import { Link } from '../../app/router.tsx'
import { Bar } from '../../kit/bar.tsx'
import { Button } from '../../kit/button.tsx'
import { overall, why, worded } from '../../words/jobs.ts'
import { amount } from '../../words/numbers.ts'
import type { Tone } from '../../words/states.ts'
import { ACTS } from './acts.ts'

interface BulkProgressProps {
  job: string
  action: BulkAction
  onDismiss: () => void
}

export function BulkProgress({ job: id, action, onDismiss }: BulkProgressProps) {
  const { job, freshness, settled } = useJob(id, { throttleMs: 100 })
  const tone = job ? toneOf(job, settled) : 'running'
  return (
    <section
      aria-label="Progress of the action"
      className="pointer-events-auto flex w-full max-w-lg items-center gap-3 rounded-lg border border-line-strong bg-raised py-1.5 pr-1.5 pl-3 text-sm shadow-raised"
    >
      <div className="min-w-0 flex-1">
        <p className="truncate">{job ? said(job, action) : 'Begun…'}</p>
        <Bar
          fraction={job ? overall(job) : null}
          label={`${ACTS[action].word} of many jobs`}
          tone={tone}
          freshness={freshness}
        />
      </div>
      <Link to="/jobs/$id" params={{ id }} className="rounded px-1.5 py-1 text-accent hover:underline">
        Open
      </Link>
      <Button small weight="quiet" icon={X} label="Dismiss" onClick={onDismiss} />
    </section>
  )
}

interface Tally {
  readonly matched: number
  readonly done: number
  readonly refused: Readonly<Record<string, number>>
}

function isTally(result: unknown): result is Tally {
  return (
    typeof result === 'object' &&
    result !== null &&
    'matched' in result &&
    'done' in result &&
    'refused' in result
  )
}

function toneOf({ state, result }: JobDoc, isSettled: boolean): Tone {
  if (state === 'failed') return 'failed'
  const isPart = isTally(result) && result.done < result.matched
  return isPart ? 'warn' : isSettled ? 'completed' : 'running'
}

/** `420 of 1,204 cancelled`, and in the end how many were refused, and why. */
export function said(job: JobDoc, action: BulkAction): string {
  const word = ACTS[action].done
  if (job.state === 'completed' && isTally(job.result)) {
    const { matched, done, refused } = job.result
    const not = Object.entries(refused).map(([code, number]) => `${amount(number)} ${worded(code)}`)
    return [`${amount(done)} of ${amount(matched)} ${word}`, ...not].join(' · ')
  }
  if (job.state === 'failed') return `Stopped: ${why(job)}`
  if (job.state === 'cancelled') return 'Stopped on the way; what was done stays done'
  const { current, total } = job.progress ?? {}
  return current === undefined || total === undefined
    ? `${ACTS[action].word}…`
    : `${amount(current)} of ${amount(total)} ${word}`
}
