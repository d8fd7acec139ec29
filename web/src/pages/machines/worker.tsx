/** One worker: state with its age and reason, slots, load, jobs and services; and what one can do about it. */

import type { ServiceDoc, WorkerDoc } from '@headway/client'
import { useHeadway, type WorkerNode } from '@headway/client/react'
import {
  ChevronDown,
  ChevronRight,
  Cpu,
  EllipsisVertical,
  Hourglass,
  Plug,
  Unplug,
  Wrench,
} from 'lucide-react'
import { useState } from 'react'
import { Folded } from '../../app/ascode.tsx'
import { Link } from '../../app/router.tsx'
import { tell } from '../../app/toasts.tsx'
import { Chip, StateBadge } from '../../kit/badge.tsx'
import { Bar } from '../../kit/bar.tsx'
import { CopyButton } from '../../kit/copy.tsx'
import { Confirm } from '../../kit/dialog.tsx'
import { Menu } from '../../kit/menu.tsx'
import { Fact, Facts } from '../../kit/panel.tsx'
import { Spark } from '../../kit/spark.tsx'
import { Age, Time } from '../../kit/time.tsx'
import { percent, plural, size } from '../../words/numbers.ts'
import { nameOf, seriesOf, stateReason } from './series.ts'

const CONNECTED: ReadonlySet<string> = new Set(['online', 'draining', 'stale'])

export function WorkerRow({ node, open: wanted }: { node: WorkerNode; open: boolean }) {
  const { worker } = node
  const [open, setOpen] = useState(wanted)
  const reason = stateReason(worker)
  const load = worker.load
  const connected = CONNECTED.has(worker.state)
  const series = connected ? seriesOf(worker) : []
  return (
    <li id={`worker-${worker.id}`} className="px-3 py-2.5">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="flex min-h-8 min-w-0 flex-1 basis-44 items-center gap-2 text-left"
        >
          {open ? (
            <ChevronDown aria-hidden size={16} className="shrink-0 text-soft" />
          ) : (
            <ChevronRight aria-hidden size={16} className="shrink-0 text-soft" />
          )}
          <span className="min-w-0 truncate font-medium" title={worker.id}>
            {worker.left_at ? worker.id : nameOf(worker)}
          </span>
          <StateBadge state={worker.left_at ? 'left' : worker.state} title={reason} />
          {worker.state_at && (
            <span className="text-xs whitespace-nowrap text-soft">
              <Age since={worker.state_at} />
            </span>
          )}
        </button>
        {connected && <Slots used={load?.busy ?? node.jobs.length} of={worker.slots ?? 0} />}
        <div className="flex gap-3 empty:hidden max-sm:order-last">
          {series.map(series => (
            <span key={series.name} className="flex items-center gap-1.5">
              <span className="text-2xs text-soft">{series.name}</span>
              <Spark
                points={series.points}
                label={`${series.name} of the last 10 minutes`}
                most={100}
                format={value => `${Math.round(value)} %`}
                width={72}
                height={22}
              />
              <span className="w-11 text-right text-xs whitespace-nowrap">
                {Math.round(series.points.at(-1)?.[1] ?? 0)} %
              </span>
            </span>
          ))}
        </div>
        <Actions worker={worker} />
      </div>
      {reason && (
        <p
          data-tone={worker.state === 'draining' || worker.state === 'disconnected' ? 'warn' : 'failed'}
          className="tone tone-text mt-1 ml-6 text-sm break-words"
        >
          {reason}
        </p>
      )}
      <Jobs node={node} />
      <Services services={node.services} />
      {open && <Details worker={worker} />}
    </li>
  )
}

function Slots({ used, of }: { used: number; of: number }) {
  return (
    <span className="flex items-center gap-1.5" title={`${used} of ${plural(of, 'slot')} in use`}>
      <span aria-hidden className="flex flex-wrap gap-0.5">
        {Array.from({ length: Math.min(of, 16) }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: slots are alike
          <span key={index} className={`h-3 w-1.5 rounded-sm ${index < used ? 'bg-running' : 'bg-track'}`} />
        ))}
      </span>
      <span className="text-xs whitespace-nowrap text-soft">
        {used}/{of}
      </span>
    </span>
  )
}

function Jobs({ node }: { node: WorkerNode }) {
  if (node.jobs.length === 0) return null
  return (
    <ul aria-label={`Jobs of ${node.id}`} className="mt-1 ml-6 flex flex-col gap-1">
      {node.jobs.map(job => {
        const overall = job.progress?.overall ?? null
        return (
          <li key={job.id} className="flex items-center gap-3 text-sm">
            <Link
              to="/jobs/$id"
              params={{ id: job.id }}
              className="min-h-6 min-w-0 flex-1 basis-40 truncate leading-6 hover:underline"
              title={job.id}
            >
              {job.kind}
              {job.progress?.stage && <span className="text-soft"> · {job.progress.stage}</span>}
            </Link>
            <span className="w-24 shrink-0 sm:w-40">
              <Bar
                fraction={overall}
                label={`Progress of ${job.kind}`}
                tone={job.state === 'cancelling' ? 'cancelling' : 'running'}
              />
            </span>
            <span className="w-10 shrink-0 text-right text-xs">
              {overall === null ? '–' : percent(overall)}
            </span>
          </li>
        )
      })}
    </ul>
  )
}

function Services({ services }: { services: readonly ServiceDoc[] }) {
  if (services.length === 0) return null
  return (
    <ul aria-label="Services" className="mt-1.5 ml-6 flex flex-col gap-1">
      {services.map(service => (
        <li key={service.id} className="flex flex-wrap items-center gap-2 text-sm">
          <Plug aria-hidden size={14} className="text-soft" />
          <span className="font-medium">{service.name}</span>
          {service.type && <Chip>{service.type}</Chip>}
          <StateBadge state={service.status ?? 'unknown'} />
          <span className="text-xs text-soft">
            <Age since={service.changed_at} />
          </span>
          {service.job && (
            <Link to="/jobs/$id" params={{ id: service.job }} className="text-accent hover:underline">
              its job
            </Link>
          )}
          {service.version && <span className="text-xs text-soft">{service.version}</span>}
          {service.error && <span className="min-w-0 text-failed break-words">{service.error}</span>}
        </li>
      ))}
    </ul>
  )
}

function Details({ worker }: { worker: WorkerDoc }) {
  const attempts = worker.load?.attempts ?? []
  return (
    <div className="mt-2 ml-6 grid grid-cols-1 gap-4 rounded-md bg-well p-3 lg:grid-cols-2">
      <Facts>
        <Fact name="Id">
          <span className="flex items-center gap-1">
            <code className="truncate text-xs">{worker.id}</code>
            <CopyButton text={worker.id} label="Copy the id" />
          </span>
        </Fact>
        <Fact name="Last heard">{worker.heard_at ? <Time at={worker.heard_at} as="age" /> : 'never'}</Fact>
        <Fact name="Connected">
          <Time at={worker.connected_at} as="full" />
        </Fact>
        <Fact name="Version">
          {[
            worker.version && `headway ${worker.version}`,
            worker.python && `Python ${worker.python}`,
            worker.platform,
          ]
            .filter(Boolean)
            .join(' · ') || '–'}
        </Fact>
        <Fact name="Process">{worker.pid ?? '–'}</Fact>
        <Fact name="Queues">{worker.queues?.length ? worker.queues.join(', ') : 'all'}</Fact>
        {worker.server && <Fact name="Server">{worker.server}</Fact>}
        {worker.labels && Object.keys(worker.labels).length > 0 && (
          <Fact name="Labels">
            <span className="flex flex-wrap gap-1">
              {Object.entries(worker.labels).map(([name, value]) => (
                <Chip key={name} name={name}>
                  {value}
                </Chip>
              ))}
            </span>
          </Fact>
        )}
      </Facts>
      <div className="flex min-w-0 flex-col gap-3 text-sm">
        <div>
          <h3 className="mb-1 text-soft">Kinds it serves</h3>
          <span className="flex flex-wrap gap-1">
            {worker.kinds?.map(kind => (
              <Link
                key={kind}
                to="/kinds"
                search={{ show: kind }}
                title={kind}
                className="flex max-w-full hover:underline"
              >
                <Chip>{kind}</Chip>
              </Link>
            )) ?? 'none'}
          </span>
        </div>
        {attempts.length > 0 && (
          <div>
            <h3 className="mb-1 text-soft">Use by its jobs</h3>
            <ul>
              {attempts.map(each => (
                <li key={`${each.job}/${each.attempt}`} className="flex items-center gap-2">
                  <Cpu aria-hidden size={14} className="text-soft" />
                  <Link
                    to="/jobs/$id"
                    params={{ id: each.job }}
                    className="min-w-0 flex-1 truncate font-mono text-xs hover:underline"
                  >
                    {each.job}
                  </Link>
                  <span>{Math.round(each.cpu_percent)} % of a core</span>
                  <span>{size(each.rss_bytes)}</span>
                </li>
              ))}
            </ul>
          </div>
        )}
        {worker.problems && worker.problems.length > 0 && (
          <div>
            <h3 className="mb-1 text-soft">Problems</h3>
            <ul>
              {worker.problems.map(each => (
                <li key={each.at} className="break-words text-failed">
                  <Time at={each.at} as="day" /> {each.problem}
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </div>
  )
}

type Ask = 'drain' | 'disconnect' | 'repair'

const ASKS: Readonly<Record<Ask, { readonly title: string; readonly text: string; readonly done: string }>> =
  {
    drain: {
      title: 'Drain',
      text: 'It gets no more work and leaves when what it runs has ended.',
      done: 'draining',
    },
    disconnect: {
      title: 'Disconnect',
      text: 'Its link is closed for good. What it runs is lost when its lease ends, unless it comes back before.',
      done: 'disconnected',
    },
    repair: {
      title: 'Repair',
      text: 'Its link is closed and it says hello again: profile, kinds and attempts are settled anew.',
      done: 'asked to say hello again',
    },
  }

function Actions({ worker }: { worker: WorkerDoc }) {
  const headway = useHeadway()
  const [ask, setAsk] = useState<Ask>()
  const gone = ['lost', 'disconnected'].includes(worker.state)
  const carryOut = (what: Ask) => {
    setAsk(undefined)
    void tell(headway.workers[what](worker.id), `${worker.id} is ${ASKS[what].done}.`)
  }
  return (
    <>
      <Menu
        weight="quiet"
        icon={EllipsisVertical}
        label={`Actions for ${worker.id}`}
        items={[
          {
            label: 'Drain',
            icon: Hourglass,
            disabled: gone || Boolean(worker.draining),
            onSelect: () => setAsk('drain'),
          },
          { label: 'Repair', icon: Wrench, disabled: gone, onSelect: () => setAsk('repair') },
          {
            label: 'Disconnect',
            icon: Unplug,
            danger: true,
            disabled: gone,
            onSelect: () => setAsk('disconnect'),
          },
        ]}
      />
      {ask && (
        <Confirm
          open
          title={`${ASKS[ask].title} ${worker.id}?`}
          action={ASKS[ask].title}
          danger={ask === 'disconnect'}
          onConfirm={() => carryOut(ask)}
          onClose={() => setAsk(undefined)}
        >
          <p>{ASKS[ask].text}</p>
          {(worker.load?.busy ?? 0) > 0 && (
            <p className="mt-2 font-medium">It runs {plural(worker.load?.busy ?? 0, 'job')} now.</p>
          )}
          <Folded action={{ do: ask, worker: worker.id }} />
        </Confirm>
      )}
    </>
  )
}
