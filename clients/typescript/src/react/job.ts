/**
 * One job in a component: its document as it changes, what is derived from it, and what may be asked of it.
 *
 * Components that look at the same job share one subscription. Must never know how it is drawn. Uses watch.ts for the
 * document, settling.ts for its end and freshness.ts for whether it is to be believed.
 */
import { useCallback, useEffect, useMemo } from 'react'
import { type HeadwayError, NotFound } from '../errors.ts'
import type { JobHandle } from '../job.ts'
import { jobOf } from '../listpages.ts'
import { FINAL } from '../listquery.ts'
import type { Freshness } from '../quiet.ts'
import { attemptsOf, type StageRow, stagesOf } from '../stages.ts'
import type { AttemptDoc, JobDoc, ProgressDoc } from '../wire.ts'
import { type Answer, answerOf, type Found, isSame } from './answer.ts'
import { pacesOf, useFreshness } from './freshness.ts'
import { useHeadway } from './provider.ts'
import { settlingOf } from './settling.ts'
import { type Source, throttled, useLatest, useSelected } from './source.ts'
import { isFirst, useTopics, type Watched } from './watch.ts'

export interface JobOptions<S> {
  /** False: nothing is followed, and what was there stays. May change at any time. Default true. */
  readonly enabled?: boolean
  /** Draw again only when this is another (shallow). */
  readonly select?: (job: JobDoc) => S
  /** Draw at most once in so many ms; that it ended is drawn at once. */
  readonly throttleMs?: number
  /** Another stage than before runs (null: none), seen while this component watched. */
  readonly onStage?: (stage: string | null, job: JobDoc) => void
  /**
   * It ended. Called once for each job by every component that watches when the end is known, and never again for that job
   * by this client: not after a remount, a reconnect, or by StrictMode.
   */
  readonly onSettled?: (job: JobDoc) => void
}

export interface JobFacts {
  /** The whole document, whatever `select` takes of it. */
  readonly job: JobDoc | undefined
  /** Of the current attempt, depth first in the order of its plan. */
  readonly stages: readonly StageRow[]
  /** Oldest first. */
  readonly attempts: readonly AttemptDoc[]
  readonly progress: ProgressDoc | undefined
  /** It has ended, for good. */
  readonly settled: boolean
  readonly freshness: Freshness
  /** Whole seconds since the last report while quiet, else 0. */
  readonly quietS: number
  /** Ask it to stop; its receipt is `job.cancel`. */
  readonly cancel: (reason?: string) => Promise<unknown>
  /** Run it again as a new job, with the same arguments or others. */
  readonly retry: (args?: unknown) => Promise<JobHandle>
}

export type JobAnswer<S> = Answer<S> & JobFacts

export function useJob(id: string | undefined, options?: JobOptions<JobDoc>): JobAnswer<JobDoc>
export function useJob<S>(
  id: string | undefined,
  options: JobOptions<S> & { readonly select: (job: JobDoc) => S },
): JobAnswer<S>
/** One job, live. Without `id`, or not `enabled`, nothing is followed. */
export function useJob<S>(id = '', options: JobOptions<S> = {}): JobAnswer<S | JobDoc> {
  const { enabled = true, select, throttleMs = 0 } = options
  const client = useHeadway()
  const source = useTopics(client.live, topicsOf(id), enabled)
  const drawn = useMemo(
    () => throttled(source, throttleMs, (now, told) => isFirst(now, told) || isSettled(jobIn(now, id))),
    [source, throttleMs, id],
  )
  const find = useCallback(
    (state: Watched): Found<S | JobDoc> => {
      const job = jobIn(state, id)
      const known = job && { data: select ? select(job) : job }
      return { known, error: errorIn(state, job, id) }
    },
    [select, id],
  )
  const found = useSelected(drawn, find, sameFound)
  const job = jobIn(source.get(), id)
  useTold(source, id, enabled, options)
  const sign = useFreshness(job)
  const stages = useMemo(() => (job ? stagesOf(job) : []), [job])
  const attempts = useMemo(() => (job ? attemptsOf(job) : []), [job])
  const cancel = useCallback((reason?: string) => client.cancel(id, reason), [client, id])
  const retry = useCallback((args?: unknown) => client.job(id).retry(args), [client, id])
  const facts = {
    job,
    stages,
    attempts,
    progress: job?.progress,
    settled: isSettled(job),
    ...sign,
    cancel,
    retry,
  }
  return { ...answerOf(found), ...facts }
}

/** Call `onStage` and `onSettled` when it is time. */
function useTold<S>(source: Source<Watched>, id: string, enabled: boolean, options: JobOptions<S>): void {
  const client = useHeadway()
  const latest = useLatest(options)
  const wantsEnd = options.onSettled !== undefined
  useEffect(() => {
    if (!enabled || !id) return
    let stage: string | null | undefined
    const look = (): void => {
      const job = jobIn(source.get(), id)
      if (!job) return
      pacesOf(client).note(job)
      const now = job.progress?.stage ?? null
      if (stage !== undefined && stage !== now) latest.current.onStage?.(now, job)
      stage = now
      if (isSettled(job)) settlingOf(client).settle(job)
    }
    const ends = [source.subscribe(look)]
    if (wantsEnd) ends.push(settlingOf(client).wait(id, job => latest.current.onSettled?.(job)))
    look()
    return () => {
      for (const end of ends) end()
    }
  }, [client, source, id, enabled, latest, wantsEnd])
}

function topicsOf(id: string): readonly string[] {
  return id ? [`job:${id}`] : []
}

function jobIn(state: Watched, id: string): JobDoc | undefined {
  const document = id ? state.view?.topic().all('job').get(id) : undefined
  return document && jobOf(document)
}

function errorIn(state: Watched, job: JobDoc | undefined, id: string): HeadwayError | null {
  if (state.refused || job || !state.view?.ready) return state.refused
  return missing(id)
}

const errors = new Map<string, NotFound>()

/** The same error for the same job, so that it is not news each time. */
function missing(id: string): NotFound {
  const known = errors.get(id)
  if (known) return known
  const hint = 'Look at the id, or it was deleted.'
  const error = new NotFound(`No job has the id '${id}'.`, { code: 'not_found', hint, status: 404 })
  if (errors.size >= 100) errors.clear()
  errors.set(id, error)
  return error
}

function isSettled(job: JobDoc | undefined): boolean {
  return job !== undefined && FINAL.has(job.state)
}

function sameFound<S>(one: Found<S>, other: Found<S>): boolean {
  if (one.error !== other.error || !one.known !== !other.known) return false
  return isSame(one.known?.data, other.known?.data)
}
