import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, vi } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { CALLBACK_BYTES_MAX, CALLBACK_READ_MS_MAX, refusal } from '../callback/http.ts'
import { type Callback, chunk, dial, type Line, served } from '../callback/testing.ts'
import { VerdictError } from '../errors.ts'
import { answerCallbacks } from './callbacks.ts'
import type { Desk } from './desk.ts'

const STRANGER = '8.8.4.4'
const WECHATPAY = '9.9.9.9'

/** A receiver that believes whoever says `paid`; `strange` is signed, about an order that nobody knows. */
function scene(trustProxy = false) {
  const clock = new VirtualClock()
  const warned: string[] = []
  const looked: string[] = []
  let limited = 0
  const callbacksOf = (account: string) => {
    if (account !== 'a' && account !== 'b') throw new VerdictError('ACCOUNT_UNKNOWN', account)
    return async ({ body }: Callback) => {
      const said = Buffer.from(body).toString()
      looked.push(said)
      if (said === 'paid') return { status: 204, body: '' }
      return said === 'strange' ? refusal(404, 'no such order') : refusal(401, 'forged')
    }
  }
  const app: FastifyInstance = Fastify({ trustProxy })
  answerCallbacks(app, {
    desk: { verdict: { callbacksOf }, clock } as unknown as Desk,
    ...{ clock, headers: { 'x-content-type-options': 'nosniff' } },
    warn: (message) => warned.push(message),
    limited: () => {
      limited += 1
    },
  })
  const send = async (said: string, from = STRANGER, account = 'a', headers = {}) =>
    app.inject({ method: 'POST', url: `/callbacks/${account}`, payload: said, remoteAddress: from, headers })
  const fail = async (times: number, from = STRANGER, account = 'a'): Promise<void> => {
    for (let n = 0; n < times; n += 1) await send('forged', from, account)
  }
  return { app, clock, warned, looked, send, fail, limited: () => limited }
}

/** The same behind a proxy on this machine, which says who sends; over the wire, so that a sender may leave, or never end. */
async function wired() {
  const parts = scene(true)
  await parts.app.ready()
  const { port, close } = await served(parts.app.server)
  const begin = async (from: string): Promise<Line> => {
    const line = await dial(port)
    const head = ['POST /callbacks/a HTTP/1.1', 'Host: a', `X-Forwarded-For: ${from}`]
    line.socket.write([...head, 'Transfer-Encoding: chunked', '', chunk('{')].join('\r\n'))
    await vi.waitFor(() => expect(parts.clock.timers).toBe(1))
    return line
  }
  const send = (said: string, from = STRANGER) =>
    parts.send(said, '127.0.0.1', 'a', { 'x-forwarded-for': from })
  return { ...parts, begin, send, close }
}

describe('whoever sends what does not verify', () => {
  it('is refused unread after 300 of it, told when to come again, and then looked at again', async () => {
    const { clock, warned, looked, send, fail, limited } = scene()
    await fail(300)
    expect(looked).toHaveLength(300)
    const refused = await send('paid')
    expect(refused.statusCode).toBe(429)
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'x-content-type-options': 'nosniff' })
    expect(refused.json()).toMatchObject({ code: 'FAIL' })
    expect(looked).toHaveLength(300)
    expect(limited()).toBe(1)
    expect(warned).toEqual([expect.stringContaining(`callbacks from ${STRANGER} fail again and again`)])
    await clock.advance(50)
    expect((await send('forged')).statusCode).toBe(401)
    expect((await send('forged')).statusCode).toBe(429)
    expect(warned).toHaveLength(1)
  })

  it('keeps out nobody else, and himself from no other account', async () => {
    const { send, fail } = scene()
    await fail(301)
    expect((await send('paid', WECHATPAY)).statusCode).toBe(204)
    expect((await send('paid', STRANGER, 'b')).statusCode).toBe(204)
  })

  it('is one and the same under each name of an account that is none', async () => {
    const { looked, send } = scene()
    for (let n = 0; n < 300; n += 1) expect((await send('x', STRANGER, `z${n}`)).statusCode).toBe(404)
    expect((await send('x', STRANGER, 'z300')).statusCode).toBe(429)
    expect(looked).toEqual([])
  })
})

describe('what nobody can read to its end counts as what does not verify', () => {
  it.each([
    ['a body that is too large by its own word', 'x', { 'content-length': `${CALLBACK_BYTES_MAX + 1}` }, 413],
    ['a compressed body', 'x', { 'content-encoding': 'gzip' }, 415],
  ] as const)('%s', async (_, body, headers, status) => {
    const { looked, send, fail } = scene()
    await fail(299)
    expect((await send(body, STRANGER, 'a', headers)).statusCode).toBe(status)
    expect((await send('paid')).statusCode).toBe(429)
    expect((await send('paid', WECHATPAY)).statusCode).toBe(204)
    expect(looked).toHaveLength(300)
  })

  it('a body that is too large', async () => {
    const { clock, begin, send, close } = await wired()
    for (let n = 0; n < 299; n += 1) await send('forged')
    const line = await begin(STRANGER)
    line.socket.write(chunk('x'.repeat(CALLBACK_BYTES_MAX)))
    await line.hears(/^HTTP\/1\.1 413 /)
    expect((await send('forged')).statusCode).toBe(429)
    await clock.advance(1_000)
    await close()
  })

  it('a body that never comes to its end', async () => {
    const { clock, begin, send, close } = await wired()
    for (let n = 0; n < 299; n += 1) await send('forged')
    const line = await begin(STRANGER)
    await clock.advance(CALLBACK_READ_MS_MAX)
    await line.hears(/^HTTP\/1\.1 408 /)
    for (let n = 0; n < 100; n += 1) await send('forged')
    expect((await send('forged')).statusCode).toBe(429)
    await close()
  })

  it.each([
    ['whose sender leaves', (line: Line) => line.socket.resetAndDestroy()],
    ['that is no HTTP any more', (line: Line) => line.socket.write('no length\r\n')],
  ])('a body %s', async (_, breakOff) => {
    const { clock, begin, send, close } = await wired()
    for (let n = 0; n < 299; n += 1) await send('forged')
    breakOff(await begin(STRANGER))
    await vi.waitFor(() => expect(clock.timers).toBe(0))
    expect((await send('forged')).statusCode).toBe(429)
    await close()
  })
})

describe('what verifies', () => {
  it.each([
    ['paid', 204],
    ['strange', 404],
  ] as const)('is never too much: %s', async (said, status) => {
    const { send } = scene()
    for (let n = 0; n < 1_000; n += 1) expect((await send(said, WECHATPAY)).statusCode).toBe(status)
  })

  it('makes its sender known for a day, who is refused nothing, whatever else comes from there', async () => {
    const { clock, send, fail, limited } = scene()
    await send('paid', WECHATPAY)
    for (let n = 0; n < 400; n += 1) await send('x', WECHATPAY, 'a', { 'content-encoding': 'gzip' })
    await fail(400, WECHATPAY)
    await clock.advance(24 * 3_600_000 - 1)
    await fail(400, WECHATPAY)
    expect((await send('strange', WECHATPAY)).statusCode).toBe(404)
    expect(limited()).toBe(0)
    await clock.advance(24 * 3_600_000)
    await fail(300, WECHATPAY)
    expect((await send('paid', WECHATPAY)).statusCode).toBe(429)
  })

  it('makes its sender known for its own account, and no account that is none', async () => {
    const { send, fail } = scene()
    await send('paid', WECHATPAY)
    await send('x', WECHATPAY, 'z')
    await fail(300, WECHATPAY, 'b')
    expect((await send('paid', WECHATPAY, 'b')).statusCode).toBe(429)
    await fail(300, WECHATPAY, 'z')
    expect((await send('paid', WECHATPAY, 'z')).statusCode).toBe(429)
  })
})

describe('behind a proxy', () => {
  it.each(['127.0.0.1', '10.1.2.3', '192.168.0.1', '::1', 'fd00::1'])(
    'that nobody named, at %s, strangers and WeChat Pay are one, and none is refused',
    async (proxy) => {
      const { send, fail } = scene()
      await fail(301, proxy)
      expect((await send('paid', proxy)).statusCode).toBe(204)
    },
  )

  it('that is trusted, the stranger alone is refused', async () => {
    const { send } = scene(true)
    const by = (address: string) => ({ 'x-forwarded-for': address })
    for (let n = 0; n < 300; n += 1) await send('forged', '10.1.2.3', 'a', by(STRANGER))
    expect((await send('paid', '10.1.2.3', 'a', by(STRANGER))).statusCode).toBe(429)
    expect((await send('paid', '10.1.2.3', 'a', by(WECHATPAY))).statusCode).toBe(204)
  })
})

it('every answer bears the headers that all do', async () => {
  const { send } = scene()
  for (const said of ['paid', 'forged'])
    expect((await send(said)).headers['x-content-type-options']).toBe('nosniff')
})
