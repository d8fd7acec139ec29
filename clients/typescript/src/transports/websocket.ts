/**
 * Frames over a WebSocket at `/api/v1/live`, subprotocol headway.v1: the way that also carries what the client says.
 *
 * A browser does not say why a WebSocket did not open. So when one does not, the same path is asked by HTTP: no answer
 * means that nobody is there; an answer, and a second WebSocket that does not open either, that this way is barred.
 * Called by live.ts.
 */
import { stringify } from '../json.ts'
import type { ViewerFrame } from '../wire.ts'
import {
  type Ears,
  frameOf,
  headersOf,
  once,
  type Socket,
  type Transport,
  tellTrouble,
  type Wires,
} from './transport.ts'

const PROTOCOL = 'headway.v1'
const IS_OPEN = 1
const TRIES = 2

export function openWebSocket(wires: Wires, listener: Ears): Transport {
  const ears = once(listener)
  const abort = new AbortController()
  let socket = connect(1)
  return {
    say(frames: readonly ViewerFrame[]) {
      for (const frame of frames) if (socket?.readyState === IS_OPEN) socket.send(stringify(frame))
    },
    drop() {
      ears.deafen()
      abort.abort()
      socket?.close(1000)
    },
  }

  function connect(attempt: number): Socket | undefined {
    if (!wires.WebSocket) {
      queueMicrotask(() => ears.failed('barred', 'there is no WebSocket here'))
      return undefined
    }
    let isUp = false
    const made = new wires.WebSocket(`${wires.api.replace(/^http/, 'ws')}/live`, [PROTOCOL])
    made.addEventListener('open', () => {
      isUp = true
      ears.opened()
    })
    made.addEventListener('message', ({ data }) => hear(made, data))
    made.addEventListener('error', () => undefined) // the close that follows says all there is
    made.addEventListener('close', ({ code, reason }) => {
      if (isUp || code >= 4000) ears.ended(code, reason || `closed with ${code}`)
      else void explain(attempt)
    })
    return made
  }

  function hear(made: Socket, data: unknown): void {
    if (ears.isDeaf) return
    try {
      ears.heard(frameOf(String(data)))
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      ears.ended(1007, 'the server said what is no JSON')
      made.close(1000)
    }
  }

  /** It did not open: why? */
  async function explain(attempt: number): Promise<void> {
    if (ears.isDeaf) return
    let response: Response
    try {
      const init = { headers: headersOf(wires), signal: abort.signal, cache: 'no-store' } as const
      response = await wires.fetch(`${wires.api}/live`, init)
    } catch {
      ears.failed('unreachable', 'nobody answers')
      return
    }
    if (!(await tellTrouble(response, ears)) || ears.isDeaf) return
    if (attempt < TRIES) socket = connect(attempt + 1)
    else ears.failed('barred', 'the server answers, but a WebSocket does not get through')
  }
}
