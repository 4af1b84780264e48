import { createServer, type Server } from 'node:net'
import { Pool, request } from 'undici'
import { afterEach, expect, it } from 'vitest'
import { openConnecting } from './connecting.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** Answers one request on each connection, and closes it. */
async function closingServer(): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return `http://127.0.0.1:${port}`
}

it('a connection that is made, or has failed, is forgotten', async () => {
  const origin = await closingServer()
  const connecting = openConnecting({ timeout: 1_000 })
  const pool = new Pool(origin, { connections: 1, connect: connecting.connect })
  for (let i = 0; i < 20; i++) {
    const { body } = await request(`${origin}/`, { dispatcher: pool })
    await body.dump()
    expect(connecting.count).toBe(0)
  }
  await pool.destroy()
  const refused = new Pool('http://127.0.0.1:1', { connect: connecting.connect })
  await expect(request('http://127.0.0.1:1/', { dispatcher: refused })).rejects.toThrow('ECONNREFUSED')
  expect(connecting.count).toBe(0)
  await refused.destroy()
})

it('what is still being made ends with it', async () => {
  // A network for documentation (RFC 5737): nobody answers there.
  const connecting = openConnecting({ timeout: 60_000 })
  connecting.connect({ hostname: '203.0.113.1', port: '81', protocol: 'http:' }, () => {})
  expect(connecting.count).toBe(1)
  connecting.end()
  await expect.poll(() => connecting.count).toBe(0)
})
