import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { refusal } from '../../callback/http.ts'
import { sleep, systemClock } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'
import { listenLasting } from '../../ports.ts'

/** Answers one request. */
export type Answering = (request: IncomingMessage, response: ServerResponse) => void

/** The shop's address: what comes in by HTTP, before and after the one who answers is there. */
export interface Door {
  readonly port: number
  /** Requests whose path begins like this, and like no longer one, go there from now on. */
  open(path: string, answering: Answering): void
  close(): Promise<void>
}

/** A process that was just killed may still hold the port. */
const RETRY_MS = 100
const RETRIES_MAX = 50

/** Listens on 127.0.0.1, on the port of the run before if there was one. @throws OPTION_INVALID if another holds it */
export async function openDoor(port: number): Promise<Door> {
  const rooms = new Map<string, Answering>()
  const server = createServer((request, response) => {
    const paths = [...rooms.keys()].filter((start) => request.url?.startsWith(start))
    const path = paths.toSorted((one, other) => other.length - one.length)[0]
    const answering = path === undefined ? undefined : rooms.get(path)
    if (answering !== undefined) return answering(request, response)
    // Whoever is meant is not there yet: WeChat Pay comes again.
    response.writeHead(503, { 'content-type': 'application/json' }).end(refusal(503, 'not open yet').body)
  })
  await listen(server, port)
  return {
    port: (server.address() as AddressInfo).port,
    open: (path, answering) => void rooms.set(path, answering),
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function listen(server: Server, port: number): Promise<void> {
  for (let retries = 0; ; retries++) {
    try {
      await listenLasting(server, port, '127.0.0.1')
      return
    } catch (error) {
      if (retries === RETRIES_MAX) {
        const { message } = error as Error
        throw new VerdictError(
          'OPTION_INVALID',
          `port ${port} can't be used (${message}); free it, or choose another with --http-port`,
        )
      }
      await sleep(systemClock, RETRY_MS)
    }
  }
}
