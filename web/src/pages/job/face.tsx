/** The face of a job: how far it is, what it does, how long it may take, and the facts one asks for first.
 * Draws whatever document and instant it is given, the present or the past; knows neither stream nor clock. */

import type { JobDoc } from '@headway/client'
import { MessageSquareWarning, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { Bar, type Freshness } from '../../kit/bar.tsx'
import { Time } from '../../kit/time.tsx'
import { attemptOf, counted, left, line } from '../../words/jobs.ts'
import { age, amount, clock, percent, plural } from '../../words/numbers.ts'
import { ACTIVE, FINAL, lookOf } from '../../words/states.ts'
import { attemptWords, lastSign, overallOf, spanOf } from './facts.ts'
import { JobLink, LabelLink, QueueLink, WorkerLink } from './links.tsx'

interface FaceProps {
  job: JobDoc
  /** The instant it is looked at (ms), and the one to which the time left is counted down. */
  now: number
  countedTo: number
  freshness: Freshness
  quietS: number
  totalWas?: number | undefined
  onTroubles?: () => void
  /** It shows how the job was. */
  isPast?: boolean
  /** It waits for the approval of its tool. */
  unapproved?: boolean
}

export function Face(props: FaceProps) {
  const { job } = props
  return (
    <section
      aria-label={props.isPast ? 'Progress as it was' : 'Progress'}
      className={`rounded-lg border bg-card ${props.isPast ? 'border-dashed border-scheduled' : 'border-line'}`}
    >
      <div className="flex flex-col gap-2.5 p-3 sm:p-4">
        <HowFar {...props} />
        <Sign {...props} />
      </div>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2.5 border-t border-line p-3 sm:grid-cols-[repeat(auto-fill,minmax(7.5rem,1fr))] sm:p-4">
        <FirstFacts {...props} />
      </dl>
      {Object.keys(job.labels ?? {}).length > 0 && (
        <ul aria-label="Labels" className="flex flex-wrap gap-1.5 border-t border-line px-3 py-2.5 sm:px-4">
          {Object.entries(job.labels).map(([name, value]) => (
            <li key={name} className="max-w-full">
              <LabelLink name={name} value={value} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** How far it is, what it does, and how long it may still take. */
export function HowFar({ job, now, countedTo, freshness, unapproved }: FaceProps) {
  const fraction = overallOf(job)
  const { tone } = lookOf(job.state)
  const remaining = left(job, countedTo)
  const said = saying(job, now, unapproved)
  return (
    <>
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-1">
        <div className="flex min-w-0 flex-1 basis-64 items-baseline gap-3">
          <p className="tone shrink-0 text-[32px] leading-9 font-semibold tracking-tight" data-tone={tone}>
            {bigText(job, fraction, now)}
          </p>
          <p className="line-clamp-2 min-w-0 text-sm break-words sm:line-clamp-1 sm:break-all" title={said}>
            {said}
          </p>
        </div>
        {remaining && (
          <p
            className="min-w-0 text-sm sm:shrink-0 sm:text-right"
            data-frozen={freshness !== 'fresh' || undefined}
          >
            <span className={freshness === 'fresh' ? 'font-medium' : 'font-medium text-soft'}>
              {remaining}
              {/\d/.test(remaining) && ' left'}
            </span>
            <span className="text-soft"> · {job.estimate?.basis}</span>
            {freshness !== 'fresh' && <span className="text-soft"> · clock stopped</span>}
          </p>
        )}
      </div>
      {fraction !== undefined && (
        <Bar
          thick
          fraction={fraction}
          tone={tone}
          freshness={standing(job, freshness)}
          label={`Progress of ${job.kind}`}
        />
      )}
    </>
  )
}

/** What waits for an answer does not move. */
function standing(job: JobDoc, freshness: Freshness): Freshness {
  return job.input && freshness === 'fresh' ? 'quiet' : freshness
}

/** What its line says; that somebody's words are the reason of a cancel is said. */
function saying(job: JobDoc, now: number, unapproved: boolean | undefined): string {
  const reason = job.state === 'cancelled' && job.cancel?.reason
  return reason ? `cancelled: “${line(job, now)}”` : line(job, now, unapproved)
}

/** The share; without one the count, without that the time. */
function bigText(job: JobDoc, fraction: number | null | undefined, now: number): string {
  if (typeof fraction === 'number') return percent(fraction)
  if (ACTIVE.has(job.state) && job.progress) return counted(job.progress) || spanOf(job, now).text
  return spanOf(job, now).text
}

/** Whether what is shown is to be believed, and what has changed under it. */
export function Sign({ job, freshness, quietS, totalWas }: FaceProps) {
  const said: ReactNode[] = []
  if (job.input && job.state === 'running')
    said.push(<span key="input">stands still until somebody answers</span>)
  else if (freshness === 'quiet') {
    said.push(
      <span key="quiet" className="tone tone-text" data-tone="warn">
        no update for {age(quietS)}
      </span>,
    )
  }
  if (freshness === 'unknown' && ACTIVE.has(job.state))
    said.push(<span key="unknown">this page is cut off: how far it is now is not known</span>)
  if (totalWas !== undefined && job.progress?.total !== undefined) {
    said.push(
      <span key="total">
        total changed {amount(totalWas)} → {amount(job.progress.total)}
      </span>,
    )
  }
  if (!said.length) return null
  return <p className="flex flex-wrap gap-x-3 gap-y-1 text-sm text-soft">{said}</p>
}

function FirstFacts({ job, now, freshness, onTroubles }: FaceProps) {
  const span = spanOf(job, now)
  const sign = lastSign(job)
  const worker = job.worker ?? attemptOf(job)?.worker
  const lineage: readonly (readonly [string, readonly string[]])[] = [
    ['Retry of', job.retry_of ? [job.retry_of] : []],
    ['Retried by', job.retried_by ? [job.retried_by] : []],
    ['Made by job', job.parent ? [job.parent] : []],
    ['Waits for', job.after ?? []],
  ]
  return (
    <>
      <Item name={span.word.replace(/^./, letter => letter.toUpperCase())}>
        {span.text}
        {ownTime(job, now)}
        {job.finished_at && (
          <span className="block text-soft">
            ended <Time at={job.finished_at} as="day" />
          </span>
        )}
      </Item>
      {attemptWords(job) && <Item name="Attempt">{attemptWords(job).replace(/^attempt /, '')}</Item>}
      {worker && (
        <Item name={FINAL.has(job.state) ? 'Ran on' : 'Worker'}>
          <WorkerLink worker={worker} />
        </Item>
      )}
      <Item name="Queue">
        <QueueLink queue={job.queue} />
      </Item>
      <Item name="Priority">{amount(job.priority)}</Item>
      <Item name="Made">
        <Time at={job.created_at} as="day" />
        {job.submitted_by && (
          <span className="block truncate text-soft" title={job.submitted_by}>
            by {job.submitted_by}
          </span>
        )}
      </Item>
      {sign && <Item name="Last sign of life">{freshness === 'unknown' ? 'unknown' : since(sign, now)}</Item>}
      {lineage.map(
        ([name, ids]) =>
          ids.length > 0 && (
            <Item key={name} name={name}>
              <span className="flex flex-wrap gap-x-2">
                {ids.slice(0, 4).map(id => (
                  <JobLink key={id} id={id} />
                ))}
                {ids.length > 4 && <span className="text-soft">and {ids.length - 4} more</span>}
              </span>
            </Item>
          ),
      )}
      <Troubles job={job} onTroubles={onTroubles} />
    </>
  )
}

/** Of an attempt that is not the first: how much of it is its own. */
function ownTime(job: JobDoc, now: number): ReactNode {
  const started = attemptOf(job)?.started_at
  if (!ACTIVE.has(job.state) || job.attempt < 2 || !started) return null
  return <span className="block text-soft">this attempt {clock((now - Date.parse(started)) / 1000)}</span>
}

function since(sign: string, now: number): string {
  const seconds = (now - Date.parse(sign)) / 1000
  return seconds < 1 ? 'now' : `${age(seconds)} ago`
}

function Troubles({ job, onTroubles }: { job: JobDoc; onTroubles?: (() => void) | undefined }) {
  const [warnings, errors] = [job.warnings ?? 0, job.errors ?? 0]
  if (!warnings && !errors) return null
  const words = [errors ? plural(errors, 'error') : '', warnings ? plural(warnings, 'warning') : '']
  const Icon = errors ? TriangleAlert : MessageSquareWarning
  return (
    <Item name="Noted">
      <button
        type="button"
        onClick={onTroubles}
        data-tone={errors ? 'failed' : 'warn'}
        className="tone tone-text inline-flex min-h-6 items-center gap-1.5 whitespace-nowrap underline-offset-2 hover:underline"
      >
        <Icon aria-hidden size={15} />
        {words.filter(Boolean).join(', ')}
      </button>
    </Item>
  )
}

function Item({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-soft">{name}</dt>
      <dd className="m-0 min-w-0 text-sm break-words">{children}</dd>
    </div>
  )
}
