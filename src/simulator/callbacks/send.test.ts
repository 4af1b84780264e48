import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { sendByHttp } from './send.ts'

async function served(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/a`, close: () => server.close() }
}

const never = new AbortController().signal

it('posts the body as it is, and tells the status', async () => {
  const seen: unknown[] = []
  const { url, close } = await served(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    seen.push([
      request.method,
      request.url,
      request.headers['wechatpay-nonce'],
      Buffer.concat(parts).toString(),
    ])
    response.writeHead(204).end()
  })
  expect(await sendByHttp()(url, { 'Wechatpay-Nonce': 'n' }, '{"摘要":1}', never)).toEqual({ status: 204 })
  expect(seen).toEqual([['POST', '/a', 'n', '{"摘要":1}']])
  close()
})

it('follows no redirect', async () => {
  let requests = 0
  const { url, close } = await served((request, response) => {
    requests++
    response.writeHead(302, { Location: `http://${request.headers.host}/b` }).end()
  })
  expect(await sendByHttp()(url, {}, '{}', never)).toEqual({ status: 302 })
  expect(requests).toBe(1)
  close()
})

it('says why no answer came', async () => {
  const { url, close } = await served((request) => void request.socket.destroy())
  expect(await sendByHttp()(url, {}, '{}', never)).toEqual({
    failure: expect.stringMatching(/UND_ERR|ECONNRESET/),
  })
  close()
  expect(await sendByHttp()(url, {}, '{}', AbortSignal.abort())).toHaveProperty('failure')
})
