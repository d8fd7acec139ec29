/** A proxy as some companies have them: plain HTTP goes through, streamed; an upgrade is answered as if it were none. */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { Socket } from 'node:net'

export interface Proxy {
  readonly url: string
  /** How many upgrades it has refused. */
  readonly upgrades: number
  close(): Promise<void>
}

export async function barringProxy(target: string): Promise<Proxy> {
  let upgrades = 0
  const sockets = new Set<Socket>()
  const server = createServer((asked, answer) => {
    const onward = request(`${target}${asked.url}`, { method: asked.method, headers: asked.headers }, got => {
      answer.writeHead(got.statusCode ?? 502, got.headers)
      got.pipe(answer)
      got.on('error', () => answer.destroy())
    })
    onward.on('error', () => answer.destroy())
    answer.on('close', () => onward.destroy())
    asked.pipe(onward)
  })
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (_, socket) => {
    upgrades += 1
    socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    get upgrades() {
      return upgrades
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
