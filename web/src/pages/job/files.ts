/** Files of this job for the reader's disk: fetched through the client, which has the token. */

import { type Headway, stringifyJson, type WireEvent } from '@headway/client'

/** Give the browser a file to save. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** One of the files it left behind, under the last part of its name. */
export async function saveArtifact(headway: Headway, id: string, name: string): Promise<void> {
  save(await headway.artifact(id, name), name.slice(name.lastIndexOf('/') + 1))
}

/** Its log as it was written. */
export async function saveLog(headway: Headway, id: string): Promise<void> {
  const path = `/jobs/${encodeURIComponent(id)}/logs`
  const response = await headway.rest.open('GET', path, { accept: 'text/plain', isStream: true })
  save(await response.blob(), `${id}.log`)
}

/** All its events, oldest first; `onPage` hears how many have come. */
export async function allEvents(
  headway: Headway,
  id: string,
  options: { readonly signal?: AbortSignal; readonly onPage?: (count: number) => void } = {},
): Promise<readonly WireEvent[]> {
  const found: WireEvent[] = []
  for (let after: number | null = 0; after !== null; ) {
    const page = await headway.events(id, { after, limit: 1_000 }, { signal: options.signal })
    found.push(...page.events)
    options.onPage?.(found.length)
    after = page.next
  }
  return found
}

/** All its events, one JSON object a line. */
export async function saveEvents(headway: Headway, id: string): Promise<void> {
  const events = await allEvents(headway, id)
  const lines = events.map(event => `${stringifyJson(event)}\n`)
  save(new Blob(lines, { type: 'application/jsonl' }), `${id}.events.jsonl`)
}
