/** A JSON value as lines of a tree that opens and closes; big integers exact. Knows no screen. */

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

export interface JsonLine {
  readonly path: string
  readonly depth: number
  /** undefined: the root */
  readonly name: string | number | undefined
  readonly kind: JsonKind
  readonly value: unknown
  /** of an object or array */
  readonly size: number
  readonly open: boolean
  /** stands for so many more of the parent's, not shown yet */
  readonly more: number
}

/** What is open: a path that is there was turned from how it stands by itself. */
export type Turned = ReadonlySet<string>
/** How many children of a path are shown; PAGE by default. */
export type Shown = ReadonlyMap<string, number>

export const PAGE = 100
const OPEN_DEPTH = 2
const OPEN_SIZE = 30

/** Lines in order. Small things of the first levels stand open by themselves. */
export function jsonLines(value: unknown, turned: Turned, shown: Shown): readonly JsonLine[] {
  const lines: JsonLine[] = []
  add(lines, value, undefined, '$', 0, turned, shown)
  return lines
}

function add(
  lines: JsonLine[],
  value: unknown,
  name: string | number | undefined,
  path: string,
  depth: number,
  turned: Turned,
  shown: Shown,
): void {
  const kind = kindOf(value)
  const children = kind === 'object' || kind === 'array' ? entries(value) : []
  const byItself = depth === 0 || (depth < OPEN_DEPTH && children.length <= OPEN_SIZE)
  const open = children.length > 0 && byItself !== turned.has(path)
  lines.push({ path, depth, name, kind, value, size: children.length, open, more: 0 })
  if (!open) return
  const limit = shown.get(path) ?? PAGE
  for (const [key, child] of children.slice(0, limit)) {
    add(
      lines,
      child,
      key,
      `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`,
      depth + 1,
      turned,
      shown,
    )
  }
  const more = children.length - limit
  if (more > 0) {
    lines.push({
      path,
      depth: depth + 1,
      name: undefined,
      kind: 'null',
      value: null,
      size: 0,
      open: false,
      more,
    })
  }
}

function entries(value: unknown): readonly (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return value.map((each, index) => [index, each] as const)
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function kindOf(value: unknown): JsonKind {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'bigint' || typeof value === 'number') return 'number'
  return typeof value === 'object' ? 'object' : typeof value === 'boolean' ? 'boolean' : 'string'
}

/** A leaf as JSON would write it: `"a"`, `9007199254740993`, `null`. */
export function leafText(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  return value === undefined ? 'null' : JSON.stringify(value)
}
