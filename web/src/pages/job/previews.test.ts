import { expect, it } from 'vitest'
import { previewOf, sortedFiles } from './previews.ts'

it('shows images and texts of a bearable size', () => {
  expect(previewOf('a', { type: 'image/png', size: 10 })?.as).toBe('image')
  expect(previewOf('a', { type: 'text/plain; charset=utf-8', size: 10 })?.as).toBe('text')
  expect(previewOf('a', { type: 'application/json', size: 10 })?.as).toBe('text')
  expect(previewOf('a', { type: 'text/plain', size: 5_000_000 })).toBeUndefined()
  expect(previewOf('a', { type: 'image/png', size: 50_000_000 })).toBeUndefined()
})

it('shows HTML, SVG and scripts as their characters only, and no PDF', () => {
  expect(previewOf('a.html', { type: 'text/html', size: 10 })).toEqual({ as: 'text', type: 'text/plain' })
  const characters = { as: 'text', type: 'text/plain' }
  expect(previewOf('a.svg', { type: 'image/svg+xml', size: 10 })).toEqual(characters)
  expect(previewOf('a.js', { type: 'application/javascript', size: 10 })).toEqual(characters)
  expect(previewOf('a.pdf', { type: 'application/pdf', size: 10 })).toBeUndefined()
})

it('goes by the name where nobody said the type, and only there', () => {
  const unsaid = { type: 'application/octet-stream', size: 10 }

  expect(previewOf('plots/loss.PNG', unsaid)).toEqual({ as: 'image', type: 'image/png' })
  expect(previewOf('page.html', unsaid)?.type).toBe('text/plain')
  expect(previewOf('model.bin', unsaid)).toBeUndefined()
  expect(previewOf('a.png', { type: 'application/pdf', size: 10 })).toBeUndefined()
})

it('sets the pictures of a job apart from its other files, as people count', () => {
  const file = { size: 10, sha256: '', key: '', attempt: 1, at: '' }
  const image = { ...file, type: 'image/png' }

  const { pictures, others } = sortedFiles({
    'frame_10.png': image,
    'frame_2.png': image,
    'b.txt': { ...file, type: 'text/plain' },
    'big.png': { ...image, size: 50_000_000 },
    'a.bin': { ...file, type: 'application/octet-stream' },
  })

  expect(pictures.map(each => each.name)).toEqual(['frame_2.png', 'frame_10.png'])
  expect(others.map(([name]) => name)).toEqual(['a.bin', 'b.txt', 'big.png'])
  expect(sortedFiles(undefined)).toEqual({ pictures: [], others: [] })
})
