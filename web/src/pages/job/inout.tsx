/** What went in and what came out: arguments, result, error. Large values are fetched when they are asked for. */

import type { JobDoc } from '@headway/client'
import { useHeadway } from '@headway/client/react'
import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../kit/button.tsx'
import { Panel, Problem } from '../../kit/panel.tsx'
import { pretty } from '../../words/code.ts'
import { toolResult } from '../../words/contents.ts'
import { size } from '../../words/numbers.ts'
import { FINAL } from '../../words/states.ts'
import { ToolContent } from './content.tsx'
import { Failure } from './failure.tsx'
import { save } from './files.ts'
import { JsonView } from './jsonview.tsx'

export function InputOutput({ job }: { job: JobDoc }) {
  return (
    <div className="grid items-start gap-3 lg:grid-cols-2">
      <Panel title="Input" className="min-w-0">
        <Value job={job} part="args" bytes={job.args_bytes} />
      </Panel>
      <Panel title={job.error ? 'Error' : 'Result'} className="min-w-0">
        {job.error ? <Failure error={job.error} open /> : <Result job={job} />}
      </Panel>
    </div>
  )
}

export function Result({ job }: { job: JobDoc }) {
  if (job.result !== undefined || job.result_bytes)
    return <Value job={job} part="result" bytes={job.result_bytes ?? 0} />
  const text = FINAL.has(job.state) ? 'It ended without a result.' : 'There is none before it ends.'
  return <p className="text-sm text-soft">{text}</p>
}

interface ValueProps {
  job: JobDoc
  part: 'args' | 'result'
  bytes: number
}

function Value({ job, part, bytes }: ValueProps) {
  const headway = useHeadway()
  const [wanted, setWanted] = useState(false)
  const inside = job[part]
  const whole = useQuery({
    queryKey: ['job-whole', job.id, job.finished_at],
    queryFn: ({ signal }) => headway.get(job.id, { signal }),
    enabled: wanted && inside === undefined,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const value = inside === undefined ? whole.data?.[part] : inside
  const label = part === 'args' ? 'input' : 'result'
  if (whole.error) return <Problem error={whole.error} />
  if (value === undefined) {
    return (
      <p className="flex flex-wrap items-center gap-3 text-sm">
        {wanted && whole.isSuccess ? (
          <span className="text-soft">It is not kept.</span>
        ) : (
          <>
            <span className="text-soft">{size(bytes)}: too large to come along with every change.</span>
            <Button busy={whole.isFetching} onClick={() => setWanted(true)}>
              Load it
            </Button>
          </>
        )}
      </p>
    )
  }
  const tool = part === 'result' ? toolResult(value) : undefined
  return (
    <div className="flex flex-col gap-2">
      {tool ? <ToolContent job={job} result={tool} /> : <JsonView value={value} label={label} />}
      <p className="flex items-center gap-2 text-xs text-soft">
        {size(bytes)}
        <Button
          small
          weight="quiet"
          icon={Download}
          onClick={() =>
            save(new Blob([pretty(value)], { type: 'application/json' }), `${job.id}.${label}.json`)
          }
        >
          Save as JSON
        </Button>
      </p>
    </div>
  )
}
