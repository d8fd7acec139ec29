/** One machine: how its best worker is, how many slots are in use, how its services are; folded, that is all. */

import type { MachineNode } from '@headway/client/react'
import { Server } from 'lucide-react'
import { memo } from 'react'
import { StateBadge } from '../../kit/badge.tsx'
import { lookOf } from '../../words/states.ts'
import { sameMachine, slotsText, statesOf } from './finding.ts'
import { machineKey, unfold, useUnfolded } from './unfolding.ts'
import { Chevron, WorkerRow } from './worker.tsx'

interface MachineProps {
  machine: MachineNode
  /** A worker that the address names. */
  show: string | undefined
  /** Something was searched for: what was found is in sight, folded or not. */
  isSearched: boolean
}

export const Machine = memo(
  function Machine({ machine, show, isSearched }: MachineProps) {
    const key = machineKey(machine.name)
    const isMeant = isSearched || machine.workers.some(({ id }) => id === show)
    const open = useUnfolded(key, true) || isMeant
    return (
      <section
        aria-label={`Machine ${machine.name}`}
        className="min-w-0 rounded-lg border border-line bg-card"
      >
        <header className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1">
          <h2 className="min-w-0 flex-1 basis-48 text-sm font-semibold">
            <button
              type="button"
              data-stop
              aria-expanded={open}
              onClick={() => unfold([key], !open)}
              className="flex min-h-8 w-full min-w-0 items-center gap-2 text-left"
            >
              <Chevron open={open} />
              <Server aria-hidden size={16} className="shrink-0 text-soft" />
              <span className="truncate" title={machine.name}>
                {machine.name}
              </span>
              <StateBadge state={machine.state} />
            </button>
          </h2>
          <Services machine={machine} />
          <span className="shrink-0 text-xs text-soft">{slotsText([machine])}</span>
        </header>
        {open && (
          <ul className="divide-y divide-line border-t border-line">
            {machine.workers.map(node => (
              <WorkerRow key={node.id} node={node} isShown={show === node.id} />
            ))}
          </ul>
        )}
      </section>
    )
  },
  (one, other) =>
    one.show === other.show && one.isSearched === other.isSearched && sameMachine(one.machine, other.machine),
)

/** How its services and troubled workers are, in a few words. */
function Services({ machine }: { machine: MachineNode }) {
  const states = statesOf([machine])
  if (states.length === 0) return null
  return (
    <ul aria-label={`States on ${machine.name}`} className="flex flex-wrap gap-x-3 gap-y-1 text-xs">
      {states.map(({ state, count }) => {
        const { word, tone, icon: Icon } = lookOf(state)
        return (
          <li key={state} data-tone={tone} className="tone tone-text flex items-center gap-1">
            <Icon aria-hidden size={13} />
            {count} {word}
          </li>
        )
      })}
    </ul>
  )
}
