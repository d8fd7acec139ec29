/** Queues: how much waits and runs, how long it waits, and the controls: pause, limit, clear. */

import { quotedWhereNeeded } from '@headway/client'
import type { QueueRow } from '@headway/client/react'
import { useHeadway, useQueues } from '@headway/client/react'
import { useQuery } from '@tanstack/react-query'
import { EllipsisVertical, Gauge, Layers, OctagonPause, Play, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTitle } from '../../app/pulse.ts'
import { Link } from '../../app/router.tsx'
import { tell } from '../../app/toasts.tsx'
import { StateBadge } from '../../kit/badge.tsx'
import { Button } from '../../kit/button.tsx'
import { Find, isFound } from '../../kit/find.tsx'
import { Menu } from '../../kit/menu.tsx'
import { Empty, Page, Panel, Problem } from '../../kit/panel.tsx'
import { Time } from '../../kit/time.tsx'
import { brief, plural, spent } from '../../words/numbers.ts'
import { JOB_STATES, type JobState, lookOf } from '../../words/states.ts'
import { ClearDialog, LimitDialog, PauseDialog } from './dialogs.tsx'

const SHOWN: readonly JobState[] = ['scheduled', 'blocked', 'queued', 'running', 'cancelling']

export function QueuesPage() {
  useTitle('Queues')
  const { data: queues, error, isPending } = useQueues()
  const waits = useWaits()
  const [text, setText] = useState('')
  const found = queues?.filter(row => isFound(row.name, text))
  return (
    <Page
      title="Queues"
      about={queues && `${plural(queues.length, 'queue')} · waits and throughput of the last hour`}
      actions={<Find label="Find a queue" among={queues?.length ?? 0} value={text} onChange={setText} />}
    >
      {error && <Problem error={error} />}
      {!isPending && queues?.length === 0 && (
        <Panel>
          <Empty icon={Layers} title="No queue yet">
            A queue is there as soon as a job names it; the first job without one makes “default”.
          </Empty>
        </Panel>
      )}
      {text && found?.length === 0 && (
        <p className="text-sm text-soft">None of the {plural(queues?.length ?? 0, 'queue')} is called so.</p>
      )}
      <ul className="grid grid-cols-1 gap-3 md:grid-cols-2 2xl:grid-cols-3">
        {found?.map(row => (
          <li key={row.name}>
            <Queue row={row} wait={waits[row.name]} />
          </li>
        ))}
      </ul>
    </Page>
  )
}

export interface Waits {
  readonly finished: number
  readonly wait?: { readonly p50_s: number; readonly p95_s: number }
  readonly run?: { readonly p50_s: number; readonly p95_s: number }
}

/** Percentiles of the last hour, by queue; asked every 15 s while the page is open: they are history, not live state. */
function useWaits(): Readonly<Record<string, Waits>> {
  const headway = useHeadway()
  const { data } = useQuery({
    queryKey: ['stats', '1h'],
    queryFn: () => headway.stats({ since: '1h' }),
    refetchInterval: 15_000,
  })
  return data?.queues ?? {}
}

function Queue({ row, wait }: { row: QueueRow; wait: Waits | undefined }) {
  const headway = useHeadway()
  const [asking, setAsking] = useState<'pause' | 'limit' | 'clear'>()
  const running = (row.counts.running ?? 0) + (row.counts.cancelling ?? 0)
  const waiting = (row.counts.queued ?? 0) + (row.counts.scheduled ?? 0) + (row.counts.blocked ?? 0)
  const close = () => setAsking(undefined)
  const resume = () => void tell(headway.queues.change(row.name, { paused: false }), `${row.name} goes on.`)
  return (
    <Panel
      className="h-full"
      label={`Queue ${row.name}`}
      title={
        <Link
          to="/jobs"
          search={{ q: `queue:${quotedWhereNeeded(row.name)}` }}
          className="truncate hover:underline"
          title={row.name}
        >
          {row.name}
        </Link>
      }
      actions={
        <>
          {row.paused ? (
            <Button small weight="primary" icon={Play} onClick={resume}>
              Resume
            </Button>
          ) : (
            <Button small weight="quiet" icon={OctagonPause} onClick={() => setAsking('pause')}>
              Pause
            </Button>
          )}
          <Menu
            small
            weight="quiet"
            icon={EllipsisVertical}
            label={`More for ${row.name}`}
            items={[
              { label: 'Set the limit…', icon: Gauge, onSelect: () => setAsking('limit') },
              {
                label: 'Clear what waits…',
                icon: Trash2,
                danger: true,
                disabled: waiting === 0,
                onSelect: () => setAsking('clear'),
              },
            ]}
          />
        </>
      }
    >
      {row.paused && (
        <p
          data-tone="warn"
          className="tone tone-tint mb-3 flex flex-wrap items-center gap-x-2 rounded-md px-2.5 py-1.5 text-sm"
        >
          <StateBadge state="paused" />
          <span className="min-w-0 break-words">
            {row.paused.reason || 'no reason was given'}
            <span className="text-soft">
              {row.paused.by && ` · by ${row.paused.by}`} · <Time at={row.paused.at} as="age" />
            </span>
          </span>
        </p>
      )}
      <Depth queue={row.name} counts={row.counts} />
      <dl className="mt-3 grid grid-cols-3 gap-2 text-sm">
        <Figure
          name="Running"
          value={row.limit === undefined ? brief(running) : `${brief(running)} of ${brief(row.limit)}`}
        />
        <Figure
          name="Wait p50 · p95"
          value={wait?.wait ? `${spent(wait.wait.p50_s)} · ${spent(wait.wait.p95_s)}` : '–'}
        />
        <Figure
          name="Run p50 · p95"
          value={wait?.run ? `${spent(wait.run.p50_s)} · ${spent(wait.run.p95_s)}` : '–'}
        />
      </dl>
      {asking === 'pause' && <PauseDialog name={row.name} onClose={close} />}
      {asking === 'limit' && <LimitDialog name={row.name} limit={row.limit} onClose={close} />}
      {asking === 'clear' && <ClearDialog name={row.name} waiting={waiting} onClose={close} />}
    </Panel>
  )
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt className="text-xs text-soft">{name}</dt>
      <dd className="m-0 truncate" title={value}>
        {value}
      </dd>
    </div>
  )
}

/** What is in it as one bar, and in numbers that lead to the jobs. */
function Depth({ queue, counts }: { queue: string; counts: QueueRow['counts'] }) {
  const total = SHOWN.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
  return (
    <>
      <div aria-hidden className="flex h-2 gap-px overflow-hidden rounded-full bg-track">
        {SHOWN.filter(state => counts[state]).map(state => (
          <span
            key={state}
            data-tone={lookOf(state).tone}
            className="tone tone-fill min-w-1"
            style={{ flexGrow: (counts[state] ?? 0) / total }}
          />
        ))}
      </div>
      <ul className="mt-1 flex flex-wrap gap-x-3 text-sm">
        {JOB_STATES.filter(state => counts[state]).map(state => (
          <li key={state} data-tone={lookOf(state).tone} className="tone">
            <Link
              to="/jobs"
              search={{ q: `queue:${quotedWhereNeeded(queue)} state:${state}` }}
              className="flex min-h-6 items-center gap-1 hover:underline"
            >
              <span className="tone-text font-medium">{brief(counts[state] ?? 0)}</span>
              <span className="text-soft">{state}</span>
            </Link>
          </li>
        ))}
        {JOB_STATES.every(state => !counts[state]) && <li className="text-soft">empty</li>}
      </ul>
    </>
  )
}
