import { once } from 'node:events'
import {
  type Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerOptions,
} from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { CallbackReceiver, CallbackReply } from './http.ts'

export type Callback = Parameters<CallbackReceiver>[0]

export const NOTHING: CallbackReply = { status: 204, body: '' }
export const FAIL: CallbackReply = { status: 401, body: '{"code":"FAIL","message":"not signed"}' }

/** An `CallbackReceiver` that keeps what it was asked. */
export function recorder(reply: CallbackReply = NOTHING): { seen: Callback[]; answer: CallbackReceiver } {
  const seen: Callback[] = []
  return {
    seen,
    answer: async (callback) => {
      seen.push(callback)
      return reply
    },
  }
}

export interface Served {
  readonly port: number
  /** Every connection that ever came. */
  readonly sockets: readonly Socket[]
  close(): Promise<void>
}

export async function serve(listener: RequestListener, options: ServerOptions = {}): Promise<Served> {
  return await served(createServer(options, listener))
}

export async function served(server: Server): Promise<Served> {
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { port: (server.address() as AddressInfo).port, sockets, close }
}

export interface Sent {
  readonly body?: string | Uint8Array
  readonly headers?: readonly string[]
  readonly method?: string
  readonly path?: string
  readonly agent?: Agent
}

export interface Received {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Whether it went over a connection that had been used before. */
  readonly isReused: boolean
}

export const JSON_TYPE = ['Content-Type', 'application/json'] as const

export async function send(port: number, sent: Sent = {}): Promise<Received> {
  const { body = '{}', headers = JSON_TYPE, method = 'POST', path = '/callbacks', agent = false } = sent
  const length = ['Host', '127.0.0.1', 'Content-Length', String(Buffer.byteLength(body))]
  const asked = request({ port, method, path, agent, headers: [...length, ...headers] })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part)
  const { statusCode: status = 0 } = response
  return {
    status,
    headers: response.headers,
    body: Buffer.concat(parts).toString(),
    isReused: asked.reusedSocket,
  }
}

/** A connection of which a test says every byte. */
export interface Line {
  readonly socket: Socket
  /** Resolves once all that was received fits. */
  hears(what: RegExp): Promise<string>
  /** Resolves with all that was received when the other side has closed. */
  readonly closed: Promise<string>
}

export async function dial(port: number): Promise<Line> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.on('data', (bytes) => {
    heard += bytes
  })
  // A reset is one way to be closed.
  socket.on('error', () => {})
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(heard)))
  await once(socket, 'connect')
  const hears = (what: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const listen = (): void => {
        if (what.test(heard)) resolve(heard)
      }
      listen()
      socket.on('data', listen)
      void closed.then(() => reject(new Error(`closed after ${JSON.stringify(heard)}`)))
    })
  return { socket, closed, hears }
}

export const CHUNKED =
  'POST /callbacks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'

export function chunk(bytes: string): string {
  return `${Buffer.byteLength(bytes).toString(16)}\r\n${bytes}\r\n`
}

export const LAST_CHUNK = '0\r\n\r\n'
