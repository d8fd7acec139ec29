/**
 * Frames as server-sent events at `/api/v1/live`, one stream for each subscription, read by fetch, which EventSource cannot
 * do: the token goes as a header. What does not fit into the streams a page (or all pages of the browser) may keep open is
 * polled. Called by live.ts.
 */
import { polling } from './poll.ts'
import { type Ears, frameOf, headersOf, type Transport, type Wires } from './transport.ts'
import { type Asking, type Line, queryOf, Voiceless } from './voiceless.ts'

export function openSse(wires: Wires, ears: Ears): Transport {
  const streamed = new Set<string>()
  const stream = streaming(wires)
  const poll = polling(wires, 1)
  return new Voiceless(wires, ears, id => {
    if (!streamed.has(id) && streamed.size >= wires.atOnce - 1) return poll
    streamed.add(id)
    return async line => {
      const leave = await wires.seat()
      try {
        return await (leave ? stream : poll)(line)
      } finally {
        leave?.()
        if (!line.ask()) streamed.delete(id)
      }
    }
  })
}

function streaming(wires: Wires): Asking {
  return async line => {
    const ask = line.ask()
    if (!ask) return true
    const response = await wires.fetch(`${wires.api}/live?${queryOf(ask, wires)}`, {
      headers: { ...headersOf(wires), accept: 'text/event-stream' },
      signal: line.signal,
      cache: 'no-store',
    })
    const isStream = response.ok && response.headers.get('content-type')?.startsWith('text/event-stream')
    if (isStream && response.body) return read(response.body, line)
    await line.refused(response)
    return true
  }
}

async function read(body: ReadableStream<Uint8Array>, line: Line): Promise<boolean> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const messages = new Messages()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return false
      for (const text of messages.feed(decoder.decode(value, { stream: true }))) {
        if (line.hear(frameOf(text))) return true
      }
      line.alive()
    }
  } finally {
    reader.cancel().catch(() => undefined) // it may have failed already
  }
}

/** Texts of whole messages out of pieces (WHATWG server-sent events). Comments and other fields say nothing we need. */
export class Messages {
  #rest = ''
  #held: string[] = []

  feed(piece: string): string[] {
    const whole: string[] = []
    const lines = piece.split('\n')
    lines[0] = this.#rest + (lines[0] ?? '')
    this.#rest = lines.pop() ?? ''
    for (const ended of lines) {
      const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended
      if (line.startsWith('data:')) this.#held.push(line.slice(line[5] === ' ' ? 6 : 5))
      else if (!line && this.#held.length) whole.push(this.#held.splice(0).join('\n'))
    }
    return whole
  }
}
