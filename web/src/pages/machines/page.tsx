/** Machines, their workers and the services behind those: who is there, how they are, what they do. It only monitors. */

import type { MachineNode, WorkerNode } from '@headway/client/react'
import { useKinds, useWorkers } from '@headway/client/react'
import { Server } from 'lucide-react'
import { serverUrl } from '../../app/address.ts'
import { useTitle } from '../../app/pulse.ts'
import { addressOf } from '../../app/router.tsx'
import { StateBadge } from '../../kit/badge.tsx'
import { CodeBlock } from '../../kit/copy.tsx'
import { Empty, Page, Panel, Problem } from '../../kit/panel.tsx'
import { plural } from '../../words/numbers.ts'
import { WorkerRow } from './worker.tsx'

const route = addressOf('/machines')

export function MachinesPage() {
  useTitle('Machines')
  const { data: machines, error, isPending } = useWorkers({ jobs: true })
  const { show } = route.useSearch()
  const workers = machines?.flatMap(machine => machine.workers).filter(isThere) ?? []
  const troubled = workers.filter(({ worker }) => ['stale', 'lost', 'problem'].includes(worker.state))
  const slots = machines?.reduce((sum, machine) => sum + machine.slots, 0) ?? 0
  const used = machines?.reduce((sum, machine) => sum + machine.used, 0) ?? 0
  return (
    <Page
      title="Machines"
      about={
        machines &&
        `${plural(machines.length, 'machine')} · ${plural(workers.length, 'worker')} · ${used} of ${plural(slots, 'slot')} in use${troubled.length ? ` · ${troubled.length} in trouble` : ''}`
      }
    >
      {error && <Problem error={error} />}
      {!isPending && workers.length === 0 && <NoWorkers />}
      {machines
        ?.filter(machine => machine.workers.some(isThere))
        .map(machine => (
          <Machine key={machine.name} machine={machine} show={show} />
        ))}
      <Left machines={machines ?? []} show={show} />
    </Page>
  )
}

function Machine({ machine, show }: { machine: MachineNode; show: string | undefined }) {
  return (
    <Panel
      bare
      label={`Machine ${machine.name}`}
      title={
        <span className="flex min-w-0 items-center gap-2">
          <Server aria-hidden size={16} className="shrink-0 text-soft" />
          <span className="truncate" title={machine.name}>
            {machine.name}
          </span>
          <StateBadge state={machine.state} />
        </span>
      }
      actions={
        <span className="shrink-0 text-xs text-soft">
          {machine.used} of {plural(machine.slots, 'slot')}
        </span>
      }
    >
      <ul className="divide-y divide-line">
        {machine.workers.filter(isThere).map(node => (
          <WorkerRow key={node.id} node={node} open={show === node.id} />
        ))}
      </ul>
    </Panel>
  )
}

/** Not a worker that said goodbye, nor a server that does something itself at times. */
function isThere({ worker }: WorkerNode): boolean {
  return !worker.left_at && !worker.internal
}

/** Those that said goodbye: known, and out of the way. */
function Left({ machines, show }: { machines: readonly MachineNode[]; show: string | undefined }) {
  const left = machines
    .flatMap(machine => machine.workers)
    .filter(({ worker }) => worker.left_at && !worker.internal)
  if (left.length === 0) return null
  return (
    <details open={left.some(({ id }) => id === show)}>
      <summary className="min-h-6 text-sm text-soft">{plural(left.length, 'worker')} that left</summary>
      <Panel bare label="Workers that left" className="mt-2">
        <ul className="divide-y divide-line">
          {left.map(node => (
            <WorkerRow key={node.id} node={node} open={show === node.id} />
          ))}
        </ul>
      </Panel>
    </details>
  )
}

function NoWorkers() {
  const { data: kinds = [] } = useKinds()
  return (
    <Panel>
      <Empty icon={Server} title="No worker is connected">
        <p className="mb-3">
          A worker runs your functions and connects outward to this server. Start one anywhere; it appears
          here at once.
          {kinds.length > 0 && ` ${plural(kinds.length, 'kind')} of jobs are known.`}
        </p>
        <CodeBlock label="the command" code={`headway worker jobs:app --server ${serverUrl}`} />
      </Empty>
    </Panel>
  )
}
