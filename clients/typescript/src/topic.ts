/**
 * Topics: what a viewer may subscribe to, and which events each carries, as one table.
 *
 * `carrier` turns a topic into the question "is this event mine?", asked once per event and followed topic. Must never know
 * views. Twin of model/topic.py; what an event's words mean is in spec/README.md.
 */
import type { WireEvent } from './wire.ts'

type Question = (event: WireEvent, rest: string) => boolean

const RESERVED = new Set([
  'job', 'worker', 'service', 'queue', 'kind', 'flow', 'schedule', 'saved', 'system', 'metrics', 'headway',
]) // biome-ignore format: a table

/** The first word of the type: which sort of document the event is about, or a custom one. */
export function prefixOf(type: string): string {
  const dot = type.indexOf('.')
  return dot < 0 ? type : type.slice(0, dot)
}

export function isCustom(event: WireEvent): boolean {
  return !RESERVED.has(prefixOf(event.type))
}

/** The id of the document an event is about; an absent one is the job of a `job.*` event, and nothing of others. */
export function subjectOf(event: WireEvent): string {
  return event.subject ?? (event.type.startsWith('job.') ? (event.job ?? '') : '')
}

const moves = (event: WireEvent): boolean => event.type.startsWith('job.') && event.type !== 'job.logged'
const begins =
  (...prefixes: readonly string[]): Question =>
  event =>
    prefixes.includes(prefixOf(event.type))

const CARRIES: Readonly<Record<string, Question>> = {
  jobs: event => moves(event) || event.type.startsWith('flow.'),
  job: (event, id) => event.job === id && (moves(event) || isCustom(event)),
  logs: (event, id) => event.type === 'job.logged' && event.job === id,
  queue: (event, name) =>
    moves(event) ? event.queue === name : event.type.startsWith('queue.') && subjectOf(event) === name,
  kind: (event, name) => moves(event) && event.kind === name,
  label: (event, pair) => moves(event) && labelled(event, pair),
  flow: (event, id) => moves(event) && labelled(event, `flow=${id}`),
  workers: begins('worker', 'service'),
  queues: begins('queue'),
  kinds: begins('kind'),
  saved: begins('saved'),
  system: begins('system', 'headway', 'schedule'),
  metrics: begins('metrics'),
  custom: (event, prefix) =>
    isCustom(event) && (event.type === prefix || event.type.startsWith(`${prefix}.`)),
}

function labelled(event: WireEvent, pair: string): boolean {
  const cut = pair.indexOf('=')
  const key = pair.slice(0, cut)
  const labels = event.labels
  return labels != null && Object.hasOwn(labels, key) && labels[key] === pair.slice(cut + 1)
}

/** `['job', '01J…']` of `job:01J…`, `['jobs', '']` of `jobs`. */
export function parseTopic(topic: string): readonly [name: string, rest: string] {
  const colon = topic.indexOf(':')
  return colon < 0 ? [topic, ''] : [topic.slice(0, colon), topic.slice(colon + 1)]
}

/** The question whether a topic carries an event. A topic this client has never heard of carries none. */
export function carrier(topic: string): (event: WireEvent) => boolean {
  const [name, rest] = parseTopic(topic)
  const question = Object.hasOwn(CARRIES, name) ? CARRIES[name] : undefined
  return question ? event => question(event, rest) : () => false
}
