/** Links from a job to what it belongs to: other jobs, its worker, queue and kind, all jobs of a label. */

import { Link } from '../../app/router.tsx'
import { shortId } from '../../words/jobs.ts'
import { quoted } from './obstacles.ts'

const LINK = 'text-accent underline-offset-2 hover:underline'

export function JobLink({ id }: { id: string }) {
  return (
    <Link to="/jobs/$id" params={{ id }} className={`${LINK} font-mono`} title={id}>
      …{shortId(id)}
    </Link>
  )
}

export function WorkerLink({ worker }: { worker: string }) {
  return (
    <Link
      to="/machines"
      search={{ show: worker }}
      className={`${LINK} block truncate font-mono`}
      title={worker}
    >
      {worker}
    </Link>
  )
}

export function QueueLink({ queue }: { queue: string }) {
  return (
    <Link to="/queues" search={{ show: queue }} className={`${LINK} block truncate`} title={queue}>
      {queue}
    </Link>
  )
}

export function KindLink({ kind }: { kind: string }) {
  return (
    <Link
      to="/kinds"
      search={{ show: kind }}
      className="block truncate underline-offset-4 hover:underline"
      title={kind}
    >
      {kind}
    </Link>
  )
}

/** A label that leads to all jobs that have it. */
export function LabelLink({ name, value }: { name: string; value: string }) {
  return (
    <Link
      to="/jobs"
      search={{ q: `label.${name}:${quoted(value)}` }}
      title={`All jobs with ${name}=${value}`}
      className="inline-flex h-6 max-w-full items-center gap-1 rounded bg-well px-2 text-xs whitespace-nowrap hover:bg-hover"
    >
      <span className="text-soft">{name}</span>
      <span className="truncate">{value}</span>
    </Link>
  )
}
