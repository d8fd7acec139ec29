/**
 * What is asked of the worker that looks for a pattern, and the looking itself. Pure; called by patternworker.ts.
 */
import { type Range, rangesOf } from './pieces.ts'

export interface Question {
  readonly source: string
  readonly flags: string
  readonly texts: readonly string[]
  /** Where in each text, not only whether. */
  readonly places: boolean
}

export type Places = readonly (readonly Range[])[]

/** For each text whether (`places`: where) the pattern is in it. */
export function answerTo({ source, flags, texts, places }: Question): readonly boolean[] | Places {
  const pattern = new RegExp(source, places ? `${flags}g` : flags)
  return places ? texts.map(text => rangesOf(text, pattern)) : texts.map(text => pattern.test(text))
}
