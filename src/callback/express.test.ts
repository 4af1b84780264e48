import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { gzipSync } from 'node:zlib'
import express, { type Express, type RequestHandler } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { callbackContract } from './contract.ts'
import { expressCallbacks } from './express.ts'
import { CALLBACK_BYTES_MAX, type CallbackNotice } from './http.ts'
import { JSON_TYPE, recorder, type Served, send, serve } from './testing.ts'

callbackContract('express', {
  open: (answer, options) => serve(express().post('/callbacks', expressCallbacks(answer, options))),
  clock: () => new VirtualClock(),
})

callbackContract('express after express.json() for other places', {
  open: (answer, options) =>
    serve(express().use('/shop', express.json()).use('/callbacks', expressCallbacks(answer, options))),
  clock: () => new VirtualClock(),
})

let served: Served | undefined
afterEach(() => served?.close())

/** An app with `before` in front of the callbacks. */
async function open(...before: RequestHandler[]) {
  const { seen, answer } = recorder()
  const notices: CallbackNotice[] = []
  const app: Express = express()
  for (const handler of before) app.use(handler)
  app.post('/callbacks', expressCallbacks(answer, { notify: (notice) => notices.push(notice) }))
  served = await serve(app)
  return { port: served.port, bodies: () => seen.map(({ body }) => Buffer.from(body).toString()), notices }
}

const keepRaw = express.json({
  verify: (request: IncomingMessage & { rawBody?: unknown }, _response, bytes) => {
    request.rawBody = bytes
  },
})
const keepText = express.json({
  verify: (request: IncomingMessage & { rawBody?: unknown }, _response, bytes) => {
    request.rawBody = bytes.toString()
  },
})

describe('what was read before', () => {
  it.each([
    ['express.raw()', express.raw({ type: () => true })],
    ['express.json() that keeps the bytes as rawBody', keepRaw],
    ['express.json() that left another type alone', express.json({ type: 'application/other' })],
    ['express.raw() that left another type alone', express.raw()],
  ])('arrives as it was sent after %s', async (_, before) => {
    const { port, bodies, notices } = await open(before)
    expect(await send(port, { body: ' {"a": 1.0}' })).toMatchObject({ status: 204 })
    expect(bodies()).toEqual([' {"a": 1.0}'])
    expect(notices).toEqual([])
  })

  it.each([
    ['express.json()', express.json()],
    ['express.json() that keeps a text as rawBody', keepText],
    ['express.text()', express.text({ type: () => true })],
  ])('is not guessed after %s: the developer hears it, once', async (_, before) => {
    const { port, bodies, notices } = await open(before)
    for (let times = 0; times < 2; times++) {
      expect(await send(port, { body: '{"a":1}' })).toMatchObject({
        status: 500,
        body: '{"code":"FAIL","message":"internal error"}',
      })
    }
    expect(bodies()).toEqual([])
    expect(notices).toEqual([{ level: 'warn', message: expect.stringMatching(/before express\.json\(\)/) }])
  })

  it('is refused if it is too large, and taken if it just fits', async () => {
    const { port, bodies } = await open(express.raw({ type: () => true, limit: '10mb' }))
    expect(await send(port, { body: 'a'.repeat(CALLBACK_BYTES_MAX) })).toMatchObject({ status: 204 })
    expect(await send(port, { body: 'a'.repeat(CALLBACK_BYTES_MAX + 1) })).toMatchObject({ status: 413 })
    expect(bodies()).toEqual(['a'.repeat(CALLBACK_BYTES_MAX)])
  })

  it('is refused if it was inflated', async () => {
    const { port, bodies } = await open(express.raw({ type: () => true }))
    const headers = [...JSON_TYPE, 'Content-Encoding', 'gzip']
    expect(await send(port, { body: gzipSync('{}'), headers })).toMatchObject({ status: 415 })
    expect(bodies()).toEqual([])
  })
})

it('warns of the process if nobody else is told', async () => {
  served = await serve(express().use(express.json()).post('/callbacks', expressCallbacks(recorder().answer)))
  const warned = once(process, 'warning')
  await send(served.port)
  expect(await warned).toMatchObject([{ name: 'VerdictWarning', message: expect.stringContaining('mount') }])
})

it('answers though whoever is told throws', async () => {
  const notify = (): never => {
    throw new Error('no')
  }
  const handler = expressCallbacks(() => Promise.reject(new Error('no')), { notify })
  served = await serve(express().post('/callbacks', handler))
  expect(await send(served.port)).toMatchObject({ status: 500 })
})

describe('the rest of the app', () => {
  it('parses JSON in routes after it', async () => {
    const { seen, answer } = recorder()
    const app = express()
    app.post('/callbacks', expressCallbacks(answer))
    app.use(express.json())
    app.post('/shop', (request, response) => void response.json(request.body))
    served = await serve(app)
    expect(await send(served.port, { path: '/shop', body: ' {"a" : 1}' })).toMatchObject({ body: '{"a":1}' })
    expect(await send(served.port, { body: ' {"a" : 1}' })).toMatchObject({ status: 204 })
    expect(seen.map(({ body }) => Buffer.from(body).toString())).toEqual([' {"a" : 1}'])
  })

  it('refuses other methods where it is mounted for all', async () => {
    served = await serve(express().use('/callbacks', expressCallbacks(recorder().answer)))
    expect(await send(served.port, { method: 'GET' })).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
    })
    expect(await send(served.port)).toMatchObject({ status: 204 })
  })
})
