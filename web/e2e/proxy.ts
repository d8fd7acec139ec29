/**
 * A reverse proxy in this process, as strict or as broken as a test wants it: below a path, deaf to upgrades, cut.
 *
 * Passes everything on as it comes, streams too. Must never know what is sent.
 */
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'

export interface ProxyOptions {
  /** The path it serves the server below. */
  readonly prefix?: string
  /** Take the path off, and say so in `X-Forwarded-Prefix`; else it is passed on. */
  readonly strips?: boolean
  /** WebSockets pass; default true. False: answered with 400, as proxies do that do not know them. */
  readonly upgrades?: boolean
}

export interface ReverseProxy {
  /** Its address, without the prefix. */
  readonly url: string
  /** Paths that were asked for, as they came. */
  readonly asked: readonly string[]
  stop(): Promise<void>
}

/** A proxy on a free port before `target`. */
export async function proxied(target: string, options: ProxyOptions = {}): Promise<ReverseProxy> {
  const { prefix = '', strips = false, upgrades = true } = options
  const { hostname, port } = new URL(target)
  const asked: string[] = []
  const sockets = new Set<Socket>()

  function passedOn(incoming: IncomingMessage) {
    const url = incoming.url ?? '/'
    asked.push(url)
    const inside = url === prefix || url.startsWith(`${prefix}/`) || url.startsWith(`${prefix}?`)
    if (!inside) return undefined
    const path = strips ? url.slice(prefix.length) || '/' : url
    const headers = { ...incoming.headers, ...(strips && prefix ? { 'x-forwarded-prefix': prefix } : {}) }
    return { hostname, port, path, method: incoming.method, headers }
  }

  const server: Server = createServer((incoming, answer) => {
    const onward = passedOn(incoming)
    if (!onward) {
      answer.writeHead(404, { 'content-type': 'text/plain' }).end('not mine')
      return
    }
    const asking = request(onward, got => {
      answer.writeHead(got.statusCode ?? 502, got.headers)
      got.pipe(answer)
    })
    asking.on('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()))
    answer.on('close', () => asking.destroy())
    incoming.pipe(asking)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket) => {
    const onward = upgrades ? passedOn(incoming) : undefined
    if (!onward) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const onto = connect(Number(port), hostname, () => {
      const lines = Object.entries(onward.headers).map(([name, value]) => `${name}: ${value}`)
      onto.write(`GET ${onward.path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      onto.pipe(socket).pipe(onto)
    })
    for (const [one, other] of [
      [onto, socket],
      [socket, onto],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise(done => server.close(done))
    },
  }
}
