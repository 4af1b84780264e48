import { Agent } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Clock } from '../clock.ts'
import {
  CALLBACK_BYTES_MAX,
  CALLBACK_READ_MS_MAX,
  type CallbackNotice,
  type CallbackOptions,
  type CallbackReceiver,
} from './http.ts'
import {
  type Callback,
  CHUNKED,
  chunk,
  dial,
  FAIL,
  JSON_TYPE,
  LAST_CHUNK,
  type Line,
  NOTHING,
  recorder,
  type Served,
  send,
} from './testing.ts'

/** A clock that a test moves, and the number of tasks that wait for it. */
export interface TestClock extends Clock {
  readonly timers: number
  advance(ms: number): Promise<void>
}

export interface Adapter {
  /** A server on 127.0.0.1 that takes callbacks at `/callbacks`. */
  open(answer: CallbackReceiver, options: CallbackOptions): Promise<Served>
  clock(): TestClock
}

/** What every adapter does, with a real server. */
export function callbackContract(name: string, adapter: Adapter): void {
  const opened: Served[] = []

  afterEach(async () => {
    for (const served of opened.splice(0)) await served.close()
  })

  async function open(answer: CallbackReceiver = recorder().answer) {
    const clock = adapter.clock()
    const notices: CallbackNotice[] = []
    const served = await adapter.open(answer, { clock, notify: (notice) => notices.push(notice) })
    opened.push(served)
    return { ...served, clock, notices }
  }

  describe(`${name}: what arrives`, () => {
    it('is every byte as it was sent', async () => {
      const { seen, answer } = recorder()
      const { port } = await open(answer)
      const bodies = [
        Buffer.from(' {"a" : 1.0,\r\n\t"a":"\\u4ed8"}\n'),
        Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0xc3, 0x28, 0x7d]),
        Buffer.from('\ufeff{"摘要":"付款成功"}'),
      ]
      for (const body of bodies) expect(await send(port, { body })).toMatchObject({ status: 204 })
      expect(seen.map(({ body }) => Buffer.from(body))).toEqual(bodies)
    })

    it('is every header as it was sent, twice if it came twice', async () => {
      const { seen, answer } = recorder()
      const { port } = await open(answer)
      const twice = ['Wechatpay-Nonce', 'a', 'wechatpay-NONCE', 'b']
      await send(port, { headers: [...JSON_TYPE, ...twice] })
      await send(port, { headers: [...JSON_TYPE, 'Wechatpay-Nonce', 'a'] })
      expect(seen.map(noncesIn)).toEqual([twice, ['Wechatpay-Nonce', 'a']])
    })

    it.each([
      ['text/plain'],
      ['application/x-www-form-urlencoded'],
      ['application/json; charset=gbk'],
      ['image/png'],
    ])("doesn't depend on the type %s", async (type) => {
      const { seen, answer } = recorder()
      const { port } = await open(answer)
      await send(port, { body: 'a=%', headers: ['Content-Type', type] })
      expect(seen.map(textOf)).toEqual(['a=%'])
    })

    it('may have no type, and no body', async () => {
      const { seen, answer } = recorder()
      const { port } = await open(answer)
      expect(await send(port, { body: '{ }', headers: [] })).toMatchObject({ status: 204 })
      expect(await send(port, { body: '', headers: [] })).toMatchObject({ status: 204 })
      expect(await send(port, { body: '' })).toMatchObject({ status: 204 })
      expect(seen.map(textOf)).toEqual(['{ }', '', ''])
    })

    it('may come in pieces', async () => {
      const { seen, answer } = recorder()
      const { port } = await open(answer)
      const line = await dial(port)
      line.socket.write(CHUNKED)
      for (const piece of ['{"a"', ' :', '1}']) line.socket.write(chunk(piece))
      line.socket.write(LAST_CHUNK)
      await line.hears(/^HTTP\/1\.1 204 /)
      line.socket.destroy()
      expect(seen.map(textOf)).toEqual(['{"a" :1}'])
    })
  })

  describe(`${name}: what is answered`, () => {
    it('is 204 without a body', async () => {
      const { port } = await open(recorder(NOTHING).answer)
      const received = await send(port)
      expect(received).toMatchObject({ status: 204, body: '' })
      expect(received.headers).not.toHaveProperty('content-type')
    })

    it('is 401 with the body that WeChat Pay expects', async () => {
      const { port } = await open(recorder(FAIL).answer)
      const received = await send(port)
      expect(received).toMatchObject(FAIL)
      expect(received.headers['content-type']).toBe('application/json')
    })

    it.each([
      ['rejects', () => Promise.reject(new Error('secret 42'))],
      [
        'throws',
        () => {
          throw new Error('secret 42')
        },
      ],
    ])('is 500 if the function %s, and only the developer hears why', async (_, answer) => {
      const { port, notices } = await open(answer)
      const received = await send(port)
      expect(received).toMatchObject({ status: 500, body: '{"code":"FAIL","message":"internal error"}' })
      expect(JSON.stringify(received)).not.toMatch(/secret|at /)
      expect(notices).toEqual([{ level: 'warn', message: expect.stringContaining('secret 42') }])
    })

    it.each([
      ['an answer', recorder().answer],
      ['a refusal', recorder(FAIL).answer],
      ['an error', () => Promise.reject(new Error('no'))],
    ])('keeps the connection after %s', async (_, answer) => {
      const { port } = await open(answer)
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      expect(await send(port, { agent })).toMatchObject({ isReused: false })
      expect(await send(port, { agent })).toMatchObject({ isReused: true })
      agent.destroy()
    })
  })

  describe(`${name}: size`, () => {
    it.each(['announced', 'chunked'] as const)('takes a body of the limit, %s', async (how) => {
      const { seen, answer } = recorder()
      const { port } = await open(answer)
      const line = await post(port, CALLBACK_BYTES_MAX, how)
      expect(await line.hears(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 204 /)
      line.socket.destroy()
      expect(seen.map(({ body }) => body.length)).toEqual([CALLBACK_BYTES_MAX])
    })

    it.each(['announced', 'chunked'] as const)('refuses a byte more and closes, %s', async (how) => {
      const { seen, answer } = recorder()
      const { port, clock } = await open(answer)
      const line = await post(port, CALLBACK_BYTES_MAX + 1, how)
      await line.hears(/^HTTP\/1\.1 413 [\s\S]*\{"code":"FAIL",.*\}$/)
      await clock.advance(1_000)
      expect(await line.closed).toMatch(/connection: close/i)
      expect(seen).toEqual([])
    })

    it('cuts an upload of 10 MB, and reads no more than a small part of it', async () => {
      const { seen, answer } = recorder()
      const { port, sockets, clock } = await open(answer)
      const line = await dial(port)
      line.socket.write(CHUNKED)
      line.socket.write(chunk('a'.repeat(1_000)).repeat(10_000))
      await line.hears(/^HTTP\/1\.1 413 [\s\S]*\}$/)
      await clock.advance(1_000)
      await line.closed
      expect(sockets[0]?.bytesRead).toBeLessThan(1_000_000)
      expect(clock.timers).toBe(0)
      expect(seen).toEqual([])
    })

    it('lets a sender that first says all it has read the refusal', async () => {
      const { port, sockets } = await open()
      const line = await dial(port)
      line.socket.pause()
      line.socket.write(CHUNKED)
      line.socket.write(chunk('a'.repeat(1_000)).repeat(10_000))
      await vi.waitFor(() => expect(sockets[0]?.bytesWritten).toBeGreaterThan(0))
      line.socket.resume()
      await line.hears(/^HTTP\/1\.1 413 [\s\S]*\}$/)
      line.socket.destroy()
    })

    it('takes no memory for a body in tiny pieces but the limit itself', async () => {
      const { seen, answer } = recorder()
      const { port } = await open(answer)
      const line = await dial(port)
      line.socket.write(`${CHUNKED}${chunk('a').repeat(10_000)}${LAST_CHUNK}`)
      await line.hears(/^HTTP\/1\.1 204 /)
      line.socket.destroy()
      expect(seen.map(({ body }) => [body.length, body.buffer.byteLength])).toEqual([
        [10_000, CALLBACK_BYTES_MAX],
      ])
    })

    async function post(port: number, bytes: number, how: 'announced' | 'chunked'): Promise<Line> {
      const line = await dial(port)
      const head = CHUNKED.replace('Transfer-Encoding: chunked', `Content-Length: ${bytes}`)
      const body = 'a'.repeat(bytes)
      line.socket.write(how === 'announced' ? head + body : CHUNKED + chunk(body) + LAST_CHUNK)
      return line
    }
  })

  describe(`${name}: time`, () => {
    async function slowly(answer: CallbackReceiver) {
      const opening = await open(answer)
      const line = await dial(opening.port)
      line.socket.write(CHUNKED)
      await vi.waitFor(() => expect(opening.clock.timers).toBe(1))
      line.socket.write(chunk('{'))
      await opening.clock.advance(CALLBACK_READ_MS_MAX - 1)
      return { ...opening, line }
    }

    it('takes a slow sender that comes to its end in time', async () => {
      const { seen, answer } = recorder()
      const { line, clock } = await slowly(answer)
      line.socket.write(chunk('}') + LAST_CHUNK)
      await line.hears(/^HTTP\/1\.1 204 /)
      line.socket.destroy()
      expect(seen.map(textOf)).toEqual(['{}'])
      expect(clock.timers).toBe(0)
    })

    it('ends a sender that is too slow', async () => {
      const { seen, answer } = recorder()
      const { line, clock } = await slowly(answer)
      line.socket.write(chunk(' '))
      await clock.advance(1)
      await line.hears(/^HTTP\/1\.1 408 [\s\S]*\{"code":"FAIL",/)
      await clock.advance(1_000)
      expect(await line.closed).toMatch(/connection: close/i)
      expect(clock.timers).toBe(0)
      expect(seen).toEqual([])
    })
  })

  describe(`${name}: a sender that leaves`, () => {
    it('in the middle of the body is forgotten', async () => {
      const { seen, answer } = recorder()
      const { port, sockets, clock, notices } = await open(answer)
      const line = await dial(port)
      await leave(line, sockets, async () => {
        line.socket.write(CHUNKED + chunk('{'))
        await vi.waitFor(() => expect(clock.timers).toBe(1))
      })
      await vi.waitFor(() => expect(clock.timers).toBe(0))
      expect(await line.closed).toBe('')
      expect([seen, notices]).toEqual([[], []])
    })

    it('after a refusal is forgotten', async () => {
      const { port, sockets, clock } = await open()
      const line = await dial(port)
      await leave(line, sockets, async () => {
        line.socket.write(CHUNKED + chunk('a'.repeat(CALLBACK_BYTES_MAX + 1)))
        await line.hears(/^HTTP\/1\.1 413 /)
      })
      await vi.waitFor(() => expect(clock.timers).toBe(0))
    })

    it('before the answer is ready changes nothing for the next one', async () => {
      let ready = (): void => {}
      const seen: Callback[] = []
      const { port, sockets, notices } = await open((callback) => {
        seen.push(callback)
        return new Promise((resolve) => {
          ready = () => resolve(FAIL)
        })
      })
      const line = await dial(port)
      await leave(line, sockets, async () => {
        line.socket.write(CHUNKED + chunk('{}') + LAST_CHUNK)
        await vi.waitFor(() => expect(seen).toHaveLength(1))
      })
      ready()
      const next = send(port)
      await vi.waitFor(() => expect(seen).toHaveLength(2))
      ready()
      expect(await next).toMatchObject(FAIL)
      expect(notices).toEqual([])
    })

    async function leave(line: Line, sockets: Served['sockets'], when: () => Promise<void>): Promise<void> {
      await when()
      line.socket.resetAndDestroy()
      await vi.waitFor(() => expect(sockets[0]?.destroyed).toBe(true))
    }
  })

  describe(`${name}: compression`, () => {
    it.each([
      ['gzip', gzipSync('{}')],
      ['deflate', '{}'],
      ['br', '{}'],
      ['identity, gzip', '{}'],
    ])('refuses a body that is announced as %s', async (encoding, body) => {
      const { seen, answer } = recorder()
      const { port } = await open(answer)
      const received = await send(port, { body, headers: [...JSON_TYPE, 'Content-Encoding', encoding] })
      expect(received).toMatchObject({ status: 415, body: expect.stringContaining('"FAIL"') })
      expect(seen).toEqual([])
    })

    it('takes the same bytes if nobody announces anything, or identity', async () => {
      const { seen, answer } = recorder()
      const { port } = await open(answer)
      await send(port, { body: gzipSync('{}') })
      await send(port, { body: gzipSync('{}'), headers: [...JSON_TYPE, 'Content-Encoding', 'identity'] })
      expect(seen.map(({ body }) => Buffer.from(body))).toEqual([gzipSync('{}'), gzipSync('{}')])
    })
  })
}

function textOf({ body }: Callback): string {
  return Buffer.from(body).toString()
}

function noncesIn({ headers }: Callback): string[] {
  return headers.filter((_, at) => /^wechatpay-nonce$/i.test(headers[at - (at % 2)] ?? ''))
}
