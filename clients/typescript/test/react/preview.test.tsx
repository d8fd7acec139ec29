// @vitest-environment jsdom
import { act, cleanup } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { usePreview } from '../../src/react/index.ts'
import type { JobDoc, PreviewDoc } from '../../src/wire.ts'
import { Page } from './page.tsx'

let page: Page
let answers: ((response: Response) => void)[]
const made: Blob[] = []
const revoked: string[] = []

beforeEach(() => {
  page = new Page()
  answers = []
  made.length = 0
  revoked.length = 0
  page.answer = () => new Promise<Response>(resolve => answers.push(resolve))
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible')
  URL.createObjectURL = blob => `blob:${made.push(blob as Blob)}`
  URL.revokeObjectURL = url => void revoked.push(url)
})

afterEach(() => {
  cleanup()
  vi.restoreAllMocks()
})

function showing(version: number, label?: string): Pick<JobDoc, 'id' | 'preview'> {
  const preview: PreviewDoc = {
    version,
    type: 'image/png',
    size: 3,
    key: `K${version}`,
    at: `2026-11-22T08:21:0${version}.000Z`,
    ...(label && { label }),
  }
  return { id: 'A', preview }
}

/** The server answers what was asked first, and it arrives: as `then` says. */
async function given(body: string, then: () => void, status = 200): Promise<void> {
  await vi.waitFor(() => expect(answers).not.toEqual([]))
  answers.shift()?.(new Response(body, { status, headers: { 'Content-Type': 'image/png' } }))
  await act(() => vi.waitFor(then))
}
const asked = (): readonly string[] => page.requests.filter(each => each.includes('preview'))

test('a picture is fetched by its version and shown with its words', async () => {
  const { result } = page.hook(usePreview, showing(1, 'KSampler'))
  expect(result.current).toEqual({ url: undefined, label: undefined, at: undefined, isLive: true })

  await given('one', () => expect(made).toHaveLength(1))

  expect(asked()).toEqual(['GET /jobs/A/preview?v=1'])
  expect(result.current).toMatchObject({ url: 'blob:1', label: 'KSampler', isLive: true })
})

test('one is fetched at a time, of those that come meanwhile the newest is next, and the shown one is let go', async () => {
  const { result, rerender } = page.hook(usePreview, showing(1))
  rerender(showing(2))
  rerender(showing(3))

  await given('one', () => expect(asked()).toHaveLength(2))
  expect(asked()).toEqual(['GET /jobs/A/preview?v=1', 'GET /jobs/A/preview?v=3'])
  await given('three', () => expect(made).toHaveLength(2))

  expect(result.current.at).toBe('2026-11-22T08:21:03.000Z')
  expect(revoked).toContain('blob:1')
})

test('one that is gone before it is fetched changes nothing; the next one is another try', async () => {
  const { result, rerender } = page.hook(usePreview, showing(1))
  rerender(showing(2))
  await given('{"code": "not_found"}', () => expect(asked()).toHaveLength(2), 404)
  expect(result.current.url).toBeUndefined()

  await given('two', () => expect(made).toHaveLength(1))

  expect(result.current.url).toBe('blob:1')
})

test('the last one stays when the attempt is over, and is no longer live', async () => {
  const { result, rerender } = page.hook(usePreview, showing(1))
  await given('one', () => expect(made).toHaveLength(1))

  rerender({ id: 'A' })

  expect(result.current).toMatchObject({ url: 'blob:1', isLive: false })
})

test('nothing is fetched while nobody can see it, and the newest when somebody can', async () => {
  const seen = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
  const { rerender } = page.hook(usePreview, showing(1))
  rerender(showing(2))
  await act(() => new Promise(resolve => setTimeout(resolve)))
  expect(asked()).toEqual([])

  seen.mockReturnValue('visible')
  document.dispatchEvent(new Event('visibilitychange'))
  await given('two', () => expect(made).toHaveLength(1))

  expect(asked()).toEqual(['GET /jobs/A/preview?v=2'])
})

test('it is let go with its component', async () => {
  const { unmount } = page.hook(usePreview, showing(1))
  await given('one', () => expect(made).toHaveLength(1))

  unmount()

  expect(revoked).toContain('blob:1')
})
