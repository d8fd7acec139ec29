/** What the job costs its machine, as far as the server knows: the attempt's own process, else the whole worker's. */

import type { AttemptLoad, JobDoc, WorkerDoc } from '@headway/client'
import { useWorkers } from '@headway/client/react'
import { Activity } from 'lucide-react'
import { useState } from 'react'
import { Empty, Panel } from '../../kit/panel.tsx'
import { Spark } from '../../kit/spark.tsx'
import { attemptOf } from '../../words/jobs.ts'
import { size } from '../../words/numbers.ts'
import { ACTIVE } from '../../words/states.ts'
import { seriesOf } from '../machines/series.ts'
import { WorkerLink } from './links.tsx'

const MOST_SAMPLES = 360

export function Resources({ job }: { job: JobDoc }) {
  const id = job.worker ?? attemptOf(job)?.worker
  const { data: workers } = useWorkers({ enabled: id !== undefined })
  const worker = workers?.flatMap(machine => machine.workers).find(each => each.id === id)?.worker
  if (!id) {
    return (
      <Empty icon={Activity} title="It uses nothing yet">
        What an attempt uses is shown while it runs.
      </Empty>
    )
  }
  const active = ACTIVE.has(job.state)
  const own = active
    ? worker?.load?.attempts?.find(each => each.job === job.id && each.attempt === job.attempt)
    : undefined
  return (
    <div className="grid items-start gap-3 lg:grid-cols-2">
      {own && <Own key={`${own.attempt}`} own={own} heardAt={worker?.heard_at} />}
      <WholeWorker id={id} worker={worker} alone={own === undefined} active={active} />
    </div>
  )
}

type Sample = readonly [at: number, own: AttemptLoad]

/** The attempt's process; the server keeps no series of it, so it begins when the page does. */
function Own({ own, heardAt }: { own: AttemptLoad; heardAt: string | undefined }) {
  const [samples, setSamples] = useState<readonly Sample[]>([])
  const at = heardAt ? Date.parse(heardAt) : 0
  if (samples.at(-1)?.[1] !== own) setSamples([...samples.slice(1 - MOST_SAMPLES), [at, own]])
  return (
    <Panel title="This attempt’s own process">
      <Measure name="CPU, of one core" value={`${own.cpu_percent} %`}>
        <Spark
          points={samples.map(([when, each]) => [when, each.cpu_percent])}
          label="CPU of this attempt"
          most={100}
          format={value => `${value} %`}
          width={220}
          height={40}
        />
      </Measure>
      <Measure name="Memory" value={size(own.rss_bytes)}>
        <Spark
          points={samples.map(([when, each]) => [when, each.rss_bytes])}
          label="Memory of this attempt"
          format={size}
          width={220}
          height={40}
        />
      </Measure>
      <p className="mt-2 text-xs text-soft">
        Since this page was opened; a sample for each heartbeat of the worker.
      </p>
    </Panel>
  )
}

interface WholeProps {
  id: string
  worker: WorkerDoc | undefined
  alone: boolean
  active: boolean
}

function WholeWorker({ id, worker, alone, active }: WholeProps) {
  const series = worker ? seriesOf(worker) : []
  return (
    <Panel title="The whole machine of its worker">
      <p className="mb-2 text-sm">
        <WorkerLink worker={id} />
      </p>
      {series.map(({ name, points }) => (
        <Measure key={name} name={name} value={`${Math.round(points.at(-1)?.[1] ?? 0)} %`}>
          <Spark
            points={points}
            label={`${name} of the machine`}
            most={100}
            format={value => `${Math.round(value)} %`}
            width={220}
            height={40}
          />
        </Measure>
      ))}
      {!series.length && (
        <p className="text-sm text-soft">
          {worker ? 'This worker tells nothing of its load.' : 'This worker is not known any more.'}
        </p>
      )}
      <p className="mt-2 text-xs text-soft">
        {active
          ? `The last ten minutes, with everything else that runs there.${alone ? ' What this attempt uses of it is known only where it has a process of its own (isolation="process").' : ''}`
          : 'The last ten minutes, as of now: the job is not running any more.'}
      </p>
    </Panel>
  )
}

function Measure({ name, value, children }: { name: string; value: string; children: React.ReactNode }) {
  return (
    <div className="flex items-center gap-4 py-1">
      <span className="w-32 text-sm text-soft">{name}</span>
      <span className="w-20 text-right text-sm font-medium">{value}</span>
      <span className="min-w-0 overflow-hidden">{children}</span>
    </div>
  )
}
