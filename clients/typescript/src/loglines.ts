/**
 * A stream of text as lines: what a log or any JSON-lines answer is read as. Must never know what the lines are.
 */

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
