/** The overview of a job: what went wrong, where its time went, the receipt of a cancel, what was noted, all its facts. */

import type { JobDoc } from '@headway/client'
import { CircleAlert, ListChecks, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link } from '../../app/router.tsx'
import { Chip } from '../../kit/badge.tsx'
import { CopyButton } from '../../kit/copy.tsx'
import { Fact, Facts, Panel } from '../../kit/panel.tsx'
import { Time } from '../../kit/time.tsx'
import { toolResult } from '../../words/contents.ts'
import { worded } from '../../words/jobs.ts'
import { amount, plural, size, spent } from '../../words/numbers.ts'
import { Answered } from './answered.tsx'
import { TimeChart } from './chart.tsx'
import { attemptsOf } from './facts.ts'
import { Failure } from './failure.tsx'
import { Gallery } from './gallery.tsx'
import { Result } from './inout.tsx'
import { JsonView } from './jsonview.tsx'
import { WorkerLink } from './links.tsx'
import { sortedFiles } from './previews.ts'
import { Receipt } from './receiptpanel.tsx'

export function Overview({ job, now }: { job: JobDoc; now: number }) {
  return (
    <div className="grid items-start gap-3 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-3 lg:col-span-2">
        {job.error && <Failure error={job.error} open />}
        {gaveContent(job) ? (
          <Panel title="Result">
            <Result job={job} />
          </Panel>
        ) : (
          <Pictures job={job} />
        )}
        <TimeChart job={job} now={now} />
      </div>
      <div className="peer flex min-w-0 flex-col gap-3 empty:hidden">
        <Receipt job={job} />
        <Answered job={job} />
        <Notes job={job} />
        <Steps job={job} />
        <Attempts job={job} />
        {job.details !== undefined && (
          <Panel title="Details of its progress">
            <JsonView value={job.details} label="details" />
          </Panel>
        )}
      </div>
      <AllFacts job={job} />
    </div>
  )
}

/** What a tool gave has its pictures in it, in their places. */
function gaveContent(job: JobDoc): boolean {
  if (job.result === undefined) return Boolean(job.result_bytes) && job.kind.startsWith('mcp.')
  return toolResult(job.result) !== undefined
}

const MOST_PICTURES = 6

/** The first of its pictures: what one looks for when it made any. */
function Pictures({ job }: { job: JobDoc }) {
  const { pictures } = sortedFiles(job.artifacts)
  if (!pictures.length) return null
  const more = pictures.length - MOST_PICTURES
  return (
    <Panel
      title={plural(pictures.length, 'picture')}
      actions={
        more > 0 && (
          <Link
            to="/jobs/$id"
            params={{ id: job.id }}
            search={{ tab: 'files' }}
            className="text-sm text-accent"
          >
            {amount(more)} more
          </Link>
        )
      }
    >
      <Gallery id={job.id} pictures={pictures.slice(0, MOST_PICTURES)} />
    </Panel>
  )
}

function Notes({ job }: { job: JobDoc }) {
  const notes = job.notes ?? []
  if (!notes.length) return null
  const all = (job.warnings ?? 0) + (job.errors ?? 0)
  const title =
    all > notes.length ? `The newest ${notes.length} of ${amount(all)} notes` : plural(all, 'note')
  return (
    <Panel title={title}>
      <ul className="flex flex-col gap-1.5">
        {notes.toReversed().map(note => (
          <li
            key={`${note.at} ${note.message}`}
            className="tone flex items-start gap-2 text-sm"
            data-tone={note.level === 'error' ? 'failed' : 'warn'}
          >
            {note.level === 'error' ? (
              <CircleAlert aria-hidden size={15} className="tone-text mt-0.5 shrink-0" />
            ) : (
              <TriangleAlert aria-hidden size={15} className="tone-text mt-0.5 shrink-0" />
            )}
            <span className="sr-only">{note.level}: </span>
            <span className="line-clamp-4 min-w-0 flex-1 break-words" title={note.message}>
              {note.message}
            </span>
            <span className="shrink-0 text-xs text-soft">
              <Time at={note.at} as="time" />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Steps({ job }: { job: JobDoc }) {
  const steps = job.last_steps ?? []
  if (!steps.length) return null
  const earlier = (job.steps ?? 0) - steps.length
  return (
    <Panel title={`${plural(job.steps ?? steps.length, 'step')} done`}>
      <ol className="flex flex-col gap-1 text-sm">
        {earlier > 0 && <li className="text-soft">{amount(earlier)} earlier</li>}
        {numbered(steps, earlier).map(([number, step]) => (
          <li key={number} className="flex items-center gap-2">
            <ListChecks aria-hidden size={14} className="shrink-0 text-soft" />
            <span className="truncate" title={step}>
              {step}
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  )
}

function numbered(steps: readonly string[], earlier: number): readonly (readonly [number, string])[] {
  return steps.map((step, index) => [earlier + index + 1, step] as const)
}

const QUIETLY: ReadonlySet<string> = new Set(['succeeded', 'cancelled'])

/** Attempts that went wrong, each with why: the last one's error is the job's and stands above. */
function Attempts({ job }: { job: JobDoc }) {
  const told = attemptsOf(job).filter(
    attempt =>
      attempt.outcome &&
      !QUIETLY.has(attempt.outcome) &&
      (attempt.error ?? attempt.reason) &&
      !(job.error && attempt.number === job.attempt),
  )
  if (!told.length) return null
  return (
    <Panel title="Attempts that did not succeed">
      <ul className="flex flex-col gap-3">
        {told.toReversed().map(attempt => (
          <li key={attempt.number} className="flex flex-col gap-1">
            <p className="text-sm">
              Attempt {attempt.number} {worded(attempt.outcome)}
              <span className="text-soft">
                {' '}
                · <Time at={attempt.ended_at} as="time" /> · {attempt.worker}
                {attempt.counted === false && ' · not counted as a try'}
              </span>
            </p>
            {attempt.error ? (
              <Failure error={attempt.error} />
            ) : (
              <p className="text-sm text-soft break-words">{attempt.reason}</p>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function AllFacts({ job }: { job: JobDoc }) {
  const { options } = job
  const optional: readonly (readonly [string, ReactNode])[] = [
    ['Reason', job.reason && worded(job.reason)],
    ['To start', job.run_at && <Time at={job.run_at} as="day" />],
    ['Queued', job.queued_at && <Time at={job.queued_at} as="precise" />],
    ['Started', job.started_at && <Time at={job.started_at} as="precise" />],
    ['Ended', job.finished_at && <Time at={job.finished_at} as="precise" />],
    ['Expires', job.expires_at && <Time at={job.expires_at} as="day" />],
    ['Needs', pairs(job.requires)],
    ['Unique by', job.unique],
    ['Limit key', job.limit_key],
    ['Adopted', job.adopted && (job.external_id ?? 'yes')],
    ['Timeout', seconds(options.timeout_s)],
    ['Without progress', seconds(options.progress_timeout_s)],
    ['Grace of a cancel', seconds(options.cancel_grace_s)],
    ['Pause before a retry', pause(options.backoff_s, options.backoff_cap_s)],
    ['When lost', options.on_lost],
    [
      'Keeps away from',
      job.avoid &&
        Object.keys(job.avoid).length > 0 &&
        Object.keys(job.avoid).map(id => <WorkerLink key={id} worker={id} />),
    ],
    [
      'Log',
      job.log_lines !== undefined &&
        `${plural(job.log_lines, 'line')}${job.log_cut ? `, cut: ${job.log_cut}` : ''}`,
    ],
    ['Result', job.result_bytes !== undefined && size(job.result_bytes)],
  ]
  return (
    <Panel title="Facts" className="lg:peer-empty:col-span-2">
      <Facts>
        <Fact name="Id">
          <span className="flex items-center gap-1">
            <span className="truncate font-mono text-xs" title={job.id}>
              {job.id}
            </span>
            <CopyButton text={job.id} label="Copy the id" />
          </span>
        </Fact>
        <Fact name="Made">
          <Time at={job.created_at} as="full" />
          {job.submitted_by && ` by ${job.submitted_by}`}
        </Fact>
        <Fact name="Input">{size(job.args_bytes)}</Fact>
        <Fact name="Tries">
          {job.tries} of {job.max_attempts} used
        </Fact>
        {optional.map(([name, value]) =>
          value ? (
            <Fact key={name} name={name}>
              {value}
            </Fact>
          ) : null,
        )}
        <Fact name="Last event">{amount(job.seq)}</Fact>
      </Facts>
    </Panel>
  )
}

function seconds(value: number | null | undefined): string | undefined {
  return value === undefined || value === null ? undefined : spent(value)
}
function pause(first: number | undefined, cap: number | undefined): string | undefined {
  if (first === undefined) return undefined
  return cap === undefined ? spent(first) : `${spent(first)}, doubled up to ${spent(cap)}`
}
function pairs(values: Readonly<Record<string, string>> | undefined): ReactNode {
  const entries = Object.entries(values ?? {})
  if (!entries.length) return undefined
  return (
    <span className="flex flex-wrap gap-1">
      {entries.map(([name, value]) => (
        <Chip key={name} name={name}>
          {value}
        </Chip>
      ))}
    </span>
  )
}
