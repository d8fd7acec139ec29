import { describe, expect, it } from 'vitest'
import { wayOut, wrongFormat } from './formats.ts'

const NODE = { class_type: 'KSampler', inputs: { seed: 1, model: ['4', 0] } }
const EXPORT =
  'In ComfyUI choose Workflow › Export (API); in older versions turn on Settings › “Enable dev mode options”, then “Save (API Format)”.'

describe('a workflow of ComfyUI', () => {
  const problem = (value: unknown): string | undefined => wrongFormat('comfyui-api', value)

  it('is taken in API format', () => {
    expect(problem({ '3': NODE, '4': { class_type: 'EmptyImage', inputs: {} } })).toBeUndefined()
  })

  it('is refused as the editor saves it, with the way out', () => {
    const saved = { last_node_id: 9, nodes: [{ id: 3, type: 'KSampler' }], links: [[1, 4, 0, 3, 0, 'MODEL']] }

    expect(problem(saved)).toBe(
      `is a workflow as the editor saves it, which ComfyUI itself can not run. ${EXPORT}`,
    )
  })

  it('is refused as a whole request, empty, as a list, and with what is no node', () => {
    expect(problem({ prompt: { '3': NODE } })).toBe(
      'is a whole request to ComfyUI: give only what stands under “prompt”.',
    )
    expect(problem({})).toBe(`has no nodes. ${EXPORT}`)
    expect(problem([NODE])).toBe(`is no workflow in API format: that is an object of nodes. ${EXPORT}`)
    expect(problem({ '3': NODE, extra: { x: 1 } })).toBe(
      `is no workflow in API format: “extra” is no node with a class_type. ${EXPORT}`,
    )
  })

  it('may lie in a picture that ComfyUI made', () => {
    expect(wayOut('comfyui-api', 'ComfyUI_00001_.PNG')).toBe(
      ` A picture that ComfyUI made holds its workflow: open it in ComfyUI and export that. ${EXPORT}`,
    )
    expect(wayOut('comfyui-api', 'notes.txt')).toBe(` ${EXPORT}`)
  })
})

it('knows nothing of other formats', () => {
  expect(wrongFormat('', { nodes: [] })).toBeUndefined()
  expect(wrongFormat('toString', { nodes: [] })).toBeUndefined()
  expect(wayOut('something-new', 'a.png')).toBe('')
})
