import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'
import { listenLasting } from '../../ports.ts'
import type { Host } from '../outages.ts'
import type { WireAnswer, WireReply, WireRequest } from './exchange.ts'

export type Handle = (request: WireRequest) => Promise<WireAnswer>

export interface Listener {
  readonly port: number
  readonly url: string
  /** Ends every connection, silent ones too. */
  close(): Promise<void>
}

export interface ListenOptions {
  readonly address: string
  /** 0 for any free one. */
  readonly port: number
  readonly host: Host
  readonly clock: Clock
  readonly handle: Handle
}

/** @throws OPTION_INVALID if the port is taken or not ours to use */
export async function listen({ address, port, host, clock, handle }: ListenOptions): Promise<Listener> {
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => send(response, broken(error)))
  })
  // Longer than any client keeps an idle connection: it must never meet one that closes under its request.
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const bound = await bind(server, address, port)
  return { port: bound, url: `http://${address}:${bound}`, close: () => closeAll(server) }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request).catch(() => undefined)
    if (body === undefined) return // the caller went away in the middle of it
    if (body === null) return send(response, TOO_LARGE)
    const { method = 'GET', url = '/' } = request
    const answer = await handle({ method, url: originForm(url), headers: headersOf(request), body, host })
    if (!('connection' in answer)) return send(response, answer)
    if (answer.connection === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    const giveUp = clock.after(HANG_MS_MAX, () => request.socket.destroy())
    request.socket.once('close', giveUp)
  }
}

const KEEP_ALIVE_MS = 300_000
/** Nobody waits longer than this for a reply that doesn't come. */
const HANG_MS_MAX = 300_000
const BODY_BYTES_MAX = 64 * 1024

const TOO_LARGE: WireReply = {
  status: 413,
  headers: { 'Content-Type': 'application/json; charset=utf-8', Connection: 'close' },
  body: JSON.stringify({ code: 'PARAM_ERROR', message: `The body has more than ${BODY_BYTES_MAX} bytes` }),
}

/** A fault of the simulator itself, never a simulated one: it says so, so that nobody looks for it elsewhere. */
function broken(error: unknown): WireReply {
  const body = JSON.stringify({ code: 'SIMULATOR_BROKEN', message: String(error) })
  return {
    status: 500,
    headers: { 'Content-Type': 'application/json; charset=utf-8', Connection: 'close' },
    body,
  }
}

/** Null if it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A client that believes in a proxy sends the whole address (RFC 9112, 3.2.2). What is signed is path and query. */
function originForm(url: string): string {
  const path = url.replace(/^https?:\/\/[^/?#]*/i, '')
  return path.startsWith('/') || path === url ? path : `/${path}`
}

function headersOf(request: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, value?.toString()]))
}

function send(response: ServerResponse, { status, headers, body }: WireReply): void {
  response.sendDate = false
  const length = status === 204 ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  response.writeHead(status, { ...headers, ...length })
  response.end(body)
}

async function bind(server: Server, address: string, port: number): Promise<number> {
  try {
    await listenLasting(server, port, address)
  } catch (cause) {
    const { message } = cause as Error
    throw new VerdictError('OPTION_INVALID', `port ${port} of ${address} can't be used: ${message}`, {
      cause,
    })
  }
  return (server.address() as AddressInfo).port
}

function closeAll(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
