/**
 * Values as other languages write them: a word of the shell, JSON with whole numbers exact, a Python literal.
 *
 * Pure. Must never know what the text is for. Used by copyas.ts and by whatever shows code to copy.
 */

import type { JsonObject } from '@headway/client'

/** A word of a POSIX shell: as it is where nothing in it means anything, else in single quotes. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`
}

/** An object of JSON, and neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON with whole numbers exact. */
export function json(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return `[${value.map(json).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${entries(value, json)}}`
}

/** JSON to be read and edited by people: indented by two, whole numbers exact. */
export function pretty(value: unknown, indent = ''): string {
  const inner = `${indent}  `
  const lines = Array.isArray(value)
    ? value.map(each => pretty(each, inner))
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, each]) =>
          each === undefined ? [] : [`${JSON.stringify(key)}: ${pretty(each, inner)}`],
        )
      : undefined
  if (!lines) return json(value)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return lines.length
    ? `${open}\n${lines.map(line => inner + line).join(',\n')}\n${indent}${close}`
    : `${open}${close}`
}

/** The same as Python writes it. */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  return typeof value === 'object' ? `{${entries(value, literal)}}` : JSON.stringify(value)
}

function entries(value: object, write: (value: unknown) => string): string {
  return Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([key, each]) => `${JSON.stringify(key)}: ${write(each)}`)
    .join(', ')
}
