/**
 * The addresses of the dashboard: which page a path means, and what the search parameters of each may be.
 *
 * Search parameters are the state of a page: whoever has the link sees the same. A table and its two directions, text to
 * place and place to text. Pure: the browser's history is router.tsx's.
 */

export interface JobsSearch {
  readonly q?: string | undefined
  readonly sort?: string | undefined
}
export interface JobSearch {
  readonly tab?: string | undefined
  readonly attempt?: number | undefined
  /** Log lines: `120` or `120-140`. */
  readonly L?: string | undefined
  readonly find?: string | undefined
  readonly at?: number | undefined
}
export interface NewSearch {
  readonly kind?: string | undefined
  readonly from?: string | undefined
  readonly template?: string | undefined
}
export interface MachinesSearch {
  readonly show?: string | undefined
  readonly q?: string | undefined
  readonly state?: string | undefined
}
export interface McpSearch {
  readonly q?: string | undefined
  /** The kind whose form is open, and the job that was made from it. */
  readonly run?: string | undefined
  readonly job?: string | undefined
}
export interface OneSearch {
  readonly show?: string | undefined
}

/** Each page by its path, with the search parameters it understands. */
export interface Searches {
  readonly '/jobs': JobsSearch
  readonly '/jobs/$id': JobSearch
  readonly '/new': NewSearch
  readonly '/machines': MachinesSearch
  readonly '/queues': OneSearch
  readonly '/kinds': OneSearch
  readonly '/mcp': McpSearch
  readonly '/system': Readonly<Record<string, never>>
}
export type To = keyof Searches

/** How each parameter is read; what is none of these is left out. */
type Read<S> = { readonly [K in keyof S]-?: (text: string) => S[K] }

const text = (value: string): string | undefined => value || undefined
const whole = (value: string): number | undefined => (/^\d{1,15}$/.test(value) ? Number(value) : undefined)

const READ: { readonly [T in To]: Read<Searches[T]> } = {
  '/jobs': { q: text, sort: text },
  '/jobs/$id': { tab: text, attempt: whole, L: text, find: text, at: whole },
  '/new': { kind: text, from: text, template: text },
  '/machines': { show: text, q: text, state: text },
  '/queues': { show: text },
  '/kinds': { show: text },
  '/mcp': { q: text, run: text, job: text },
  '/system': {},
}

/** Where one is: the page, the id in its path if it has one, and its parameters. */
export interface Place<T extends To = To> {
  readonly to: T
  readonly id: string
  readonly search: Searches[T]
}

/** Where one may be sent. */
export interface Target<T extends To = To> {
  readonly to: T
  readonly params?: { readonly id: string }
  readonly search?: Searches[T]
}

/** The place that a path below the prefix and its query mean; undefined: none of ours. */
export function placeOf(path: string, query: string): Place | undefined {
  const id = /^\/jobs\/([^/]+)\/?$/.exec(path)?.[1]
  const to = id === undefined ? path.replace(/\/$/, '') || '/jobs' : '/jobs/$id'
  return isTo(to) ? { to, id: id === undefined ? '' : decoded(id), search: searchOf(to, query) } : undefined
}

function isTo(path: string): path is To {
  return path in READ
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function searchOf<T extends To>(to: T, query: string): Searches[T] {
  const given = new URLSearchParams(query)
  const read: Readonly<Record<string, (text: string) => unknown>> = READ[to]
  const found = Object.entries(read).flatMap(([name, how]) => {
    const value = how(given.get(name) ?? '')
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(found) as Searches[T]
}

/** The path and query of a target, below the prefix and without its first slash: `jobs/01J…?tab=logs`. */
export function pathOf<T extends To>({ to, params, search }: Target<T>): string {
  const path = to.slice(1).replace('$id', () => encodeURIComponent(params?.id ?? ''))
  const query = new URLSearchParams(
    Object.entries(search ?? {}).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, String(value)]],
    ),
  ).toString()
  return query ? `${path}?${query}` : path
}
