import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { newTestDatabase } from '../../../test/support/postgres.ts'
import { sleep, systemClock } from '../../clock.ts'
import { postgresStore } from './index.ts'

/** A way to a server, which can come to lead nowhere for the connections that are there, as in a failover behind an address. */
async function wayTo(url: string) {
  const { hostname, port } = new URL(url)
  const pairs: Array<readonly [near: Socket, far: Socket]> = []
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) socket.on('error', () => {})
    near.pipe(far).pipe(near)
    pairs.push([near, far])
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const way = new URL(url)
  way.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: way.href,
    swallow: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far)
        far.unpipe(near)
        near.pause()
        far.destroy()
      }
    },
    close: () => {
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      server.close()
    },
  }
}

it('a heartbeat whose connection leads nowhere is given up in time for the next one to count', async () => {
  const database = await newTestDatabase()
  const way = await wayTo(database.url)
  const store = await postgresStore({ url: way.url, poolSize: 2 })
  const beat = () => store.peers?.beat({ worker: 'w', holds: {}, wants: {}, deadMs: 6_000 })
  await beat()
  way.swallow()
  // Without a confirmed one a process sends nothing after 3 s, and loses its claims after 6.
  const lost = await Promise.race([Promise.resolve(beat()).catch(() => 'lost'), sleep(systemClock, 5_000)])
  expect(lost).toBe('lost')
  expect(await beat()).toMatchObject({ dead: [] })
  way.close()
  await store.close()
  await database.drop()
})
