import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { listenLasting } from './ports.ts'

const opened: Server[] = []

async function listening(port: number): Promise<number> {
  const server = createServer()
  opened.push(server)
  await listenLasting(server, port, '127.0.0.1')
  return (server.address() as AddressInfo).port
}

afterEach(async () => {
  for (const server of opened.splice(0)) if (server.listening) await once(server.close(), 'close')
})

it('a server that may choose gets a port below those of outgoing connections, another one each', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => listening(0)))
  for (const port of ports) expect(port >= 20_000 && port < 32_768, String(port)).toBe(true)
  expect(new Set(ports).size).toBe(ports.length)
})

it('one that wants a port gets that, or is told that somebody has it', async () => {
  const port = await listening(0)
  await expect(listening(port)).rejects.toMatchObject({ code: 'EADDRINUSE', port })
})
