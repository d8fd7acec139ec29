/**
 * Which of the jobs that are to run again are calls that a person is asked for first: by kind, how many, and the newest.
 *
 * Of named jobs this page knows what they are; of all that match, the server does. Must never act. Called by actdialog.tsx.
 */
import { type Headway, type JobDoc, type KindDoc, quotedWhereNeeded } from '@headway/client'
import { kindOf } from '../../app/consent.tsx'
import type { Meant } from './acts.ts'

export interface Calls {
  readonly kind: KindDoc
  /** One of them, to show what such a call is given. */
  readonly job: JobDoc
  readonly number: number
}

export async function callsOf(
  client: Headway,
  meant: Meant,
  jobs: readonly JobDoc[] = [],
): Promise<readonly Calls[]> {
  return 'q' in meant ? callsAmong(client, meant.q) : callsIn(client, jobs)
}

/** Of these very jobs. */
async function callsIn(client: Headway, jobs: readonly JobDoc[]): Promise<readonly Calls[]> {
  const names = [...new Set(jobs.map(job => job.kind))]
  const kinds = await Promise.all(names.map(name => kindOf(client, name)))
  return kinds.flatMap(kind => {
    const own = kind?.confirm ? jobs.filter(job => job.kind === kind.name) : []
    return kind && own[0] ? [{ kind, job: own[0], number: own.length }] : []
  })
}

const AT_ONCE = 6

/** Of all that match: asked kind by kind, where there is any. */
async function callsAmong(client: Headway, q: string): Promise<readonly Calls[]> {
  const kinds = (await client.kinds.list()).filter(kind => kind.confirm)
  if (!kinds.length || !(await newestOf(client, q, kinds))) return []
  const found: Calls[] = []
  for (let at = 0; at < kinds.length; at += AT_ONCE) {
    const some = kinds.slice(at, at + AT_ONCE)
    found.push(...(await Promise.all(some.map(kind => callsLike(client, kind, q)))).flat())
  }
  return found
}

async function callsLike(client: Headway, kind: KindDoc, q: string): Promise<readonly Calls[]> {
  const job = await newestOf(client, q, [kind])
  if (!job) return []
  const { matched } = await client.act({ action: 'retry', q: among(q, [kind]), dry_run: true })
  return [{ kind, job, number: matched }]
}

async function newestOf(client: Headway, q: string, kinds: readonly KindDoc[]): Promise<JobDoc | undefined> {
  return (await client.list({ q: among(q, kinds), limit: 1 })).jobs[0]
}

function among(q: string, kinds: readonly KindDoc[]): string {
  return `${q} kind:${kinds.map(kind => quotedWhereNeeded(kind.name)).join(',')}`.trim()
}
