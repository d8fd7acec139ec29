/**
 * A filter as chips: its terms as they are written, to be added, changed, negated and taken away one by one.
 *
 * Pure text work: what a term means is the language's (`@headway/client`), and a term that is wrong stays as it was
 * written until somebody mends it. Called by the search box and by the cards of states.
 */
import { tokens } from '@headway/client'

/** The terms of a filter as written; an unfinished quote reaches to the end. */
export function chipsOf(q: string): readonly string[] {
  return tokens(q).map(token => token.raw)
}

export function filterOf(chips: readonly string[]): string {
  return chips.filter(Boolean).join(' ')
}

/** What is finished of a text being written, and what is still being written: a blank outside quotes finishes a term. */
export function finishedOf(text: string): { readonly finished: readonly string[]; readonly rest: string } {
  const terms = chipsOf(text)
  const last = terms.at(-1)
  if (last === undefined) return { finished: [], rest: '' }
  if (/\s$/.test(text) && isWhole(last)) return { finished: terms, rest: '' }
  return { finished: terms.slice(0, -1), rest: text.slice(text.lastIndexOf(last)) }
}

function isWhole(term: string): boolean {
  return (term.replaceAll(/\\./gs, '').split('"').length - 1) % 2 === 0
}

/** With other chips after these, each once. */
export function added(chips: readonly string[], more: readonly string[]): readonly string[] {
  return [...chips, ...more.filter((chip, place) => !chips.includes(chip) && more.indexOf(chip) === place)]
}

export function without(chips: readonly string[], place: number): readonly string[] {
  return chips.filter((_, each) => each !== place)
}

export function negated(chip: string): string {
  return chip.startsWith('-') ? chip.slice(1) : `-${chip}`
}

export interface Readable {
  readonly not: boolean
  /** `label.subject`; empty for free text. */
  readonly key: string
  /** `>`, `<=` … */
  readonly operator: string
  readonly value: string
  /** What is wrong with it. */
  readonly problem: string | undefined
}

/** A chip taken apart for reading: `-label.subject:sub-01` is not, `label.subject`, `sub-01`. */
export function readable(chip: string): Readable {
  const [token] = tokens(chip)
  const not = token?.negated ?? false
  const problem = token?.problem?.message
  if (!token?.values) return { not, key: '', value: token?.key.text ?? chip, operator: '', problem }
  const { key, name, operator, values } = token
  return {
    not,
    key: name ? `${key.text}.${name.text}` : key.text,
    operator,
    value: values.map(each => each.text || '""').join(', '),
    problem,
  }
}

// -- the term of states -----------------------------------------------------------------------------------------------

/** The states that the filter asks for; empty where it asks for none in particular. */
export function statesOf(chips: readonly string[]): ReadonlySet<string> {
  const chip = chips.find(isOfStates)
  return new Set(chip ? valuesOf(chip) : [])
}

/** With these states asked for as well, or, where all of them were, no more. What excluded them goes. */
export function toggled(chips: readonly string[], states: readonly string[]): readonly string[] {
  const asked = statesOf(chips)
  const all = states.every(state => asked.has(state))
  const wanted = all
    ? [...asked].filter(state => !states.includes(state))
    : [...new Set([...asked, ...states])]
  const place = chips.findIndex(isOfStates)
  const term = wanted.length ? [`state:${wanted.join(',')}`] : []
  const others = (some: readonly string[]) =>
    some.filter(chip => !isOfStates(chip)).flatMap(chip => withoutExcluded(chip, states))
  return place < 0
    ? [...term, ...others(chips)]
    : [...others(chips.slice(0, place)), ...term, ...others(chips.slice(place))]
}

function isOfStates(chip: string): boolean {
  return chip.startsWith('state:')
}

function valuesOf(chip: string): readonly string[] {
  return tokens(chip)[0]?.values?.flatMap(each => each.text || []) ?? []
}

function withoutExcluded(chip: string, states: readonly string[]): readonly string[] {
  if (!chip.startsWith('-state:')) return [chip]
  const left = valuesOf(chip).filter(state => !states.includes(state))
  return left.length ? [`-state:${left.join(',')}`] : []
}
