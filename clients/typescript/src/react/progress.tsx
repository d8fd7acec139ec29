/**
 * A progress bar that tells the truth: how far, how fresh, and that the end is not known where it is not.
 *
 * No styles but a variable: `--headway-share` (0 to 1) for `transform: scaleX(var(--headway-share))`, and `data-state`,
 * `data-freshness`, `data-indeterminate` to choose by. A progressbar is no live region: announce stages and ends elsewhere.
 */
import type { CSSProperties, ReactElement } from 'react'
import type { Sign } from '../quiet.ts'
import type { JobDoc } from '../wire.ts'
import { useFreshness } from './freshness.ts'
import { useJob } from './job.ts'

interface Look {
  /** What a screen reader calls it; default `Progress of KIND`. */
  readonly label?: string
  readonly className?: string
}
export type JobProgressProps = Look &
  ({ readonly id: string; readonly job?: never } | { readonly job: JobDoc; readonly id?: never })

/** The progress of a job, by its id or by a document that is at hand. */
export function JobProgress({ id, job, ...look }: JobProgressProps): ReactElement {
  return job ? <ProgressOfRow job={job} {...look} /> : <ProgressOfId id={id ?? ''} {...look} />
}

function ProgressOfId({ id, ...look }: Look & { readonly id: string }): ReactElement {
  const { job, freshness, quietS } = useJob(id)
  return <Bar job={job} sign={{ freshness, quietS }} {...look} />
}

function ProgressOfRow({ job, ...look }: Look & { readonly job: JobDoc }): ReactElement {
  return <Bar job={job} sign={useFreshness(job)} {...look} />
}

function Bar({ job, sign, label, className }: Look & { job: JobDoc | undefined; sign: Sign }): ReactElement {
  const share = shareOf(job)
  const variable: CSSProperties & Record<'--headway-share', number> = { '--headway-share': share ?? 0 }
  return (
    <div
      role="progressbar"
      className={className ? `headway-progress ${className}` : 'headway-progress'}
      aria-label={label ?? (job ? `Progress of ${job.kind}` : 'Progress')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={share === undefined ? undefined : Math.floor(share * 100)}
      aria-valuetext={valueText(job, share, sign)}
      data-state={job?.state}
      data-freshness={sign.freshness}
      data-indeterminate={share === undefined ? '' : undefined}
      style={variable}
    >
      <div className="headway-progress-bar" />
    </div>
  )
}

/** 0 to 1; undefined: it runs, and how far is not known. */
function shareOf(job: JobDoc | undefined): number | undefined {
  if (!job) return undefined
  if (job.state === 'completed') return 1
  const overall = job.progress?.overall
  const runs = job.state === 'running' || job.state === 'cancelling'
  return overall ?? (runs ? undefined : 0)
}

function valueText(job: JobDoc | undefined, share: number | undefined, { freshness, quietS }: Sign): string {
  if (!job) return 'not known yet'
  const far = share === undefined ? job.state : `${Math.floor(share * 100)} %, ${job.state}`
  const stage = job.state === 'running' && job.progress?.stage ? `, ${job.progress.stage}` : ''
  const doubt =
    freshness === 'quiet' ? `, no update for ${quietS} s` : freshness === 'unknown' ? ', not up to date' : ''
  return far + stage + doubt
}
