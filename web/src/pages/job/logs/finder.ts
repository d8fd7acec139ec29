/**
 * What is looked for, as the server is asked for it and as it is marked in a line. Starts nothing: a pattern's worker begins when it is asked.
 */
import type { Wanted } from '@headway/client'
import { type Marks, Pattern } from './pattern.ts'
import { type Range, rangesOf } from './pieces.ts'
import { lowerBound } from './rows.ts'

export interface Query {
  readonly text: string
  readonly isPattern: boolean
  readonly matchCase: boolean
  readonly levels: readonly string[]
}

export interface Finding {
  /** Nothing is looked for, or it cannot be: see `problem`. */
  readonly wanted?: Wanted
  /** Marks what was found in a line. */
  readonly marks?: Marks
  /** What is looked for where it is a pattern: to be stopped. */
  readonly pattern?: Pattern
  /** What is wrong with the pattern. */
  readonly problem?: string
}

/** How to look for it. Text at the server, a pattern here, in a worker. */
export function findingOf({ text, isPattern, matchCase, levels }: Query): Finding {
  const narrowed = levels.length ? { levels } : {}
  if (!text) return levels.length ? { wanted: narrowed } : {}
  const flags = matchCase ? '' : 'i'
  if (!isPattern) {
    const literal = new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), `g${flags}`)
    return { wanted: { ...narrowed, contains: text, ignoreCase: !matchCase }, marks: new Literal(literal) }
  }
  try {
    const pattern = new Pattern(new RegExp(text, flags).source, flags)
    return { wanted: { ...narrowed, test: pattern.test }, marks: pattern, pattern }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    return { problem: said.replace(/^Invalid regular expression: /, '') }
  }
}

/** A text taken to the letter takes no time. */
class Literal implements Marks {
  readonly #finder: RegExp

  constructor(finder: RegExp) {
    this.#finder = finder
  }

  of(text: string): readonly Range[] {
    return rangesOf(text, this.#finder)
  }

  subscribe = (): (() => void) => () => undefined

  version = (): number => 0
}

/** The found line after (or before) one, around the ends; undefined: nothing is found. */
export function stepTo(found: readonly number[], from: number, back: boolean): number | undefined {
  const after = lowerBound(found.length, index => (found[index] ?? 0) > from)
  const before = lowerBound(found.length, index => (found[index] ?? 0) >= from) - 1
  return back ? (found[before] ?? found.at(-1)) : (found[after] ?? found[0])
}

/** Which of the found lines this is, from 1; 0: none of them. */
export function placeOf(found: readonly number[], line: number): number {
  const at = lowerBound(found.length, index => (found[index] ?? 0) >= line)
  return found[at] === line ? at + 1 : 0
}

/** Where found lines lie in the whole, as shares 0..1: at most `most` of them, each place once. */
export function ticksOf(
  found: readonly number[],
  first: number,
  last: number,
  most = 200,
): readonly number[] {
  const places = new Set<number>()
  for (const number of found)
    places.add(Math.floor(((number - first) / Math.max(1, last - first + 1)) * most))
  return [...places].map(place => place / most)
}
