/**
 * What the search box offers for the term being written: keys with what they mean, and values that were seen.
 *
 * Pure: what was seen comes in. Must never know the page. A suggestion is what the text becomes; one that is `whole` is a
 * finished term. Called by filterbox.tsx.
 */
import { KEYS, quotedWhereNeeded } from '@headway/client'
import { JOB_STATES, lookOf } from '../../words/states.ts'

export interface Seen {
  readonly kinds: readonly string[]
  readonly queues: readonly string[]
  readonly workers: readonly string[]
  /** Name of a label, or path of an argument → its values. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>
  readonly args: ReadonlyMap<string, ReadonlySet<string>>
  /** Types of errors. */
  readonly errors: ReadonlySet<string>
}

export interface Suggestion {
  readonly text: string
  readonly label: string
  readonly about: string
  /** A finished term; else writing goes on. */
  readonly whole: boolean
}

const MOST = 12
const NAMED: ReadonlySet<string> = new Set(['label', 'args'])

interface Offer {
  readonly key: string
  /** What may stand after the colon, each with a word of explanation. */
  readonly values: (seen: Seen, name: string) => Iterable<readonly [value: string, about: string]>
}

const LONGER = ['>1m', '>10m', '>1h', '>1d', '<1m', '<10m'].map(
  bound => [bound, `${bound.startsWith('>') ? 'longer' : 'shorter'} than ${bound.slice(1)}`] as const,
)
const AGO = ['15m', '1h', '24h', '7d', '30d'] as const
const seenAs = (values: Iterable<string>) => [...values].sort().map(value => [value, ''] as const)

/** In the order in which they are most often wanted; the words about them are the language's own. */
const OFFERS: readonly Offer[] = [
  {
    key: 'state',
    values: () => JOB_STATES.map(state => [state, lookOf(state).word === state ? '' : lookOf(state).word]),
  },
  { key: 'kind', values: ({ kinds }) => seenAs(kinds) },
  { key: 'queue', values: ({ queues }) => seenAs(queues) },
  {
    key: 'label',
    values: ({ labels }, name) => seenAs(labels.get(name) ?? []),
  },
  {
    key: 'since',
    values: () => AGO.map(each => [each, `in the last ${each}`]),
  },
  { key: 'until', values: () => AGO.map(each => [each, `more than ${each} ago`]) },
  { key: 'running', values: () => LONGER },
  { key: 'waiting', values: () => LONGER },
  { key: 'error', values: ({ errors }) => seenAs(errors) },
  {
    key: 'priority',
    values: () => [
      ['>0', 'above the usual'],
      ['<0', 'below the usual'],
      ['0', 'the usual'],
    ],
  },
  { key: 'worker', values: ({ workers }) => seenAs(workers) },
  {
    key: 'args',
    values: ({ args }, name) => seenAs(args.get(name) ?? []),
  },
  { key: 'parent', values: () => [] },
  { key: 'retry_of', values: () => [] },
  { key: 'id', values: () => [] },
]

/** What the term being written may become, the likeliest first. */
export function suggest(draft: string, seen: Seen): readonly Suggestion[] {
  const minus = draft.startsWith('-') ? '-' : ''
  const body = draft.slice(minus.length)
  const colon = body.indexOf(':')
  if (body.startsWith('"')) return []
  const found = colon < 0 ? keysFor(minus, body, seen) : valuesFor(minus, body, colon, seen)
  return found.slice(0, MOST)
}

// -- before the colon -------------------------------------------------------------------------------------------------

function keysFor(minus: string, word: string, seen: Seen): readonly Suggestion[] {
  const keys = OFFERS.flatMap(each => (word.includes('.') ? [] : keyed(minus, each, word)))
  const names = OFFERS.filter(({ key }) => NAMED.has(key)).flatMap(({ key }) =>
    namesFor(minus, key, word, seen),
  )
  return [...keys, ...names, ...(word ? wholeTerms(minus, word, seen) : [])]
}

function keyed(minus: string, { key }: Offer, word: string): readonly Suggestion[] {
  if (!key.startsWith(word.toLowerCase())) return []
  const end = NAMED.has(key) ? '.' : ':'
  return [
    { text: `${minus}${key}${end}`, label: `${key}${end}`, about: KEYS[key]?.about ?? '', whole: false },
  ]
}

function namesFor(minus: string, key: string, word: string, seen: Seen): readonly Suggestion[] {
  const [head, ...rest] = word.split('.')
  const sought = rest.length ? rest.join('.') : word
  if (!sought && !rest.length) return []
  if (rest.length && head !== key) return []
  const names = [...(key === 'label' ? seen.labels : seen.args).keys()].sort()
  return names
    .filter(name => holds(name, sought))
    .map(name => ({
      text: `${minus}${key}.${name}:`,
      label: `${key}.${name}:`,
      about: key === 'label' ? 'label' : 'argument',
      whole: false,
    }))
}

/** Somebody who writes `fail` means `state:failed`; `craw`, the kind `crawl`. */
function wholeTerms(minus: string, word: string, seen: Seen): readonly Suggestion[] {
  return ['state', 'kind', 'queue'].flatMap(key =>
    valuesOf(key, '', seen)
      .filter(([value]) => value.toLowerCase().startsWith(word.toLowerCase()))
      .map(([value]) => term(`${minus}${key}:`, value, key)),
  )
}

// -- after the colon --------------------------------------------------------------------------------------------------

function valuesFor(minus: string, body: string, colon: number, seen: Seen): readonly Suggestion[] {
  const [key = '', ...name] = body.slice(0, colon).split('.')
  const written = body.slice(colon + 1)
  const comma = written.lastIndexOf(',')
  const before = written.slice(0, comma + 1)
  const sought = written.slice(comma + 1).replace(/^"/, '')
  const taken = new Set(before.split(','))
  return valuesOf(key, name.join('.'), seen)
    .filter(([value]) => !taken.has(quotedWhereNeeded(value)) && holds(value, sought))
    .sort(([one], [other]) => startsFirst(one, other, sought))
    .map(([value, about]) => term(`${minus}${body.slice(0, colon)}:${before}`, value, about))
}

function valuesOf(key: string, name: string, seen: Seen): readonly (readonly [string, string])[] {
  const words = OFFERS.find(each => each.key === key)
  return words ? [...words.values(seen, name)] : []
}

function startsFirst(one: string, other: string, sought: string): number {
  return Number(other.startsWith(sought)) - Number(one.startsWith(sought))
}

function term(head: string, value: string, about: string): Suggestion {
  return { text: `${head}${quotedWhereNeeded(value)}`, label: value || '""', about, whole: true }
}

function holds(value: string, sought: string): boolean {
  return value.toLowerCase().includes(sought.toLowerCase())
}
