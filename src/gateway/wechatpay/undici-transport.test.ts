import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, it } from 'vitest'
import { systemClock } from '../../clock.ts'
import { BODY_BYTES_MAX, type HttpRequest, type HttpResult, type Transport } from './transport.ts'
import { undiciTransport } from './undici-transport.ts'

const closers: Array<() => Promise<unknown>> = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

function open(connectionsMax?: number): Transport {
  const transport = undiciTransport({
    clock: systemClock,
    ...(connectionsMax !== undefined && { connectionsMax }),
  })
  closers.push(async () => transport.end?.())
  return transport
}

async function listen(server: Server | HttpServer): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        for (const socket of sockets) socket.destroy()
      }),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function http(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  return listen(createServer(handle))
}

/** A server that speaks bytes: called with each socket and what came on it. */
function tcp(onData: (socket: Socket, data: string) => void): Promise<string> {
  return listen(
    createTcpServer((socket) => socket.on('data', (data) => onData(socket, data.toString('latin1')))),
  )
}

function request(origin: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    origin,
    method: 'GET',
    path: '/v3/global/x?mchid=1',
    headers: ['accept', 'application/json'],
    body: '',
    notAfterMs: systemClock.nowMs() + 10_000,
    connectTimeoutMs: 1000,
    readTimeoutMs: 1000,
    ...more,
  }
}

function textOf(result: HttpResult): string {
  return result.kind === 'reply'
    ? `${result.status} ${Buffer.from(result.body ?? []).toString()}`
    : result.reason
}

it('sends method, path, headers and body as they are, and gives back status, headers and bytes', async () => {
  const seen: unknown[] = []
  const origin = await http((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk) => chunks.push(chunk))
    incoming.on('end', () => {
      seen.push([incoming.method, incoming.url, incoming.headers.accept, Buffer.concat(chunks).toString()])
      response.setHeader('X-Twice', ['a', 'b']).end('支付')
    })
  })
  const send = open()
  const result = await send(request(origin, { method: 'POST', path: '/a%7Cb?c=d', body: '{"茶":1}' }))
  expect(seen).toEqual([['POST', '/a%7Cb?c=d', 'application/json', '{"茶":1}']])
  expect(result).toMatchObject({ kind: 'reply', status: 200, headers: { 'x-twice': ['a', 'b'] } })
  expect(textOf(result)).toBe('200 支付')
})

it('keeps connections open and has one request at a time on each', async () => {
  const underWay = new Map<Socket, number>()
  const most: number[] = []
  const origin = await http(({ socket }, response) => {
    const now = (underWay.get(socket) ?? 0) + 1
    underWay.set(socket, now)
    most.push(now)
    setImmediateTimes(20, () => {
      underWay.set(socket, now - 1)
      response.end('{}')
    })
  })
  const send = open(2)
  for (let i = 0; i < 5; i++)
    await Promise.all([send(request(origin)), send(request(origin)), send(request(origin))])
  expect([underWay.size, most.length, Math.max(...most)]).toEqual([2, 15, 1])
})

it('connection refused: unreachable, nothing sent', async () => {
  const server = createTcpServer()
  const origin = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  expect(await open()(request(origin))).toEqual({
    kind: 'failure',
    reason: 'unreachable',
    sent: false,
    detail: 'ECONNREFUSED',
  })
})

it('a name that does not resolve: unreachable, nothing sent', async () => {
  expect(await open()(request('http://verdict.invalid'))).toMatchObject({
    reason: 'unreachable',
    sent: false,
  })
})

it('a server that speaks no TLS: unreachable, nothing of the request sent', async () => {
  const heard: string[] = []
  const origin = await tcp((socket, data) => {
    heard.push(data)
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  })
  expect(await open()(request(origin.replace('http:', 'https:')))).toMatchObject({
    reason: 'unreachable',
    sent: false,
  })
  expect(heard.join('')).not.toContain('/v3/global')
})

it('no answer in time: timeout, sent', async () => {
  const origin = await http(() => {})
  const result = await open()(request(origin, { readTimeoutMs: 50 }))
  expect(result).toMatchObject({ reason: 'timeout', sent: true })
})

it('a body that never ends: timeout, even while bytes trickle in', async () => {
  const origin = await http((_, response) => {
    response.write('{')
    const timer = setInterval(() => response.write(' '), 10)
    response.on('close', () => clearInterval(timer))
  })
  const startedAtMs = systemClock.nowMs()
  const result = await open()(request(origin, { readTimeoutMs: 80 }))
  expect(result).toMatchObject({ reason: 'timeout', sent: true })
  expect(systemClock.nowMs() - startedAtMs).toBeLessThan(1000)
})

it('no connection within the connect timeout: unreachable, and never sent later', async () => {
  const paths: string[] = []
  const origin = await http(({ url }, response) => {
    paths.push(url ?? '')
    if (url !== '/first') response.end('{}')
  })
  // The one connection is taken; the second call can't begin in time.
  const send = open(1)
  const first = send(request(origin, { path: '/first', readTimeoutMs: 300 }))
  const second = await send(request(origin, { path: '/second', connectTimeoutMs: 50 }))
  expect(second).toMatchObject({ reason: 'unreachable', sent: false })
  expect(await first).toMatchObject({ reason: 'timeout', sent: true })
  expect(textOf(await send(request(origin, { path: '/third' })))).toBe('200 {}')
  expect(paths).toEqual(['/first', '/third'])
})

it('what waited for a connection past its latest moment is never sent, however late the timers are', async () => {
  const paths: string[] = []
  const origin = await http(({ url }, response) => {
    paths.push(url ?? '')
    setImmediateTimes(20, () => response.end('{}'))
  })
  const withoutTimers = { nowMs: systemClock.nowMs, after: () => () => {} }
  const send = undiciTransport({ clock: withoutTimers, connectionsMax: 1 })
  closers.push(async () => send.end?.())
  const [first, late] = await Promise.all([
    send(request(origin, { path: '/first' })),
    send(request(origin, { path: '/late', notAfterMs: systemClock.nowMs() - 1 })),
  ])
  expect(textOf(first)).toBe('200 {}')
  expect(late).toMatchObject({ reason: 'not-sent', sent: false })
  expect(textOf(await send(request(origin, { path: '/next' })))).toBe('200 {}')
  expect(paths).toEqual(['/first', '/next'])
})

it('a reset before the answer: reset, sent, and not sent again', async () => {
  let times = 0
  const origin = await tcp((socket) => {
    times++
    socket.resetAndDestroy()
  })
  expect(await open()(request(origin))).toMatchObject({ reason: 'reset', sent: true })
  expect(times).toBe(1)
})

it('a connection closed politely without an answer: reset, sent, and not sent again', async () => {
  let times = 0
  const origin = await tcp((socket) => {
    times++
    socket.end()
  })
  expect(await open()(request(origin))).toMatchObject({ reason: 'reset', sent: true })
  expect(times).toBe(1)
})

it('a reset in the middle of the body: no half answers', async () => {
  const origin = await tcp((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"trade_state":"SUCCESS"}', () =>
      setImmediateTimes(20, () => socket.resetAndDestroy()),
    )
  })
  expect(await open()(request(origin))).toMatchObject({ reason: 'reset', sent: true })
})

it('bytes that are no HTTP: reset, sent', async () => {
  const origin = await tcp((socket) => socket.end('what?\r\n\r\n'))
  expect(await open()(request(origin))).toMatchObject({ reason: 'reset', sent: true })
})

it('a connection that went stale: reset and sent, because nobody can know; the next call has a new one', async () => {
  let times = 0
  const origin = await tcp((socket) => {
    // The first answer, and then a server that forgets the connection while the next request is on its way.
    if (++times === 2) socket.resetAndDestroy()
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
  })
  const send = open(1)
  expect(textOf(await send(request(origin)))).toBe('200 {}')
  expect(await send(request(origin))).toMatchObject({ reason: 'reset', sent: true })
  expect(textOf(await send(request(origin)))).toBe('200 {}')
  expect(times).toBe(3)
})

it('reads chunked bodies, and an answer split anywhere', async () => {
  const origin = await tcp((socket) => {
    const answer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n'
    const send = (rest: string): void => {
      if (rest !== '') socket.write(rest.slice(0, 7), () => setImmediate(() => send(rest.slice(7))))
    }
    send(answer)
  })
  expect(textOf(await open()(request(origin)))).toBe('200 {"a":1}')
})

it('decompresses what is announced as gzip, and only that', async () => {
  const origin = await http(({ url }, response) => {
    if (url === '/announced') response.setHeader('content-encoding', 'gzip').end(gzipSync('{"a":1}'))
    else if (url === '/broken') response.setHeader('content-encoding', 'gzip').end('{"a":1}')
    else if (url === '/bomb')
      response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(2 * BODY_BYTES_MAX)))
    else if (url === '/x-gzip') response.setHeader('content-encoding', ' X-GZIP').end(gzipSync('{"a":1}'))
    else if (url === '/identity') response.setHeader('content-encoding', 'Identity').end('{"a":1}')
    else if (url === '/unnamed') response.setHeader('content-encoding', '').end('{"a":1}')
    else if (url === '/empty') response.setHeader('content-encoding', 'gzip').end()
    else if (url === '/other') response.setHeader('content-encoding', 'br').end('{"a":1}')
    else response.end(gzipSync('{"a":1}'))
  })
  const send = open()
  const get = async (path: string) => {
    const result = await send(request(origin, { path }))
    return result.kind === 'reply' ? result.body : result
  }
  for (const path of ['/announced', '/x-gzip', '/identity', '/unnamed'])
    expect(await get(path)).toEqual(Buffer.from('{"a":1}'))
  expect(await get('/empty')).toEqual(Buffer.alloc(0))
  expect(await get('/plain')).toEqual(gzipSync('{"a":1}'))
  for (const path of ['/broken', '/bomb', '/other']) expect(await get(path)).toBe(null)
})

it('does not read a body of more than 1 MiB to its end', async () => {
  const origin = await http((_, response) => {
    response.on('error', () => {})
    response.write(Buffer.alloc(BODY_BYTES_MAX))
    response.write('x')
  })
  expect(await open()(request(origin))).toMatchObject({ kind: 'reply', status: 200, body: null })
})

it('takes a body of exactly 1 MiB', async () => {
  const origin = await http((_, response) => {
    response.end(Buffer.alloc(BODY_BYTES_MAX))
  })
  const result = await open()(request(origin))
  expect(result.kind === 'reply' && result.body?.length).toBe(BODY_BYTES_MAX)
})

it('follows no redirect', async () => {
  const paths: string[] = []
  const origin = await http(({ url }, response) => {
    paths.push(url ?? '')
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  expect(textOf(await open()(request(origin, { method: 'POST', body: '{}' })))).toBe('307 ')
  expect(paths).toEqual(['/v3/global/x?mchid=1'])
})

it('is not confused by early hints', async () => {
  const origin = await http((_, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.end('{}')
  })
  expect(textOf(await open()(request(origin)))).toBe('200 {}')
})

it('end: what is under way ends as no answer, what comes later is not sent', async () => {
  const arrived = Promise.withResolvers<void>()
  const origin = await http(() => arrived.resolve())
  const send = open()
  const result = send(request(origin))
  await arrived.promise
  await send.end?.()
  expect(await result).toMatchObject({ reason: 'reset', sent: true, detail: 'closed' })
  expect(await send(request(origin))).toMatchObject({ reason: 'not-sent', sent: false })
})

it('end: a connection that is still being made ends, too', async () => {
  const [arrived, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  // It takes the connection and never answers the TLS handshake.
  const server = createTcpServer((socket) => {
    socket.on('error', () => {}).on('close', () => left.resolve())
    socket.once('data', () => arrived.resolve())
  })
  const origin = (await listen(server)).replace('http:', 'https:')
  const send = open()
  const result = send(request(origin, { connectTimeoutMs: 5_000 }))
  await arrived.promise
  const startedAtMs = systemClock.nowMs()
  await send.end?.()
  await left.promise
  expect(systemClock.nowMs() - startedAtMs).toBeLessThan(2_000)
  expect(await result).toMatchObject({ kind: 'failure', sent: false })
})

it('time limits are those of the clock it was given', async () => {
  const origin = await http(() => {})
  const fast = {
    nowMs: () => systemClock.nowMs() * 100,
    after: (ms: number, task: () => void) => systemClock.after(ms / 100, task),
  }
  const send = undiciTransport({ clock: fast })
  closers.push(async () => send.end?.())
  const startedAtMs = systemClock.nowMs()
  const result = await send(request(origin, { readTimeoutMs: 8000, notAfterMs: fast.nowMs() + 10_000 }))
  expect(result).toMatchObject({ reason: 'timeout', sent: true })
  expect(systemClock.nowMs() - startedAtMs).toBeLessThan(2000)
})

function setImmediateTimes(times: number, task: () => void): void {
  setImmediate(() => (times === 0 ? task() : setImmediateTimes(times - 1, task)))
}
