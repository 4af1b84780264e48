import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:net'

/** Systems take ports for outgoing connections from above these: so nobody has a server's port when it comes again. */
const PORTS = { from: 20_000, below: 32_768 }
const TRIES = 20

/** A port that a server can keep over restarts, if nobody has it now. */
export function lastingPort(): number {
  return randomInt(PORTS.from, PORTS.below)
}

/** Listens on this port; on a free one that it can keep, for 0. Rejects as the system does. */
export async function listenLasting(server: Server, port: number, host: string): Promise<void> {
  if (port !== 0) return listenOn(server, port, host)
  for (let n = 0; n < TRIES; n += 1) {
    const isTaken = await listenOn(server, lastingPort(), host).then(
      () => false,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') return true
        throw error
      },
    )
    if (!isTaken) return
  }
  // Nearly all are taken: then any that the system has.
  await listenOn(server, 0, host)
}

async function listenOn(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host)
  await once(server, 'listening')
}
