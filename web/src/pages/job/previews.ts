/** Which files can be shown here without trusting them: images through a blob, texts as text; never HTML or scripts. */

import type { ArtifactDoc, JobDoc } from '@headway/client'

export interface Preview {
  readonly as: 'image' | 'text'
  /** that the browser is told, whatever was said of it */
  readonly type: string
}

const MOST_IMAGE = 20 * 1024 * 1024
const MOST_TEXT = 512 * 1024
const UNSAID = 'application/octet-stream'

const IMAGES: ReadonlySet<string> = new Set(
  ['png', 'jpeg', 'gif', 'webp', 'avif', 'bmp'].map(each => `image/${each}`),
)
const TEXTS: ReadonlySet<string> = new Set([
  ...['json', 'jsonl', 'x-ndjson', 'yaml', 'toml', 'xml', 'x-subrip', 'javascript'].map(
    each => `application/${each}`,
  ),
  'image/svg+xml', // as its source: a picture of it could be opened by itself, and would run
])
const ENDINGS: ReadonlyMap<string, string> = new Map([
  ...['png', 'jpeg', 'gif', 'webp', 'avif', 'bmp'].map(each => [each, `image/${each}`] as const),
  ['jpg', 'image/jpeg'],
  ...[
    'txt',
    'log',
    'md',
    'csv',
    'tsv',
    'json',
    'jsonl',
    'yaml',
    'yml',
    'toml',
    'xml',
    'html',
    'srt',
    'vtt',
    'py',
    'diff',
    'svg',
    'js',
    'css',
    'sh',
    'sql',
  ].map(each => [each, 'text/plain'] as const),
])

/** How to show it; undefined: only as a download. Where nobody said its type, the end of its name does. */
export function previewOf(name: string, file: Pick<ArtifactDoc, 'type' | 'size'>): Preview | undefined {
  const said = (file.type.split(';')[0] ?? '').trim().toLowerCase()
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  const type = said === UNSAID || !said ? (ENDINGS.get(ending) ?? '') : said
  if (IMAGES.has(type)) return file.size <= MOST_IMAGE ? { as: 'image', type } : undefined
  const isText = type.startsWith('text/') || TEXTS.has(type)
  return isText && file.size <= MOST_TEXT ? { as: 'text', type: 'text/plain' } : undefined
}

const SOUNDS: ReadonlySet<string> = new Set(
  ['mpeg', 'wav', 'ogg', 'flac', 'mp4', 'webm'].map(each => `audio/${each}`),
)

/** Whether it can be heard here: by its type, for no ending tells a sound from a film. */
export function isSound({ type, size }: Pick<ArtifactDoc, 'type' | 'size'>): boolean {
  return SOUNDS.has(type) && size <= MOST_IMAGE
}

/** A file that is shown as a picture. */
export interface Picture {
  readonly name: string
  readonly file: ArtifactDoc
  readonly type: string
}

const byName = new Intl.Collator(undefined, { numeric: true })

/** The pictures among a job's files and the other files, each by name, `frame_2` before `frame_10`. */
export function sortedFiles(artifacts: JobDoc['artifacts']): {
  pictures: readonly Picture[]
  others: readonly (readonly [string, ArtifactDoc])[]
} {
  const pictures: Picture[] = []
  const others: (readonly [string, ArtifactDoc])[] = []
  for (const [name, file] of Object.entries(artifacts ?? {}).sort(([a], [b]) => byName.compare(a, b))) {
    const shown = previewOf(name, file)
    if (shown?.as === 'image') pictures.push({ name, file, type: shown.type })
    else others.push([name, file])
  }
  return { pictures, others }
}
