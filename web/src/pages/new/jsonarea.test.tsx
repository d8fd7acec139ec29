import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { useState } from 'react'
import { afterEach, expect, it } from 'vitest'
import { JsonArea } from './jsonarea.tsx'

function Form({ format = '' }: { format?: string }) {
  const [text, setText] = useState('{"kept": true}')
  return <JsonArea name="workflow" format={format} value={text} onType={setText} aria-label="workflow" />
}

const area = (): HTMLTextAreaElement => screen.getByRole('textbox')
/** jsdom's files can not be read. */
function json(content: string, name = 'flux.json'): File {
  return Object.assign(new File([content], name), { text: () => Promise.resolve(content) })
}

async function choose(...files: readonly File[]): Promise<void> {
  await act(async () => {
    fireEvent.change(screen.getByLabelText('File for workflow'), { target: { files } })
    await new Promise(resolve => setTimeout(resolve, 0))
  })
}

afterEach(cleanup)

it('takes the value of a file, exact, and says from where it is until it is changed', async () => {
  render(<Form />)

  await choose(json('\uFEFF{"seed": 12345678901234567890}'))

  expect(area().value).toBe('{\n  "seed": 12345678901234567890\n}')
  expect(screen.getByRole('status').textContent).toBe('From flux.json.')
  fireEvent.change(area(), { target: { value: '{}' } })
  expect(screen.getByRole('status').textContent).toBe('')
})

it('takes a file that is dropped onto it', async () => {
  render(<Form />)

  await act(async () => {
    fireEvent.drop(area(), { dataTransfer: { files: [json('[1]')], types: ['Files'] } })
    await new Promise(resolve => setTimeout(resolve, 0))
  })

  expect(area().value).toBe('[\n  1\n]')
})

it('leaves text that is dropped to the browser', () => {
  render(<Form />)

  const isLeft = fireEvent.drop(area(), { dataTransfer: { files: [], types: ['text/plain'] } })

  expect(isLeft).toBe(true)
})

it('refuses what is no JSON, what is of another format, and several at once; what was there stays', async () => {
  render(<Form format="comfyui-api" />)
  const said = (): string | null => screen.getByRole('status').textContent

  await choose(json('\x89PNG', 'ComfyUI_1.png'))
  expect(said()).toMatch(/^ComfyUI_1\.png is no JSON file\. A picture that ComfyUI made holds its workflow/)
  await choose(json('{"nodes": [], "links": []}'))
  expect(said()).toMatch(/^flux\.json is a workflow as the editor saves it.* Workflow › Export \(API\)/)
  await choose(json('{}'), json('{}'))
  expect(said()).toBe('Take one file: this is one argument.')

  expect(area().value).toBe('{"kept": true}')
})
