/**
 * The filter language: one grammar for REST, CLI, dashboard and URL; twin of model/query.py, held to spec/cases/filters.json.
 *
 *     state:running,queued kind:crawl queue:gpu label.subject:sub-01 args.url:*example* error:*Timeout* priority:>5
 *     running:>10m waiting:>5m since:24h until:2026-11-22 worker:gpu-3/1 parent:01J… id:01J… "free text"
 *
 * Terms are joined by and, values within a term by comma = or; `-` before a term negates it; `*` stands for any text;
 * quotes keep spaces and commas. The words are in filterkeys.ts; what somebody is just typing is read by filtertokens.ts.
 */
import { KEYS, type Key, TEXT, type Term, wrong } from './filterkeys.ts'
import type { JobDoc } from './wire.ts'

export { KEYS, type Key, STATES, TEXT, type Term, type ValueKind } from './filterkeys.ts'

/** All terms must hold. A query without terms matches every job. */
export interface Query {
  readonly terms: readonly Term[]
}

/** The query that `text` writes. InvalidInput names the term that is wrong and the way out. */
export function parse(text: string): Query {
  return { terms: split(text).map(termOf) }
}

/** True if every term holds for the document as of `now` (ms). Arguments are those in the document. */
export function matches(query: Query, job: JobDoc, now: number): boolean {
  return query.terms.every(term => KEYS[term.key]?.test(term, job, now) !== term.negated)
}

/** True if a viewer can keep the list's membership live from events alone. */
export function live(query: Query): boolean {
  return query.terms.every(term => KEYS[term.key]?.live)
}

/** The text of a query; parses to an equal one. */
export function format(query: Query): string {
  return query.terms.map(written).join(' ')
}

const ONE_TERM = /(?:[^\s"]|"[^"\\]*(?:\\.[^"\\]*)*")+/sy
const BLANK = /\s*/y

/** The terms as written, split at blanks outside quotes. */
function split(text: string): string[] {
  const found: string[] = []
  for (let place = skip(text, 0); place < text.length; place = skip(text, place)) {
    ONE_TERM.lastIndex = place
    const [term] = ONE_TERM.exec(text) ?? []
    if (!term || text[place + term.length] === '"') {
      const hint = 'Close it with ", or write \\" inside quotes.'
      throw wrong(text.slice(place), 'has a quote that does not end', hint)
    }
    found.push(term)
    place += term.length
  }
  return found
}

function skip(text: string, place: number): number {
  BLANK.lastIndex = place
  return place + (BLANK.exec(text)?.[0].length ?? 0)
}

/** One term as written. */
function termOf(raw: string): Term {
  const negated = raw.startsWith('-')
  const body = negated ? raw.slice(1) : raw
  if (!body) throw wrong(raw, 'negates nothing', 'Put the minus directly before a term: -state:failed.')
  const colon = body.indexOf(':')
  const head = colon < 0 ? body : body.slice(0, colon)
  if (colon < 0 || head.includes('"')) {
    return { key: TEXT, values: [unquoted(body)], name: '', operator: '', negated }
  }
  const dot = head.indexOf('.')
  const key = dot < 0 ? head : head.slice(0, dot)
  const name = dot < 0 ? '' : head.slice(dot + 1)
  const known = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined
  if (!known) throw unknownKey(raw, head, body)
  if (Boolean(known.named) !== (name !== '')) throw misnamed(raw, key, known)
  return { ...valuesOf(raw, key, known, body.slice(colon + 1)), key, name, negated }
}

function unknownKey(raw: string, head: string, body: string): Error {
  const keys = Object.entries(KEYS).map(([each, { named }]) => (named ? `${each}.NAME` : each))
  const hint = `Keys are ${keys.join(', ')}; to search for the text itself, write "${body}".`
  return wrong(raw, `has the unknown key '${head}'`, hint)
}

function misnamed(raw: string, key: string, known: Key): Error {
  return known.named
    ? wrong(raw, `does not say which ${key}`, `Write ${key}.NAME:VALUE.`)
    : wrong(raw, `has a name after ${key}`, `Write ${key}:VALUE.`)
}

const OPERATORS = ['>=', '<=', '>', '<']
const COMMA = /[^,"]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^,"]*)*/sy

function valuesOf(raw: string, key: string, known: Key, rest: string): Pick<Term, 'values' | 'operator'> {
  const isPlain = known.operators.length === 1
  const operator = isPlain ? '' : (OPERATORS.find(sign => rest.startsWith(sign)) ?? '')
  if (!known.operators.includes(operator)) {
    throw wrong(raw, 'does not say whether longer or shorter', `Write ${key}:>10m or ${key}:<10m.`)
  }
  const values = splitValues(rest.slice(operator.length))
  if (values.includes('')) throw wrong(raw, 'lacks a value', `Write ${key}:VALUE; "" is the empty text.`)
  if (values.length > 1 && (known.single || operator)) {
    throw wrong(raw, 'takes one value', 'Write two terms, or leave all but one value out.')
  }
  return { operator, values: values.map(value => known.check(unquoted(value), raw)) }
}

/** At commas outside quotes. */
function splitValues(text: string): string[] {
  const values: string[] = []
  for (let place = 0; place <= text.length; place += 1) {
    COMMA.lastIndex = place
    const [value = ''] = COMMA.exec(text) ?? []
    values.push(value)
    place += value.length
  }
  return values
}

// -- quotes

function written(term: Term): string {
  const minus = term.negated ? '-' : ''
  if (term.key === TEXT) return minus + quoted(term.values[0] ?? '')
  const key = term.name ? `${term.key}.${term.name}` : term.key
  return `${minus}${key}:${term.operator}${term.values.map(quotedWhereNeeded).join(',')}`
}

/** A value as it stands behind a colon. */
export function quotedWhereNeeded(value: string): string {
  return value === '' || /[\s,"]/.test(value) ? quoted(value) : value
}

/** The text in quotes, so that it reads back whole. */
export function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** A value as meant: quotes gone, escapes inside them resolved. */
export function unquoted(value: string): string {
  return value.replace(/"([^"\\]*(?:\\.[^"\\]*)*)"/gs, (_, inside: string) => inside.replace(/\\(.)/gs, '$1'))
}
