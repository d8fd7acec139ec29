/** The parts of a job that its row in the table and its card on a phone have in common. */

import type { JobDoc } from '@headway/client'
import { Link } from '../../app/router.tsx'
import { StateBadge } from '../../kit/badge.tsx'
import { Bar, type Freshness } from '../../kit/bar.tsx'
import { left, lookOfJob, overall, shortId, worded } from '../../words/jobs.ts'
import { amount, percent } from '../../words/numbers.ts'
import { ACTIVE, type Tone } from '../../words/states.ts'

export function Badge({ job }: { job: JobDoc }) {
  return <StateBadge still state={job.state} look={lookOfJob(job)} title={job.reason && worded(job.reason)} />
}

/** Kind as the link to its page, the end of its id, its labels as far as there is room: the kind gives way last of all,
 * a fifth of a pixel would end it in dots. */
export function Name({ job }: { job: JobDoc }) {
  return (
    <>
      <Link
        to="/jobs/$id"
        params={{ id: job.id }}
        tabIndex={-1}
        title={job.kind}
        className="min-w-0 truncate font-medium hover:underline"
      >
        {job.kind}
      </Link>
      <span className="flex h-[18px] min-w-[7ch] shrink-[99999] flex-wrap items-center gap-1 overflow-hidden text-xs text-soft">
        <span className="shrink-0 font-mono" title={job.id}>
          {shortId(job.id)}
        </span>
        {job.priority !== 0 && (
          <span className="shrink-0" title={`Priority ${amount(job.priority)}`}>
            {job.priority > 0 ? '▲' : '▼'}
            {amount(Math.abs(job.priority))}
          </span>
        )}
        <Labels labels={job.labels} />
      </span>
    </>
  )
}

function Labels({ labels = {} }: { labels: JobDoc['labels'] | undefined }) {
  return Object.entries(labels).map(([name, value]) => (
    <span key={name} className="max-w-full truncate rounded bg-well px-1" title={`${name}: ${value}`}>
      {value || name}
    </span>
  ))
}

const TONES: Readonly<Record<string, Tone>> = {
  cancelling: 'cancelling',
  failed: 'failed',
  cancelled: 'cancelled',
}

/** The bar and its percent, of what runs and of what stopped on the way. Nothing where there is no way to be seen. */
export function Progress({ job, freshness }: { job: JobDoc; freshness: Freshness }) {
  const fraction = overall(job)
  if (!ACTIVE.has(job.state) && (job.state === 'completed' || !fraction)) return null
  return (
    <>
      <Bar
        fraction={fraction}
        label={`Progress of ${job.kind} ${shortId(job.id)}`}
        tone={TONES[job.state] ?? 'running'}
        freshness={freshness}
      />
      <span className="w-9 shrink-0 text-right text-xs tabular-nums">
        {fraction === null ? '' : percent(fraction)}
      </span>
    </>
  )
}

/** How long it may still take; where nothing was heard for long, that instead. */
export function Left({
  job,
  now,
  freshness,
  quietS,
}: {
  job: JobDoc
  now: number
  freshness: Freshness
  quietS: number
}) {
  if (job.input) return null // it stands still until somebody answers
  if (freshness === 'quiet' && quietS > 0)
    return (
      <span className="text-warn" title={`No update for ${amount(quietS)} seconds`}>
        quiet {amount(quietS)} s
      </span>
    )
  return freshness === 'unknown' ? null : left(job, now)
}
