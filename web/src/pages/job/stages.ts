/** The stages of an attempt as a tree: plan order, shares by weight, what was done of each. Knows no screen. */

import type { AttemptDoc, StageDoc, StageSpec } from '@headway/client'
import { counted } from '../../words/jobs.ts'
import { clock, spent } from '../../words/numbers.ts'

export type StageLook = 'waiting' | 'running' | 'completed' | 'stopped'

export interface StageNode {
  readonly path: string
  readonly name: string
  /** of its siblings' weights, 0..1; 0: the plan does not name it, so it weighs nothing */
  readonly share: number
  readonly state: StageLook
  /** null: it runs, and nobody knows how far it is */
  readonly fraction: number | null
  readonly doc: StageDoc | undefined
  readonly children: readonly StageNode[]
}

/** Planned stages in order, then those that nobody announced. An attempt that is over stopped what still ran. */
export function stageTree(attempt: AttemptDoc | undefined): readonly StageNode[] {
  if (!attempt) return []
  const docs = attempt.stages ?? {}
  return level(attempt.plan ?? [], docs, '', attempt.phase === 'ended')
}

function level(
  specs: readonly StageSpec[],
  docs: Readonly<Record<string, StageDoc>>,
  prefix: string,
  over: boolean,
): readonly StageNode[] {
  const weights = specs.reduce((sum, spec) => sum + spec.weight, 0)
  const planned = specs.map(spec =>
    node(prefix + spec.name, spec.weight / weights, docs, spec.stages ?? [], over),
  )
  const names = new Set(specs.map(spec => spec.name))
  const others = Object.keys(docs).filter(
    path => isBelow(path, prefix) && !names.has(path.slice(prefix.length)),
  )
  const found = others
    .sort((one, other) => (docs[one]?.started_at ?? '').localeCompare(docs[other]?.started_at ?? ''))
    .map(path => node(path, 0, docs, [], over))
  return [...planned, ...found]
}

/** Exactly one level under the prefix; "" is the whole attempt's own count and no stage. */
function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && path.length > prefix.length && !path.slice(prefix.length).includes('/')
}

function node(
  path: string,
  share: number,
  docs: Readonly<Record<string, StageDoc>>,
  specs: readonly StageSpec[],
  over: boolean,
): StageNode {
  const doc = docs[path]
  const children = level(specs, docs, `${path}/`, over)
  const state = stateOf(doc, children, over)
  const name = path.slice(path.lastIndexOf('/') + 1)
  return { path, name, share, state, fraction: fractionOf(doc, children, state), doc, children }
}

function stateOf(doc: StageDoc | undefined, children: readonly StageNode[], over: boolean): StageLook {
  if (doc?.state === 'completed') return 'completed'
  const begun = doc !== undefined || children.some(child => child.state !== 'waiting')
  if (!begun) return 'waiting'
  return over ? 'stopped' : 'running'
}

/** A stage with planned parts is their weighted mean (as model/progress.py says it). */
function fractionOf(
  doc: StageDoc | undefined,
  children: readonly StageNode[],
  state: StageLook,
): number | null {
  if (state === 'completed') return 1
  if (state === 'waiting') return 0
  const weighed = children.filter(child => child.share > 0)
  if (weighed.length) return weighed.reduce((sum, child) => sum + child.share * (child.fraction ?? 0), 0)
  return doc?.fraction ?? (state === 'stopped' ? 0 : null)
}

/** How long it has taken by now, or took: `12:05`, `2.4 s`; "" before it began. */
export function stageTime(node: StageNode, now: number): string {
  const { doc } = node
  if (!doc?.started_at) return ''
  const from = Date.parse(doc.started_at)
  if (doc.ended_at) return spent((Date.parse(doc.ended_at) - from) / 1000)
  return node.state === 'running' ? clock((now - from) / 1000) : ''
}

/** `40 %`-free words of where a stage is: count, else its state. */
export function stageCount(node: StageNode): string {
  const text = node.doc ? counted(node.doc) : ''
  if (text) return text
  return { waiting: 'not yet', running: 'running', completed: 'done', stopped: 'stopped' }[node.state]
}

/** All nodes, depth first. */
export function flat(
  nodes: readonly StageNode[],
  depth = 0,
): readonly (StageNode & { readonly depth: number })[] {
  return nodes.flatMap(each => [{ ...each, depth }, ...flat(each.children, depth + 1)])
}
