/**
 * How jobs are named and asked for: references, paths, and the options of calls about them.
 *
 * Must never know how calls travel. Used by jobs.ts and those who call it.
 */
import type { CallOptions } from './rest.ts'
import type { JobRequest } from './wire.ts'

/** A job, by its id or by anything that has it: a handle, a document. */
export type JobRef = string | { readonly id: string }

/** How to run it, as a submit takes it; durations are seconds or texts (`1h30m`). */
export type SubmitOptions = Omit<JobRequest, 'kind' | 'args' | 'after' | 'parent'> &
  CallOptions & { readonly after?: readonly JobRef[]; readonly parent?: JobRef }

/** One job of many. */
export type SubmitRequest = Omit<SubmitOptions, keyof CallOptions> & {
  readonly kind: string
  readonly args?: unknown
}

export interface ListQuery {
  /** Filter language; default: every job. */
  readonly q?: string
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string
}

export interface LogQuery {
  /** Number of the first line; default 1. */
  readonly from?: number
  readonly tail?: number
  readonly limit?: number
  readonly contains?: string
  /** `contains` whatever its capitals. */
  readonly ignore_case?: boolean
  /** Parted by commas. */
  readonly level?: string
}

export interface ResultOptions {
  readonly signal?: AbortSignal | undefined
  /** Throw `timeout` if it has not ended by then; default: wait for ever. */
  readonly timeoutMs?: number | undefined
}

export function idOf(job: JobRef): string {
  return typeof job === 'string' ? job : job.id
}

export function pathOf(job: JobRef): string {
  return `/jobs/${encodeURIComponent(idOf(job))}`
}

export function artifactPath(job: JobRef, name: string): string {
  return `${pathOf(job)}/artifacts/${name.split('/').map(encodeURIComponent).join('/')}`
}

export function bodyOf({ after, parent, ...request }: SubmitRequest): JobRequest {
  return { ...request, ...(after && { after: after.map(idOf) }), ...(parent && { parent: idOf(parent) }) }
}
