import type { Socket } from 'node:net'
import { buildConnector } from 'undici'

/** Connects for a pool of undici's, and can end what is still connecting. */
export interface Connecting {
  readonly connect: buildConnector.connector
  /** How many are being made now. */
  readonly count: number
  /** undici leaves alone what is still connecting, and the process would live on until that ends by itself. */
  end(): void
}

/**
 * Not by an `AbortSignal`: `net.connect` leaves a listener on it for every connection, and with it the socket, for as long
 * as the signal lives.
 */
export function openConnecting(options: buildConnector.BuildOptions): Connecting {
  // It gives the socket, though its type says nothing of it.
  const connector = buildConnector(options) as (...args: Parameters<buildConnector.connector>) => Socket
  const sockets = new Set<Socket>()
  return {
    connect(target, callback) {
      const socket = connector(target, (...result) => {
        sockets.delete(socket)
        callback(...result)
      })
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    },
    get count() {
      return sockets.size
    },
    end() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
