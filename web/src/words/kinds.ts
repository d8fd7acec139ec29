/**
 * A kind in words: what people call it, whose tool it is, and what is to be known before it runs.
 *
 * What a server says of its own tool (read-only, destructive) is a claim, and is said as one. Pure. Must never know
 * components or workers. Used by every page that names a kind.
 */
import type { KindDoc, WorkerDoc } from '@headway/client'
import { Boxes, Eye, GitCompareArrows, OctagonAlert, ShieldQuestionMark } from 'lucide-react'
import type { Look } from './states.ts'

const MCP = 'mcp:'

/** What stands before the name of each tool of a server. */
function prefixOf(server: string): string {
  return `mcp.${server}.`
}

/** The MCP server whose tool it is; undefined: it is no tool. */
export function serverOf({ service }: Pick<KindDoc, 'service'>): string | undefined {
  return service?.startsWith(MCP) ? service.slice(MCP.length) : undefined
}

/** `create_issue` of `mcp.github.create_issue`; any other kind by its name. */
export function toolOf(kind: Pick<KindDoc, 'name' | 'service'>): string {
  const server = serverOf(kind)
  const prefix = prefixOf(server ?? '')
  return server !== undefined && kind.name.startsWith(prefix) ? kind.name.slice(prefix.length) : kind.name
}

/** A badge, and what it means. */
export interface Trait extends Look {
  readonly title: string
}

const READS: Trait = {
  word: 'read-only',
  tone: 'soft',
  icon: Eye,
  title: 'Its server says that it changes nothing.',
}
const DESTROYS: Trait = {
  word: 'destructive',
  tone: 'failed',
  icon: OctagonAlert,
  title: 'Its server says that it may destroy or overwrite what is there.',
}
const ASKS: Trait = {
  word: 'asks first',
  tone: 'warn',
  icon: ShieldQuestionMark,
  title: 'A person is asked before a job of it is submitted.',
}
const CHANGED: Trait = {
  word: 'changed',
  tone: 'warn',
  icon: GitCompareArrows,
  title: 'Its worker tells another definition than the one that was approved: its jobs wait.',
}
const NOBODY: Trait = {
  word: 'no worker',
  tone: 'warn',
  icon: Boxes,
  title: 'No worker that is connected serves it: its jobs wait.',
}

type Told = Pick<KindDoc, 'annotations' | 'confirm' | 'quarantine'>

/** What is to be known of it; `workers`: how many that are connected serve it, undefined where nobody counted. */
export function traitsOf({ annotations, confirm, quarantine }: Told, workers?: number): readonly Trait[] {
  const { read_only, destructive } = annotations ?? {}
  const all: readonly (readonly [boolean | undefined, Trait])[] = [
    [Boolean(quarantine), CHANGED],
    [workers === 0, NOBODY],
    [confirm, ASKS],
    [destructive && !read_only, DESTROYS],
    [read_only, READS],
  ]
  return all.flatMap(([is, trait]) => (is ? [trait] : []))
}

const THERE: ReadonlySet<string> = new Set(['online', 'draining', 'stale'])

/** Its jobs wait for an approval: it changed, and no worker that is there has it as it was approved. */
export function isUnapproved(
  kind: Pick<KindDoc, 'name' | 'definition' | 'quarantine'> | undefined,
  workers: readonly Pick<WorkerDoc, 'state' | 'definitions'>[],
): boolean {
  if (!kind?.quarantine) return false
  return !workers.some(
    ({ state, definitions }) => THERE.has(state) && definitions?.[kind.name] === kind.definition,
  )
}

/** Its description to be read: without the indentation that Python servers leave in theirs. The definition keeps it. */
export function descriptionOf(kind: KindDoc): string {
  return (kind.description ?? '').replace(/^[ \t]+/gm, '')
}
