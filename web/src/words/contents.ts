/**
 * What a tool gave, as the MCP connector leaves it in the result of its job: blocks of content and a structured part.
 *
 * Read with care, for anybody's handler may return such an object: what is not of the expected type is shown as JSON. Pure.
 * Must never know components. Used by words/jobs.ts and the page of a job.
 */

import { parseJson } from '@headway/client'
import { isObject, pretty } from './code.ts'

export type Block =
  | { readonly as: 'text'; readonly text: string; readonly uri?: string | undefined }
  /** A file of the job: a picture, a sound, a long text, bytes. */
  | { readonly as: 'file'; readonly artifact: string; readonly uri?: string | undefined }
  | {
      readonly as: 'link'
      readonly uri: string
      readonly name: string
      readonly description: string
      readonly mime: string
      readonly bytes: number | undefined
    }
  | { readonly as: 'omitted'; readonly what: string; readonly why: string }
  | { readonly as: 'other'; readonly value: unknown }

export interface ToolResult {
  readonly server: string
  readonly protocol: string
  readonly blocks: readonly Block[]
  /** undefined: none. */
  readonly structured: unknown
  /** The file that has it, where it is large. */
  readonly structuredFile: string | undefined
  readonly structuredOmitted: string | undefined
}

/** Undefined: no result of a tool. */
export function toolResult(result: unknown): ToolResult | undefined {
  if (!isObject(result) || !Array.isArray(result.content)) return undefined
  const { server, protocol, structured } = result
  if (typeof server !== 'string' || typeof protocol !== 'string') return undefined
  return {
    server,
    protocol,
    structured,
    structuredFile: textOf(result.structured_artifact) || undefined,
    structuredOmitted: textOf(result.structured_omitted) || undefined,
    blocks: result.content.map(blockOf).filter(block => !says(block, structured)),
  }
}

/** Servers repeat the structured part as a text for clients that know none. */
function says(block: Block, structured: unknown): boolean {
  if (block.as !== 'text' || structured === undefined || !/^\s*[{[]/.test(block.text)) return false
  try {
    return pretty(parseJson(block.text)) === pretty(structured)
  } catch {
    return false
  }
}

function blockOf(value: unknown): Block {
  if (!isObject(value)) return { as: 'other', value }
  const uri = textOf(value.uri) || undefined
  if (typeof value.omitted === 'string')
    return { as: 'omitted', what: textOf(value.type), why: value.omitted }
  if (value.type === 'resource_link' && uri) {
    return {
      as: 'link',
      uri,
      name: textOf(value.title) || textOf(value.name),
      description: textOf(value.description),
      mime: textOf(value.mime),
      bytes: typeof value.bytes === 'number' ? value.bytes : undefined,
    }
  }
  if (typeof value.artifact === 'string') return { as: 'file', artifact: value.artifact, uri }
  if (typeof value.text === 'string') return { as: 'text', text: value.text, uri }
  return { as: 'other', value }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The first thing that it says, for a line; "" where it says nothing in words. */
export function firstWords({ blocks, structured }: ToolResult): string {
  const text = blocks.find(block => block.as === 'text' && block.text.trim() !== '')
  if (text?.as === 'text') return text.text
  const plain = isObject(structured)
    ? Object.entries(structured).filter(([, value]) => value !== null && typeof value !== 'object')
    : []
  if (plain.length) return plain.map(([key, value]) => `${key} ${String(value)}`).join(' · ')
  const files = blocks.flatMap(block => (block.as === 'file' ? [block.artifact] : []))
  return files.join(', ')
}
