import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { seededRandom } from '../../src/random.ts'

/** The shop's own system: takes Verdict's webhooks, and is as unreliable as such systems are. */
export interface BackOffice {
  readonly url: string
  /** Messages that were taken, by type; a repeated one counts again. */
  readonly taken: Readonly<Record<string, number>>
  close(): Promise<void>
}

/** Shares of all messages. What is swallowed is never answered: Verdict's own limit ends it. */
const REFUSED_SHARE = 0.02
const RESET_SHARE = 0.01
const SWALLOWED_SHARE = 0.005

export async function openBackOffice(seed: number): Promise<BackOffice> {
  const random = seededRandom(seed)
  const taken: Record<string, number> = {}
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    const drawn = random.next()
    if (drawn < SWALLOWED_SHARE) return
    if (drawn < SWALLOWED_SHARE + RESET_SHARE) return void request.socket.destroy()
    if (drawn < SWALLOWED_SHARE + RESET_SHARE + REFUSED_SHARE) return void response.writeHead(503).end()
    const { type } = JSON.parse(body) as { type: string }
    taken[type] = (taken[type] ?? 0) + 1
    response.writeHead(204).end()
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    taken,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
