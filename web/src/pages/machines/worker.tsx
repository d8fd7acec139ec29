/** One worker: state with its age and reason, its problems, slots, load, the services behind it and the jobs beside those. */

import type { JobDoc, WorkerDoc } from '@headway/client'
import type { WorkerNode } from '@headway/client/react'
import { ChevronDown, ChevronRight } from 'lucide-react'
import { memo } from 'react'
import { Link } from '../../app/router.tsx'
import { StateBadge } from '../../kit/badge.tsx'
import { Bar } from '../../kit/bar.tsx'
import { Spark } from '../../kit/spark.tsx'
import { Lasting, Time } from '../../kit/time.tsx'
import { doing } from '../../words/jobs.ts'
import { percent, plural } from '../../words/numbers.ts'
import { sameNode } from './finding.ts'
import { CONNECTED, nameOf, seriesOf, stateReason } from './series.ts'
import { ServiceRow } from './servicerow.tsx'
import { unfold, useUnfolded, workerKey } from './unfolding.ts'
import { WorkerActions } from './workeractions.tsx'
import { WorkerDetails } from './workerdetails.tsx'

interface WorkerRowProps {
  node: WorkerNode
  /** The address names it. */
  isShown: boolean
}

export const WorkerRow = memo(
  function WorkerRow({ node, isShown }: WorkerRowProps) {
    const { worker, services } = node
    const key = workerKey(node.id)
    const open = useUnfolded(key, isShown)
    const reason = stateReason(worker)
    const connected = CONNECTED.has(worker.state)
    const busy = new Set(services.map(service => service.job))
    return (
      <li id={`worker-${node.id}`} data-worker={node.id} className="px-3 py-2">
        <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <button
            type="button"
            data-stop
            aria-expanded={open}
            onClick={() => unfold([key], !open)}
            className="flex min-h-8 min-w-0 flex-1 basis-44 items-center gap-2 text-left"
          >
            <Chevron open={open} />
            <span className="min-w-0 truncate font-medium" title={node.id}>
              {worker.left_at ? node.id : nameOf(worker)}
            </span>
            <StateBadge state={worker.left_at ? 'left' : worker.state} title={reason} />
            {worker.state_at && (
              <span className="text-xs whitespace-nowrap text-soft">
                for <Lasting since={worker.state_at} />
              </span>
            )}
          </button>
          {connected && <Slots used={worker.load?.busy ?? node.jobs.length} of={worker.slots ?? 0} />}
          {connected && <Load worker={worker} />}
          <WorkerActions worker={worker} />
        </div>
        {reason && (
          <p
            data-tone={worker.state === 'draining' || worker.state === 'disconnected' ? 'warn' : 'failed'}
            className="tone tone-text mb-1 ml-6 text-sm break-words max-sm:ml-0"
          >
            {reason}
          </p>
        )}
        <Trouble worker={worker} />
        {services.length > 0 && (
          <ul aria-label={`Services of ${node.id}`} className="ml-6 max-sm:ml-0">
            {services.map(service => (
              <ServiceRow
                key={service.id}
                service={service}
                job={service.job ? node.jobs.find(job => job.id === service.job) : undefined}
              />
            ))}
          </ul>
        )}
        <Jobs id={node.id} jobs={node.jobs.filter(job => !busy.has(job.id))} />
        {open && <WorkerDetails worker={worker} />}
      </li>
    )
  },
  (one, other) => one.isShown === other.isShown && sameNode(one.node, other.node),
)

export function Chevron({ open }: { open: boolean }) {
  const Icon = open ? ChevronDown : ChevronRight
  return <Icon aria-hidden size={16} className="shrink-0 text-soft" />
}

/** What does not agree although it is connected, and the way out. */
function Trouble({ worker }: { worker: WorkerDoc }) {
  const problem = worker.problems?.at(-1)
  if (!problem || worker.state === 'problem' || worker.left_at) return null
  const before = (worker.problems?.length ?? 1) - 1
  return (
    <div
      data-tone="failed"
      className="tone tone-tint my-1 ml-6 rounded-md px-2 py-1 text-sm break-words max-sm:ml-0"
    >
      <span className="tone-text font-medium">Problem</span>{' '}
      <span className="text-soft">
        (<Time at={problem.at} as="age" /> ago{before > 0 && `, ${before} more before`})
      </span>
      : {problem.problem}
      {CONNECTED.has(worker.state) && (
        <p className="text-soft">
          Repair, in its menu, has it say hello again; the problem is gone once both sides agree.
        </p>
      )}
    </div>
  )
}

function Load({ worker }: { worker: WorkerDoc }) {
  return (
    <div className="flex gap-3 empty:hidden max-sm:order-last">
      {seriesOf(worker).map(series => (
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

/** Those that it runs itself, not by one of its services. */
function Jobs({ id, jobs }: { id: string; jobs: readonly JobDoc[] }) {
  if (jobs.length === 0) return null
  return (
    <ul aria-label={`Jobs of ${id}`} className="mt-1 ml-6 flex flex-col gap-1 max-sm:ml-0">
      {jobs.map(job => {
        const overall = job.progress?.overall ?? null
        const does = doing(job)
        return (
          <li key={job.id} className="flex items-center gap-3 text-sm">
            <Link
              to="/jobs/$id"
              params={{ id: job.id }}
              className="min-h-6 min-w-0 flex-1 basis-40 truncate leading-6 hover:underline"
              title={job.id}
            >
              {job.kind}
              {does && <span className="text-soft"> · {does}</span>}
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
