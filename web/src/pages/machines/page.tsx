/**
 * Machines, their workers and the services behind those: who is there, how they are, what they do. It only monitors.
 *
 * The address is what is searched for and which worker is meant; what is unfolded stays with the tab (unfolding.ts).
 */

import type { MachineNode, WorkerNode } from '@headway/client/react'
import { useKinds, useWorkers } from '@headway/client/react'
import { FoldVertical, Server, UnfoldVertical } from 'lucide-react'
import { type ReactNode, type RefObject, useEffect, useMemo, useRef } from 'react'
import { serverUrl } from '../../app/address.ts'
import { useKeys } from '../../app/keys.ts'
import { useTitle } from '../../app/pulse.ts'
import { Button } from '../../kit/button.tsx'
import { CodeBlock } from '../../kit/copy.tsx'
import { Find } from '../../kit/find.tsx'
import { Empty, Page, Panel, Problem } from '../../kit/panel.tsx'
import { plural } from '../../words/numbers.ts'
import { lookOf } from '../../words/states.ts'
import { found, type StateCount, slotsText, statesOf, thoseThere } from './finding.ts'
import { Machine } from './machine.tsx'
import { useSearching } from './searching.ts'
import { machineKey, unfold } from './unfolding.ts'
import { WorkerRow } from './worker.tsx'

const MANY = 12

export function MachinesPage() {
  useTitle('Machines')
  const { data, error, isPending } = useWorkers({ jobs: true })
  const { text, state, show, write, choose, clear } = useSearching()
  const place = useRef<HTMLDivElement>(null)
  const there = useMemo(() => thoseThere(data ?? []), [data])
  const shown = useMemo(() => found(there, { text, state }), [there, text, state])
  const size = sizeOf(there)
  const isSearched = text !== '' || state !== ''
  useShown(show, there.length > 0)
  useWalking(place)
  return (
    <Page title="Machines" about={data && summary(there)}>
      {error && <Problem error={error} />}
      {!isPending && there.length === 0 && <NoWorkers />}
      <div ref={place} className="flex flex-col gap-3 in-data-[fresh=false]:grayscale">
        {(size > MANY || isSearched) && (
          <Tools
            find={<Find label="Find by name or state" among={size} value={text} onChange={write} />}
            states={statesOf(there)}
            chosen={state}
            onChoose={choose}
            names={there.map(machine => machine.name)}
          />
        )}
        {isSearched && shown.length === 0 && there.length > 0 && (
          <p className="text-sm text-soft">
            Nothing of the {plural(there.length, 'machine')} matches.{' '}
            <button type="button" className="min-h-6 text-accent hover:underline" onClick={clear}>
              Show all
            </button>
          </p>
        )}
        {shown.map(machine => (
          <Machine key={machine.name} machine={machine} show={show} isSearched={isSearched} />
        ))}
      </div>
      <Left machines={data ?? []} show={show} />
    </Page>
  )
}

function sizeOf(machines: readonly MachineNode[]): number {
  return machines.reduce(
    (sum, { workers }) => sum + 1 + workers.reduce((count, node) => count + 1 + node.services.length, 0),
    0,
  )
}

function summary(machines: readonly MachineNode[]): string {
  const workers = machines.flatMap(machine => machine.workers)
  const services = workers.reduce((sum, node) => sum + node.services.length, 0)
  const troubled = workers.filter(({ worker }) => ['stale', 'lost', 'problem'].includes(worker.state)).length
  return [
    plural(machines.length, 'machine'),
    plural(workers.length, 'worker'),
    services > 0 ? plural(services, 'service') : '',
    machines.length > 0 ? slotsText(machines) : '',
    troubled > 0 ? `${troubled} in trouble` : '',
  ]
    .filter(Boolean)
    .join(' · ')
}

interface ToolsProps {
  find: ReactNode
  states: readonly StateCount[]
  chosen: string
  onChoose: (state: string) => void
  names: readonly string[]
}

/** How many are in which state, each to be looked at alone; and folding. */
function Tools({ find, states, chosen, onChoose, names }: ToolsProps) {
  const all = (isOpen: boolean) => unfold(names.map(machineKey), isOpen)
  return (
    <div className="flex flex-wrap items-center gap-2">
      <div className="w-56 max-sm:w-full">{find}</div>
      {states.map(({ state, count }) => {
        const { word, tone, icon: Icon } = lookOf(state)
        return (
          <button
            key={state}
            type="button"
            data-tone={tone}
            aria-pressed={chosen === state}
            onClick={() => onChoose(chosen === state ? '' : state)}
            className="tone tone-text flex h-7 items-center gap-1.5 rounded-md border border-line bg-card px-2 text-xs hover:bg-hover aria-pressed:border-current aria-pressed:bg-selected"
          >
            <Icon aria-hidden size={13} />
            {count} {word}
          </button>
        )
      })}
      <span className="ml-auto flex">
        <Button
          small
          weight="quiet"
          icon={FoldVertical}
          label="Fold all machines"
          onClick={() => all(false)}
        />
        <Button
          small
          weight="quiet"
          icon={UnfoldVertical}
          label="Unfold all machines"
          onClick={() => all(true)}
        />
      </span>
    </div>
  )
}

/** The worker that the address names comes into sight, once it is there. */
function useShown(show: string | undefined, isThere: boolean): void {
  useEffect(() => {
    if (!show || !isThere) return
    document.getElementById(`worker-${show}`)?.scrollIntoView({ block: 'center' })
  }, [show, isThere])
}

/** `j` and `k` go from machine to worker to service; what has the focus is unfolded and opened as anywhere: by Enter. */
function useWalking(place: RefObject<HTMLElement | null>): void {
  const step = (by: number) => {
    const stops = [...(place.current?.querySelectorAll<HTMLElement>('[data-stop]') ?? [])]
    const here = stops.findIndex(stop => stop.contains(document.activeElement))
    const next = here < 0 && by < 0 ? stops.length - 1 : here + by
    stops[Math.min(stops.length - 1, Math.max(0, next))]?.focus()
  }
  useKeys([
    {
      keys: '/',
      does: 'Find by name or state',
      group: 'Machines',
      run: () => document.querySelector<HTMLElement>('#main input[type="search"]')?.focus(),
    },
    { keys: 'j', does: 'Next machine, worker or service', group: 'Machines', run: () => step(1) },
    { keys: 'k', does: 'The one before', group: 'Machines', run: () => step(-1) },
  ])
}

/** Those that said goodbye: known, and out of the way. */
function Left({ machines, show }: { machines: readonly MachineNode[]; show: string | undefined }) {
  const left: readonly WorkerNode[] = machines
    .flatMap(machine => machine.workers)
    .filter(({ worker }) => worker.left_at && !worker.internal)
  if (left.length === 0) return null
  return (
    <details open={left.some(({ id }) => id === show)}>
      <summary className="min-h-6 text-sm text-soft">{plural(left.length, 'worker')} that left</summary>
      <Panel bare label="Workers that left" className="mt-2">
        <ul className="divide-y divide-line">
          {left.map(node => (
            <WorkerRow key={node.id} node={node} isShown={show === node.id} />
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
          A worker runs your functions, or drives engines such as ComfyUI, and connects outward to this
          server. Start one anywhere; it appears here at once.
          {kinds.length > 0 && ` ${plural(kinds.length, 'kind')} of jobs are known.`}
        </p>
        <div className="flex flex-col gap-1 text-left">
          <p>For functions of yours:</p>
          <CodeBlock label="the command" code={`headway worker jobs:app --server ${serverUrl}`} />
          <p className="mt-2">For a ComfyUI beside it:</p>
          <CodeBlock
            label="the command for ComfyUI"
            code={`headway worker --connector comfyui=http://127.0.0.1:8188 \\\n    --server ${serverUrl}`}
          />
        </div>
      </Empty>
    </Panel>
  )
}
