/**
 * Every action of this dashboard as the command line, curl or Python would say it, with this server's own address.
 *
 * A table: what the action is by REST, what the command line and the Python client call it. Where those have no word for
 * it, `cli` is null, and Python asks by REST. Pure but for the address. Must never carry out anything nor hold a token:
 * who needs one has it in HEADWAY_TOKEN. Used by every page's "Copy as".
 */
import type { JobRequest, KindRequest } from '@headway/client'
import { json, literal, quoted } from '../words/code.ts'
import { place, serverUrl } from './address.ts'

export type BulkAction = 'cancel' | 'delete' | 'hold' | 'priority' | 'release' | 'retry'

export type Action =
  | { readonly do: 'submit'; readonly job: JobRequest }
  | { readonly do: 'show' | 'watch' | 'hold' | 'release' | 'delete'; readonly id: string }
  | { readonly do: 'cancel'; readonly id: string; readonly reason?: string }
  | { readonly do: 'retry'; readonly id: string; readonly args?: unknown }
  | { readonly do: 'priority'; readonly id: string; readonly priority: number }
  | { readonly do: 'answer'; readonly id: string; readonly request: string; readonly content?: unknown }
  | { readonly do: 'logs'; readonly id: string; readonly contains?: string; readonly level?: string }
  | { readonly do: 'list'; readonly q: string }
  | ({ readonly do: 'act'; readonly action: BulkAction; readonly priority?: number } & Meant)
  | { readonly do: 'pause'; readonly queue: string; readonly reason?: string }
  | { readonly do: 'resume' | 'clear'; readonly queue: string }
  | { readonly do: 'limit'; readonly queue: string; readonly limit: number | null }
  | { readonly do: 'drain' | 'disconnect' | 'repair'; readonly worker: string }
  | { readonly do: 'approve'; readonly kind: string; readonly definition: string }
  | { readonly do: 'limits'; readonly kind: string; readonly limits: Nullable<KindRequest> }

/** All that match a filter, or those named. */
type Meant = { readonly q: string } | { readonly ids: readonly string[] }
type Nullable<T> = { readonly [key in keyof T]: T[key] | null }
type Doing = Action['do']
type Of<D extends Doing> = Extract<Action, { readonly do: D }>

export interface Copied {
  /** null: the command line has no command for it. */
  readonly cli: string | null
  readonly curl: string
  readonly python: string
}

/** The same action in three languages. */
export function copyAs(action: Action): Copied {
  const { rest, cli, python } = spoken(action)
  return {
    cli: cli ? `headway ${cli.replace(SERVER, () => `--server ${quoted(serverUrl)}`)}` : null,
    curl: curled(rest),
    python: python
      ? `import headway\n\nclient = headway.connect(${literal(serverUrl)})\n${python}`
      : requested(rest),
  }
}

/** Where the address goes in a command: groups take it before the name of the command. */
const SERVER = '@server'

// -- what an action is ------------------------------------------------------------------------------------------------

interface Rest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
}
interface Spoken {
  readonly rest: Rest
  readonly cli?: string
  readonly python?: string
}

const SAYS: { readonly [D in Doing]: (action: Of<D>) => Spoken } = {
  submit: ({ job }) => ({
    rest: { method: 'POST', path: 'jobs', body: job },
    ...submitCli(job),
    python: `job = client.submit(${[literal(job.kind), literal(job.args ?? {}), ...named(job)].join(', ')})\nprint(job.result())`,
  }),
  show: ({ id }) => ({
    rest: { method: 'GET', path: `jobs/${part(id)}` },
    cli: `job ${SERVER} ${quoted(id)}`,
    python: `print(client.get(${literal(id)}))`,
  }),
  watch: ({ id }) => ({
    rest: { method: 'GET', path: 'live', query: { topic: `job:${id}` } },
    cli: `watch ${SERVER} ${quoted(id)}`,
    python: `for view in client.watch(${literal(id)}):\n    print(view.state, view.overall)`,
  }),
  cancel: ({ id, reason }) => ({
    rest: { method: 'POST', path: `jobs/${part(id)}/cancel`, body: reason ? { reason } : {} },
    cli: `cancel ${SERVER} ${quoted(id)}${reason ? ` --reason ${quoted(reason)}` : ''}`,
    python: `client.cancel(${[literal(id), ...(reason ? [literal(reason)] : [])].join(', ')})`,
  }),
  retry: ({ id, args }) => ({
    rest: { method: 'POST', path: `jobs/${part(id)}/retry`, body: args === undefined ? {} : { args } },
    cli: `retry ${SERVER} ${quoted(id)}${args === undefined ? '' : ` --args ${quoted(json(args))}`}`,
    python: `job = client.retry(${[literal(id), ...(args === undefined ? [] : [literal(args)])].join(', ')})\nprint(job.result())`,
  }),
  hold: ({ id }) => ({ rest: { method: 'POST', path: `jobs/${part(id)}/hold`, body: {} } }),
  release: ({ id }) => ({ rest: { method: 'POST', path: `jobs/${part(id)}/release`, body: {} } }),
  delete: ({ id }) => ({ rest: { method: 'DELETE', path: `jobs/${part(id)}` } }),
  priority: ({ id, priority }) => ({
    rest: { method: 'POST', path: `jobs/${part(id)}/priority`, body: { priority } },
  }),
  answer: ({ id, request, content }) => ({
    rest: { method: 'POST', path: `jobs/${part(id)}/input`, body: { request, action: 'accept', content } },
  }),
  logs: ({ id, contains, level }) => ({
    rest: { method: 'GET', path: `jobs/${part(id)}/logs`, query: { contains, level } },
    cli: `logs ${SERVER} ${quoted(id)}${contains ? ` --grep ${quoted(escaped(contains))}` : ''}${level ? ` --level ${quoted(level)}` : ''}`,
    python: `for line in client.logs(${literal(id)}):\n    print(line["text"])`,
  }),
  list: ({ q }) => ({
    rest: { method: 'GET', path: 'jobs', query: { q: q || undefined } },
    cli: `jobs ${SERVER}${q ? ` ${q.startsWith('-') ? '-- ' : ''}${quoted(q)}` : ''}`,
    python: `for job in client.list(${literal(q)}):\n    print(job["id"], job["state"])`,
  }),
  act: action => ({ rest: { method: 'POST', path: 'jobs/actions', body: { ...action, do: undefined } } }),
  pause: ({ queue, reason }) => ({
    rest: {
      method: 'PATCH',
      path: `queues/${part(queue)}`,
      body: { paused: true, ...(reason ? { reason } : {}) },
    },
    cli: `queues ${SERVER} pause ${quoted(queue)}${reason ? ` --reason ${quoted(reason)}` : ''}`,
  }),
  resume: ({ queue }) => ({
    rest: { method: 'PATCH', path: `queues/${part(queue)}`, body: { paused: false } },
    cli: `queues ${SERVER} resume ${quoted(queue)}`,
  }),
  clear: ({ queue }) => ({
    rest: { method: 'POST', path: `queues/${part(queue)}/clear`, body: {} },
    cli: `queues ${SERVER} clear ${quoted(queue)}`,
  }),
  limit: ({ queue, limit }) => ({
    rest: { method: 'PATCH', path: `queues/${part(queue)}`, body: { limit } },
    cli: `queues ${SERVER} limit ${quoted(queue)} ${limit ?? 'none'}`,
  }),
  drain: ({ worker }) => ({
    rest: { method: 'POST', path: `workers/${part(worker)}/drain`, body: {} },
    cli: `workers ${SERVER} drain ${quoted(worker)}`,
  }),
  disconnect: ({ worker }) => ({
    rest: { method: 'POST', path: `workers/${part(worker)}/disconnect`, body: {} },
    cli: `workers ${SERVER} disconnect ${quoted(worker)}`,
  }),
  repair: ({ worker }) => ({
    rest: { method: 'POST', path: `workers/${part(worker)}/repair`, body: {} },
    cli: `workers ${SERVER} repair ${quoted(worker)}`,
  }),
  approve: ({ kind, definition }) => ({
    rest: { method: 'POST', path: `kinds/${part(kind)}/approve`, body: { definition } },
    cli: `kinds ${SERVER} approve ${quoted(kind)}`,
  }),
  limits: ({ kind, limits }) => ({ rest: { method: 'PATCH', path: `kinds/${part(kind)}`, body: limits } }),
}

function spoken<D extends Doing>(action: Of<D> & { readonly do: D }): Spoken {
  return SAYS[action.do](action)
}

const OPTIONS: readonly (readonly [field: keyof JobRequest, option: string])[] = [
  ['queue', 'queue'],
  ['priority', 'priority'],
  ['delay', 'delay'],
  ['at', 'at'],
  ['expires', 'expires'],
  ['timeout', 'timeout'],
  ['max_attempts', 'max-attempts'],
]
const SPOKEN: ReadonlySet<string> = new Set([
  'kind',
  'args',
  'labels',
  'after',
  'unique',
  ...OPTIONS.map(([field]) => field),
])

/** Nothing where a field is set that the command line has no option for. */
function submitCli(job: JobRequest): { readonly cli?: string } {
  const given = Object.entries(job).filter(([, value]) => value !== undefined)
  if (given.some(([field]) => !SPOKEN.has(field)) || (job.unique && typeof job.unique !== 'string')) return {}
  const words = [
    ...(job.args === undefined ? [] : [`--args ${quoted(json(job.args))}`]),
    ...OPTIONS.flatMap(([field, option]) =>
      job[field] === undefined ? [] : [`--${option} ${quoted(lasting(job[field]))}`],
    ),
    ...Object.entries(job.labels ?? {}).map(([name, value]) => `--label ${quoted(`${name}=${value}`)}`),
    ...(job.after ?? []).map(id => `--after ${quoted(id)}`),
    ...(typeof job.unique === 'string' ? [`--unique ${quoted(job.unique)}`] : []),
  ]
  return { cli: [`submit ${SERVER}`, quoted(job.kind), ...words].join(' ') }
}

function lasting(value: unknown): string {
  return String(value)
}

function named(job: JobRequest): string[] {
  return Object.entries(job).flatMap(([name, value]) =>
    value === undefined || name === 'kind' || name === 'args' ? [] : [`${name}=${literal(value)}`],
  )
}

// -- how it is written ------------------------------------------------------------------------------------------------

function address({ path, query = {} }: Rest): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value ? [`${name}=${encodeURIComponent(value)}`] : [],
  )
  return `${serverUrl}/api/v1/${path}${given.length ? `?${given.join('&')}` : ''}`
}

function curled(rest: Rest): string {
  const lines = [`curl ${rest.method === 'GET' ? '' : `-X ${rest.method} `}${quoted(address(rest))}`]
  if (rest.path === 'live') lines.push("-N -H 'Accept: text/event-stream'")
  if (place.authenticated) lines.push('-H "Authorization: Bearer $HEADWAY_TOKEN"')
  if (rest.body !== undefined)
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(json(rest.body))}`)
  return lines.join(' \\\n  ')
}

/** Where the Python client has no method of its own. */
function requested(rest: Rest): string {
  const parts = [
    literal(address(rest)),
    ...(rest.body === undefined ? [] : [`json=${literal(rest.body)}`]),
    ...(place.authenticated ? ['headers={"Authorization": f"Bearer {os.environ[\'HEADWAY_TOKEN\']}"}'] : []),
  ]
  const imports = place.authenticated ? 'import os\n\nimport httpx' : 'import httpx'
  return `${imports}\n\nanswer = httpx.${rest.method.toLowerCase()}(${parts.join(', ')})\nanswer.raise_for_status()`
}

/** A path's part: names of workers and queues hold slashes. */
function part(name: string): string {
  return encodeURIComponent(name)
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
