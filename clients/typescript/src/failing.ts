/**
 * What was thrown, told apart: an end that was asked for, and everything else as an error that people can read.
 *
 * Must never know requests. Called wherever something is awaited for a list, a log or a hook.
 */
import { HeadwayError } from './errors.ts'

/** True if it ended because somebody wanted it to end. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** The error itself, or one that says what it says. */
export function failureOf(error: unknown): HeadwayError {
  if (error instanceof HeadwayError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new HeadwayError(message, { code: 'client_error', cause: error })
}
