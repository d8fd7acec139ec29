/**
 * A job's log as it streams in: a body cut into lines, and read on from the last line where it broke off.
 *
 * Must never know what is done with the lines. Called by jobs.ts.
 */
import { Unreachable } from './errors.ts'
import { type JobRef, type LogQuery, pathOf } from './jobref.ts'
import { parse } from './json.ts'
import type { CallOptions, Rest } from './rest.ts'
import type { LogLine } from './wire.ts'

/** Every line once, in order. A log that breaks off twice at one place is given up as unreachable. */
export async function* readLogs(
  rest: Rest,
  job: JobRef,
  { tail, ...query }: LogQuery,
  { signal }: CallOptions,
): AsyncGenerator<LogLine> {
  let { from = 1, limit } = query
  for (let isNew = true; isNew; ) {
    isNew = false
    const asked = { ...query, from, limit, tail: from > 1 ? undefined : tail, format: 'jsonl' }
    const request = { query: asked, signal, accept: 'application/jsonl', isStream: true }
    const response = await rest.open('GET', `${pathOf(job)}/logs`, request)
    try {
      for await (const text of linesOf(response.body)) {
        const line = parse(text) as LogLine
        from = line.number + 1
        if (limit !== undefined) limit -= 1
        isNew = true
        yield line
      }
      return
    } catch (cause) {
      if (signal?.aborted) throw signal.reason
      if (limit === 0) return
      if (!isNew) throw new Unreachable(response.url, 'the log broke off', cause)
    }
  }
}

/** The lines of a body in order, without their ends; the body is let go when the reader stops. */
export async function* linesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  if (!body) return
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest: string[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      const [first = '', ...more] = (done ? decoder.decode() : decoder.decode(value, { stream: true })).split(
        '\n',
      )
      rest.push(first)
      for (const next of more) {
        yield rest.join('')
        rest = [next]
      }
      if (done) break
    }
    const last = rest.join('')
    if (last) yield last
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
