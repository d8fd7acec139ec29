/**
 * A service in words: why it is as it is, what it has on its desk, how full its memory is, whether it still gives signs.
 *
 * What a service tells of its load is its own type's matter, so each figure is read only where it is one. Pure: `now` (ms,
 * the server's) comes in. Must never know components. Called by servicerow.tsx and finding.ts.
 */
import type { ServiceDoc } from '@headway/client'
import { amount, size } from '../../words/numbers.ts'

/** Engines are asked every 15 s; who missed two of those is worth a doubt, well before the server calls it unknown. */
const SILENT_MS = 30_000
/** In these nobody can tell what its load is now: what is known is what it was. */
const PAST: ReadonlySet<string> = new Set(['starting', 'unreachable', 'unknown'])

export interface Memory {
  readonly word: 'VRAM' | 'memory'
  readonly used: number
  readonly total: number
}

export interface Desk {
  /** `1 running, 3 waiting`; "": nothing. */
  readonly text: string
  /** `2 of others`: how many of those nobody here asked for; "" for none. */
  readonly others: string
}

/** Its memory, of the GPU where there is one; undefined: it does not tell. */
export function memoryOf({ load }: ServiceDoc): Memory | undefined {
  const [total, free] = [numberIn(load?.vram_total), numberIn(load?.vram_free)]
  if (!total || free === undefined) return undefined
  const word = String(load?.device ?? '').startsWith('cpu') ? 'memory' : 'VRAM'
  return { word, used: Math.min(total, Math.max(0, total - free)), total }
}

/** `18.0 of 24.0 GB`: the unit once where both have it. */
export function memoryText({ used, total }: Memory): string {
  const [one, all] = [size(used), size(total)]
  const unit = all.slice(all.indexOf(' '))
  return `${one.endsWith(unit) ? one.slice(0, -unit.length) : one} of ${all}`
}

/** `NVIDIA GeForce RTX 4090` of `cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync`. */
export function deviceOf({ load }: ServiceDoc): string {
  const text = typeof load?.device === 'string' ? load.device : ''
  const plain = text.replace(/^\w+:\d+\s+/, '').replace(/\s+:\s+\w+$/, '')
  return plain === 'cpu' ? 'CPU' : plain
}

/** What it works on and what waits for it, whoever asked for it; undefined: it does not tell. */
export function deskOf({ load }: ServiceDoc): Desk | undefined {
  const [running, waiting] = [numberIn(load?.queue_running), numberIn(load?.queue_pending)]
  if (running === undefined && waiting === undefined) return undefined
  const others = numberIn(load?.others) ?? 0
  const parts = [running ? `${amount(running)} running` : '', waiting ? `${amount(waiting)} waiting` : '']
  return {
    text: parts.filter(Boolean).join(', '),
    others: others ? `${amount(others)} of others` : '',
  }
}

/** Why it is as it is, each sentence once. */
export function whyOf({ reason, error }: ServiceDoc): readonly string[] {
  const said = [reason, error].flatMap(text => (text?.trim() ? [text.trim()] : []))
  return said.filter(
    (text, index) => !said.some((other, place) => place !== index && holds(other, text, place < index)),
  )
}

/** Where it can be opened: an address that a browser may go to, else none. What an MCP server answers at is no page. */
export function addressOfService({ type, url }: ServiceDoc): string | undefined {
  return type !== 'mcp' && url && /^https?:\/\/[^\s/]/i.test(url) ? url : undefined
}

/** What stands under its name: `comfyui 0.38.1`, `mcp notes 1.2 · MCP 2025-11-25 · http://127.0.0.1:9000/mcp`. */
export function aboutService(service: ServiceDoc): string {
  const { type, version, url } = service
  const about = [type, version].filter(Boolean).join(' ')
  return url && !addressOfService(service) ? `${about} · ${url}` : about
}

/** Of the six columns of its row those that its name has: the next ones too, as far as nothing stands in them. */
export function columnsOfName(service: ServiceDoc): number {
  const taken = [memoryOf(service) ?? deviceOf(service), deskOf(service), service.job]
  const next = taken.findIndex(Boolean)
  return 1 + (next === -1 ? taken.length : next)
}

/** Nothing was heard of it for so long that what it said may not hold any more. */
export function isSilent({ seen_at }: ServiceDoc, now: number): boolean {
  return seen_at === undefined || now - Date.parse(seen_at) > SILENT_MS
}

/** Its load is what it was, not what it is. */
export function isPast(service: ServiceDoc): boolean {
  return PAST.has(service.status)
}

function holds(other: string, text: string, isBefore: boolean): boolean {
  return other === text ? isBefore : other.includes(text)
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
