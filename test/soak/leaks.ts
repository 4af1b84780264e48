import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { SoakOrder } from './orders.ts'

/* Leaks made on purpose, in the harness and never in src: they show that the soak can fail. */

export const LEAKS = ['timers', 'memory', 'sockets'] as const
export type LeakName = (typeof LEAKS)[number]

/** Called for every order; leaves something behind. */
export type Leak = (order: SoakOrder) => void

/** One order in so many leaves a timer or a socket. */
const ONE_IN = 20
/** Several times what an order takes, so that three minutes show it. */
const KEPT_BYTES = 20_000

export async function openLeak(name: LeakName | null): Promise<Leak> {
  switch (name) {
    case null:
      return () => {}
    case 'timers':
      return ({ index }) => {
        if (index % ONE_IN === 0) setInterval(() => {}, 3_600_000)
      }
    case 'memory': {
      const kept: unknown[] = []
      return (order) => void kept.push({ ...order, more: new Array(KEPT_BYTES / 8).fill(order.index) })
    }
    case 'sockets':
      return socketLeak()
  }
}

async function socketLeak(): Promise<Leak> {
  const accepted: Socket[] = []
  const server = createServer((socket) => void accepted.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return ({ index }) => {
    if (index % ONE_IN === 0) accepted.push(connect(port, '127.0.0.1'))
  }
}
