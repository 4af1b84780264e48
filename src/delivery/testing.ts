import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Message } from './target.ts'

/** For tests: a message, and somebody who receives webhooks. */

export const SECRET = `whsec_${Buffer.alloc(32, 'first').toString('base64')}`
export const SECRET_2 = `whsec_${Buffer.alloc(32, 'second').toString('base64')}`

export function message(more: Partial<Message> = {}): Message {
  const payload = '{"type":"order.verdict","timestamp":"2026-06-08T02:00:00Z","data":{"attach":"茶 \\ud83c"}}'
  return { id: 'msg_1-A', type: 'order.verdict', payload, ...more }
}

export interface Received {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What the receiver does with the `nth` message, counted from 1. */
export type Answer = (response: ServerResponse, nth: number) => void

export interface Receiver {
  readonly port: number
  readonly url: string
  readonly received: readonly Received[]
  /** How many connections were opened to it, and how many of them are open. */
  readonly connections: { opened: number; open: number }
  /** Resolves when it has received so many messages. */
  got(count: number): Promise<void>
  close(): Promise<void>
}

/** A real HTTP server on 127.0.0.1; with 200 at once unless told otherwise. */
export async function startReceiver(
  answer: Answer = (response) => response.end('{}'),
  server: Server = createServer(),
): Promise<Receiver> {
  const received: Received[] = []
  const connections = { opened: 0, open: 0 }
  server.on('request', async (request, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray())
    received.push({ method: request.method, url: request.url, headers: request.headers, body })
    server.emit('received')
    answer(response, received.length)
  })
  server.on('connection', (socket) => {
    connections.opened++
    connections.open++
    socket.on('close', () => connections.open--)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/hook?a=b`,
    received,
    connections,
    async got(count) {
      while (received.length < count) await once(server, 'received')
    },
    async close() {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}
