import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { systemClock } from '../../src/clock.ts'
import { must } from './target.ts'

/** Bytes over real sockets of this machine, as nobody's HTTP library would write them. */

const PATIENCE_MS = 5_000

/** Sends bytes, says that no more come, and gives what is answered until the other side closes. */
export async function exchange(port: number, bytes: Uint8Array): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let heard = ''
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    heard += text
  })
  // A reset is one way to be refused.
  socket.on('error', () => {})
  socket.end(bytes)
  await closed(socket)
  return heard
}

async function closed(socket: Socket): Promise<void> {
  let isLate = false
  const cancel = systemClock.after(PATIENCE_MS, () => {
    isLate = true
    socket.destroy()
  })
  await new Promise<void>((resolve) => socket.once('close', () => resolve()))
  cancel()
  must(!isLate, `the connection was still open after ${PATIENCE_MS} ms`)
}

export interface Listening {
  readonly port: number
  close(): Promise<void>
}

/** A server that answers the first bytes of every connection with what `reply` gives, and closes. */
export async function rawServer(reply: () => Uint8Array): Promise<Listening> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(reply()))
  })
  return listening(server)
}

export async function listening(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
