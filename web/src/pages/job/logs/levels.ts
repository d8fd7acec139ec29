/** Levels of log lines: the letter, the word and the tone of each. A level that is not named here looks like `info`. */
import type { Tone } from '../../../words/states.ts'

export interface Level {
  readonly letter: string
  readonly word: string
  readonly tone: Tone
  /** The text of the line has the tone too. */
  readonly strong: boolean
}

const PLAIN: Level = { letter: 'I', word: 'info', tone: 'soft', strong: false }

export const LEVELS: ReadonlyMap<string, Level> = new Map([
  ['debug', { letter: 'D', word: 'debug', tone: 'soft', strong: true }],
  ['info', PLAIN],
  ['success', { letter: 'S', word: 'success', tone: 'completed', strong: true }],
  ['warning', { letter: 'W', word: 'warning', tone: 'warn', strong: true }],
  ['error', { letter: 'E', word: 'error', tone: 'failed', strong: true }],
  ['out', { letter: '·', word: 'standard output', tone: 'soft', strong: false }],
  ['err', { letter: '!', word: 'standard error', tone: 'warn', strong: false }],
])
/** What "errors only" shows: programs say their errors on standard error. */
export const ERRORS: readonly string[] = ['error', 'err']

export function levelOf(name: string): Level {
  return LEVELS.get(name) ?? PLAIN
}

/** True if both name the same levels. */
export function sameLevels(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every(level => other.includes(level))
}

/** What is shown, in a word. */
export function levelsWord(levels: readonly string[]): string {
  if (!levels.length) return 'All levels'
  if (sameLevels(levels, ERRORS)) return 'Errors only'
  return levels.map(level => levelOf(level).word).join(', ')
}
