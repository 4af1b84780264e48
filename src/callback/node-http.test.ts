import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { callbackContract } from './contract.ts'
import type { CallbackNotice } from './http.ts'
import { nodeCallbacks } from './node-http.ts'
import { dial, FAIL, recorder, type Served, send, serve } from './testing.ts'

callbackContract('node:http', {
  open: (answer, options) => serve(nodeCallbacks(answer, options)),
  clock: () => new VirtualClock(),
})

describe('methods', () => {
  let served: Served

  afterEach(() => served.close())

  it.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses %s and names POST', async (method) => {
    const { seen, answer } = recorder()
    served = await serve(nodeCallbacks(answer))
    const received = await send(served.port, { method })
    expect(received).toMatchObject({ status: 405, body: expect.stringContaining('"FAIL"') })
    expect(received.headers).toMatchObject({ allow: 'POST', connection: 'close' })
    expect(seen).toEqual([])
  })

  it('takes POST', async () => {
    const { seen, answer } = recorder()
    served = await serve(nodeCallbacks(answer))
    const received = await send(served.port)
    expect(received.status).toBe(204)
    expect(received.headers).not.toHaveProperty('allow')
    expect(seen).toHaveLength(1)
  })

  it('answers HEAD without a body, also where the server is strict about that', async () => {
    served = await serve(nodeCallbacks(recorder().answer), { rejectNonStandardBodyWrites: true })
    const line = await dial(served.port)
    line.socket.write('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await line.closed).toMatch(/^HTTP\/1\.1 405 [\s\S]*\r\n\r\n$/)
  })
})

describe("a router of one's own", () => {
  async function routed(prepare: (request: IncomingMessage) => Promise<unknown>) {
    const { seen, answer } = recorder()
    const notices: CallbackNotice[] = []
    const callbacks = nodeCallbacks(answer, { notify: (notice) => notices.push(notice) })
    const served = await serve((request, response) => {
      void prepare(request).then(() => callbacks(request, response))
    })
    return { ...served, seen, notices }
  }

  it('may take its time', async () => {
    const { port, seen, notices, close } = await routed(
      () => new Promise((resolve) => setTimeout(resolve, 5)),
    )
    expect(await send(port, { body: '{ }' })).toMatchObject({ status: 204 })
    await close()
    expect(seen).toMatchObject([{ body: Buffer.from('{ }') }])
    expect(notices).toEqual([])
  })

  it.each([
    ['the body', (request: IncomingMessage) => text(request)],
    ['the body as text, though not yet', async (request: IncomingMessage) => request.setEncoding('utf8')],
  ])('must not take %s', async (_, prepare) => {
    const { port, seen, notices, close } = await routed(prepare)
    expect(await send(port)).toMatchObject({
      status: 500,
      body: '{"code":"FAIL","message":"internal error"}',
    })
    expect(await send(port)).toMatchObject({ status: 500 })
    await close()
    expect(seen).toEqual([])
    expect(notices).toEqual([
      { level: 'warn', message: expect.stringContaining('mount the callbacks before') },
    ])
  })

  it('may have answered already', async () => {
    const { answer } = recorder(FAIL)
    const callbacks = nodeCallbacks(answer)
    const served = await serve((request, response) => {
      response.writeHead(202).end()
      callbacks(request, response)
    })
    expect(await send(served.port)).toMatchObject({ status: 202 })
    expect(await send(served.port, { method: 'GET' })).toMatchObject({ status: 202 })
    await served.close()
  })
})
