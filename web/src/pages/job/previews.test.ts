import { expect, it } from 'vitest'
import { previewOf } from './previews.ts'

it('shows images and texts of a bearable size', () => {
  expect(previewOf({ type: 'image/png', size: 10 })).toBe('image')
  expect(previewOf({ type: 'text/plain; charset=utf-8', size: 10 })).toBe('text')
  expect(previewOf({ type: 'application/json', size: 10 })).toBe('text')
  expect(previewOf({ type: 'text/plain', size: 5_000_000 })).toBeUndefined()
  expect(previewOf({ type: 'image/png', size: 50_000_000 })).toBeUndefined()
})

it('shows HTML as its characters only, and neither SVG nor PDF', () => {
  expect(previewOf({ type: 'text/html', size: 10 })).toBe('text')
  expect(previewOf({ type: 'image/svg+xml', size: 10 })).toBeUndefined()
  expect(previewOf({ type: 'application/pdf', size: 10 })).toBeUndefined()
})
