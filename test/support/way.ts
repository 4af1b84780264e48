import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Way {
  readonly url: string
  /** Every connection breaks; new ones are made. */
  cut(): void
  /** Those that are there lead nowhere from now on, and nobody is told, as in a failover behind an address; new ones work. */
  swallow(): void
  close(): void
}

/** A way to the server of a URL. */
export async function wayTo(url: string): Promise<Way> {
  const { hostname, port } = new URL(url)
  const pairs = new Set<readonly [near: Socket, far: Socket]>()
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) socket.on('error', () => {})
    near.pipe(far).pipe(near)
    pairs.add([near, far])
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const way = new URL(url)
  way.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
    pairs.clear()
  }
  return {
    url: way.href,
    cut,
    swallow: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far)
        far.unpipe(near)
        near.pause()
        far.destroy()
      }
    },
    close: () => {
      cut()
      server.close()
    },
  }
}
