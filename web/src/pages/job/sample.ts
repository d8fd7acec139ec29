/** A job's document for tests: small and whole; what a test is about it says itself. */

import type { AttemptDoc, JobDoc } from '@headway/client'

export const T0 = Date.parse('2026-11-22T08:00:00.000Z')

/** The instant so many seconds after T0, as documents write it. */
export function at(seconds: number): string {
  return new Date(T0 + seconds * 1000).toISOString()
}

export function sampleJob(part: Partial<JobDoc> = {}): JobDoc {
  return {
    id: '01JDB0000000000000000000AB',
    namespace: 'default',
    kind: 'crawl',
    queue: 'default',
    priority: 0,
    labels: {},
    args_bytes: 2,
    created_at: at(0),
    state: 'queued',
    queued_at: at(0),
    options: {},
    max_attempts: 1,
    attempt: 0,
    tries: 0,
    seq: 1,
    ...part,
  }
}

export function sampleAttempt(part: Partial<AttemptDoc> = {}): AttemptDoc {
  return {
    number: 1,
    worker: 'm1/1',
    instance: 'i1',
    phase: 'started',
    offered_at: at(2),
    started_at: at(3),
    ...part,
  }
}
