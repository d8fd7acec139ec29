/** Which files can be shown here without trusting them: images through a blob, texts as text; never HTML or scripts. */

import type { ArtifactDoc } from '@headway/client'

export type Preview = 'image' | 'text' | undefined

const IMAGES: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
])
const TEXTS: ReadonlySet<string> = new Set([
  'application/json',
  'application/jsonl',
  'application/x-ndjson',
  'application/yaml',
  'application/toml',
  'application/x-subrip',
])
const MOST_IMAGE = 20 * 1024 * 1024
const MOST_TEXT = 512 * 1024

/** How to show it; undefined: only as a download. Text of any kind is shown as its characters. */
export function previewOf(file: Pick<ArtifactDoc, 'type' | 'size'>): Preview {
  const type = (file.type.split(';')[0] ?? '').trim().toLowerCase()
  if (IMAGES.has(type)) return file.size <= MOST_IMAGE ? 'image' : undefined
  if (type.startsWith('text/') || TEXTS.has(type)) return file.size <= MOST_TEXT ? 'text' : undefined
  return undefined
}
