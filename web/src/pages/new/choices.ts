/**
 * The values that a schema allows where they are counted: `enum`, `const`, or a union of constants, each with its name for
 * people (`title` of the constant, or `enumNames`).
 *
 * Pure. Called by schema.ts.
 */

import type { JsonObject } from '@headway/client'
import { isObject } from '../../words/code.ts'

export interface Choices {
  readonly options: readonly unknown[]
  /** For people, in the same order; "" where the value says it itself. */
  readonly names: readonly string[]
}

const NONE: Choices = { options: [], names: [] }

export function choicesOf(core: JsonObject): Choices {
  const constants = constantsOf(core)
  if (constants) return { options: constants.map(each => each.const), names: constants.map(titleOf) }
  if (Array.isArray(core.enum)) {
    const names: readonly unknown[] = Array.isArray(core.enumNames) ? core.enumNames : []
    return { options: core.enum, names: core.enum.map((_, index) => textOf(names[index])) }
  }
  return core.const === undefined ? NONE : { options: [core.const], names: [titleOf(core)] }
}

/** A union of nothing but constants is a choice, and no union. */
export function constantsOf(core: JsonObject): readonly JsonObject[] | undefined {
  const union: unknown = core.oneOf ?? core.anyOf
  if (!Array.isArray(union) || union.length === 0) return undefined
  const constants = union.filter(isObject).filter(each => each.const !== undefined)
  return constants.length === union.length ? constants : undefined
}

function titleOf({ title }: JsonObject): string {
  return textOf(title)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
