/** What a schema says of a value beyond JSON Schema (`x-headway-format`), checked here so that a wrong file is refused at once.
 *
 * A table by the name of the format; one that it does not name is no concern of the form, and the handler checks again.
 * Each sentence says what came instead, and the way out. Knows no DOM.
 */

import { isObject } from '../../words/code.ts'

/** What is wrong with a value of this format; undefined: nothing that a form can see. */
export function wrongFormat(format: string, value: unknown): string | undefined {
  return FORMATS.get(format)?.problem(value)
}

/** What to do when a file of this format is none, with a blank before it; "" where nothing is known. */
export function wayOut(format: string, file = ''): string {
  const known = FORMATS.get(format)
  if (!known) return ''
  return ` ${known.files.get(endingOf(file)) ?? known.export}`
}

function endingOf(file: string): string {
  return file.slice(file.lastIndexOf('.') + 1).toLowerCase()
}

interface Format {
  readonly problem: (value: unknown) => string | undefined
  readonly export: string
  /** By the end of a file's name: what such a file is, and what to do with it. */
  readonly files: ReadonlyMap<string, string>
}

const EXPORT =
  'In ComfyUI choose Workflow › Export (API); in older versions turn on Settings › “Enable dev mode options”, then “Save (API Format)”.'
const PICTURE = `A picture that ComfyUI made holds its workflow: open it in ComfyUI and export that. ${EXPORT}`

const PICTURES = new Map(['png', 'webp', 'jpg', 'jpeg'].map(ending => [ending, PICTURE]))

const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['comfyui-api', { problem: comfyProblem, export: EXPORT, files: PICTURES }],
])

function comfyProblem(value: unknown): string | undefined {
  if (!isObject(value)) return `is no workflow in API format: that is an object of nodes. ${EXPORT}`
  if (Array.isArray(value.nodes))
    return `is a workflow as the editor saves it, which ComfyUI itself can not run. ${EXPORT}`
  if (isObject(value.prompt)) return 'is a whole request to ComfyUI: give only what stands under “prompt”.'
  const nodes = Object.entries(value)
  if (!nodes.length) return `has no nodes. ${EXPORT}`
  const odd = nodes.find(([, node]) => !isObject(node) || typeof node.class_type !== 'string')
  return (
    odd && `is no workflow in API format: “${odd[0].slice(0, 40)}” is no node with a class_type. ${EXPORT}`
  )
}
