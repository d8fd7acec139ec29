/** The stages of an attempt: weighted segments side by side where there is room, a list where there is not. */

import type { AttemptDoc } from '@headway/client'
import { Bar, type Freshness } from '../../kit/bar.tsx'
import { percent } from '../../words/numbers.ts'
import type { Tone } from '../../words/states.ts'
import { attemptLook } from './gantt.ts'
import { type StageLook, type StageNode, stageCount, stageTime, stageTree } from './stages.ts'

const MOST_SEGMENTS = 8
const TONES: Readonly<Partial<Record<StageLook, Tone>>> = {
  waiting: 'soft',
  running: 'running',
  completed: 'completed',
}

interface TrackProps {
  attempt: AttemptDoc | undefined
  now: number
  freshness: Freshness
}

export function StageTrack({ attempt, now, freshness }: TrackProps) {
  const tree = stageTree(attempt)
  if (!attempt || !tree.length) return null
  const over = attemptLook(attempt).tone
  const wide = tree.length <= MOST_SEGMENTS
  return (
    <section aria-label="Stages" className="rounded-lg border border-line bg-card p-3 sm:p-4">
      {wide && (
        <ol className="hidden gap-4 sm:flex">
          {tree.map(node => (
            <Segment key={node.path} node={node} now={now} freshness={freshness} over={over} />
          ))}
        </ol>
      )}
      <ol className={`flex flex-col gap-2 ${wide ? 'sm:hidden' : ''}`}>
        {tree.map(node => (
          <StageLine key={node.path} node={node} now={now} freshness={freshness} over={over} />
        ))}
      </ol>
    </section>
  )
}

interface StageProps {
  node: StageNode
  now: number
  freshness: Freshness
  /** What became of the attempt, for stages that it left unfinished. */
  over: Tone
}

function Segment({ node, now, freshness, over }: StageProps) {
  return (
    <li
      className="flex min-w-24 flex-col gap-1"
      style={{ flexGrow: Math.max(node.share, 0.05), flexBasis: 0 }}
      data-state={node.state}
    >
      <StageBar node={node} freshness={freshness} over={over} thick />
      <p className="flex items-baseline gap-2 pt-0.5">
        <span className="min-w-0 flex-1 truncate text-sm font-medium" title={node.path}>
          {node.name}
        </span>
        <span className="shrink-0 text-xs text-soft">{stageTime(node, now)}</span>
      </p>
      <p className="truncate text-xs text-soft" title={describe(node)}>
        {stageCount(node)}
        {node.share === 0 && ' · not in the plan'}
      </p>
      {node.children.length > 0 && (
        <ol className="flex flex-col gap-1 border-l border-line pl-2">
          {node.children.map(child => (
            <Inner key={child.path} node={child} now={now} freshness={freshness} over={over} />
          ))}
        </ol>
      )}
    </li>
  )
}

function Inner({ node, now, freshness, over }: StageProps) {
  return (
    <li data-state={node.state}>
      <p className="flex items-baseline gap-2 text-xs">
        <span className="min-w-0 flex-1 truncate" title={node.path}>
          {node.name}
        </span>
        <span className="shrink-0 text-soft">{stageTime(node, now) || stageCount(node)}</span>
      </p>
      <StageBar node={node} freshness={freshness} over={over} />
      {node.children.length > 0 && (
        <ol className="pl-2">
          {node.children.map(child => (
            <Inner key={child.path} node={child} now={now} freshness={freshness} over={over} />
          ))}
        </ol>
      )}
    </li>
  )
}

function StageLine({ node, now, freshness, over }: StageProps) {
  return (
    <li data-state={node.state}>
      <p className="flex items-baseline gap-2 text-sm">
        <span className="min-w-0 truncate font-medium" title={node.path}>
          {node.name}
        </span>
        <span className="min-w-0 flex-1 truncate text-xs text-soft">{stageCount(node)}</span>
        <span className="shrink-0 text-xs text-soft">{stageTime(node, now)}</span>
      </p>
      <StageBar node={node} freshness={freshness} over={over} />
      {node.children.length > 0 && (
        <ol className="mt-1.5 flex flex-col gap-1.5 border-l border-line pl-3">
          {node.children.map(child => (
            <StageLine key={child.path} node={child} now={now} freshness={freshness} over={over} />
          ))}
        </ol>
      )}
    </li>
  )
}

function StageBar({ node, freshness, over, thick }: Omit<StageProps, 'now'> & { thick?: boolean }) {
  const label = `Stage ${node.path}, ${describe(node)}`
  const shown = node.state === 'running' ? freshness : 'fresh'
  const still = node.state === 'waiting'
  if (still) {
    return (
      <div
        role="img"
        aria-label={label}
        className={`w-full rounded-full bg-track ${thick ? 'h-2.5' : 'h-1.5'}`}
      />
    )
  }
  return (
    <Bar
      fraction={node.fraction}
      label={label}
      tone={TONES[node.state] ?? over}
      freshness={shown}
      thick={thick ?? false}
    />
  )
}

function describe(node: StageNode): string {
  const share = node.state === 'running' && node.fraction !== null ? percent(node.fraction) : ''
  return [stageCount(node), share, node.doc?.message ?? ''].filter(Boolean).join(', ')
}
