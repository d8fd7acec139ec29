/** The one class of `ws` that tests use, as the standard one it follows. */
declare module 'ws' {
  import type { SocketClass } from '../src/transports/transport.ts'

  export const WebSocket: SocketClass
}
