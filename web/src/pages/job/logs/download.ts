/** A log as a file: whole or only what is shown, streamed from the server through the client, which has the token. */
import type { Headway, LogQuery } from '@headway/client'
import { save } from '../files.ts'

export type Format = 'text' | 'jsonl'

interface Writable {
  createWritable(): Promise<WritableStream<Uint8Array>>
}
type Picker = (options: { suggestedName: string }) => Promise<Writable>

const ENDINGS: Readonly<Record<Format, string>> = { text: 'log', jsonl: 'jsonl' }

/** Ask for a place where the browser can stream to one; elsewhere the file is put together in memory. */
export async function download(
  client: Headway,
  id: string,
  format: Format,
  query: LogQuery,
  part = '',
): Promise<void> {
  const name = `${id}${part}.${ENDINGS[format]}`
  const place = await chosenPlace(name)
  if (place === 'none') return
  const response = await client.rest.open('GET', `/jobs/${encodeURIComponent(id)}/logs`, {
    query: { ...query, format },
    accept: format === 'text' ? 'text/plain' : 'application/jsonl',
    isStream: true,
  })
  if (place && response.body) await response.body.pipeTo(await place.createWritable())
  else save(await response.blob(), name)
}

/** `none`: the reader thought better of it. */
async function chosenPlace(name: string): Promise<Writable | 'none' | undefined> {
  const pick: unknown = Reflect.get(globalThis, 'showSaveFilePicker')
  if (typeof pick !== 'function') return undefined
  try {
    const choose: Picker = pick.bind(globalThis)
    return await choose({ suggestedName: name })
  } catch (error) {
    return error instanceof DOMException && error.name === 'AbortError' ? 'none' : undefined
  }
}
