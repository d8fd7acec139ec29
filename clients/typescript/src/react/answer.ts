/**
 * What a reading hook answers, in the shape that people know from TanStack Query.
 *
 * Must never know where data comes from.
 */
import type { HeadwayError } from '../errors.ts'

interface Pending {
  readonly status: 'pending'
  readonly data: undefined
  readonly error: null
  readonly isPending: true
  readonly isError: false
  readonly isSuccess: false
}
/** `data` is the last there was. */
interface Failed<T> {
  readonly status: 'error'
  readonly data: T | undefined
  readonly error: HeadwayError
  readonly isPending: false
  readonly isError: true
  readonly isSuccess: false
}
interface Known<T> {
  readonly status: 'success'
  readonly data: T
  readonly error: null
  readonly isPending: false
  readonly isError: false
  readonly isSuccess: true
}
export type Answer<T> = Pending | Failed<T> | Known<T>

/** What is known, as one value: `known` wraps the data, so that data may be undefined. */
export interface Found<T> {
  readonly known: { readonly data: T } | undefined
  readonly error: HeadwayError | null
}

export function answerOf<T>({ known, error }: Found<T>): Answer<T> {
  if (error)
    return { status: 'error', data: known?.data, error, isPending: false, isError: true, isSuccess: false }
  if (known)
    return { status: 'success', data: known.data, error, isPending: false, isError: false, isSuccess: true }
  return { status: 'pending', data: undefined, error, isPending: true, isError: false, isSuccess: false }
}

/** The same, or arrays or plain objects with the same things in them. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (!isPlain(one) || !isPlain(other) || Array.isArray(one) !== Array.isArray(other)) return false
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every(key => Object.is(one[key], other[key]))
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}
