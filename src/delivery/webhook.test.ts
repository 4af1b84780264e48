import { generateKeyPairSync } from 'node:crypto'
import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { systemClock } from '../clock.ts'
import { selfSigned } from '../simulator/certificate.ts'
import type { Resolve } from './addresses.ts'
import { ANSWER_BYTES_MAX } from './post.ts'
import type { Delivered, Target } from './target.ts'
import {
  type Answer,
  message,
  type Received,
  type Receiver,
  SECRET,
  SECRET_2,
  startReceiver,
} from './testing.ts'
import { type WebhookEdges, webhookTarget } from './webhook.ts'
import type { WebhookOptions } from './webhook-options.ts'

const closers: Array<() => Promise<unknown>> = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function receiver(answer?: Answer): Promise<Receiver> {
  const one = await startReceiver(answer)
  closers.push(() => one.close())
  return one
}

function open(options: Partial<WebhookOptions> & { url: string }, edges: Partial<WebhookEdges> = {}): Target {
  const target = webhookTarget({ secret: SECRET, ...options }, { clock: systemClock, ...edges })
  closers.push(() => target.end())
  return target
}

/** To a receiver on this machine. */
const local = (
  { url }: Receiver,
  more: Partial<WebhookOptions> = {},
  edges: Partial<WebhookEdges> = {},
): Target => open({ url, allowPrivate: true, ...more }, edges)

const whyOf = (delivered: Delivered): string => (delivered.ok ? 'delivered' : delivered.why)
const outcome = async (target: Target): Promise<string> => whyOf(await target.deliver(message()))

/** Lets the sockets of this process come to rest. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

function verified({ headers, body }: Received, secret: string): unknown {
  return new Webhook(secret).verify(body, headers as Record<string, string>)
}

describe('what is sent', () => {
  it('is the payload as it is, posted to the URL, with the headers of Standard Webhooks', async () => {
    const one = await receiver()
    expect(await outcome(local(one))).toBe('delivered')
    const [got] = one.received
    expect(got).toMatchObject({ method: 'POST', url: '/hook?a=b', body: Buffer.from(message().payload) })
    expect(got?.headers).toMatchObject({
      host: `127.0.0.1:${one.port}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(message().payload)),
      'user-agent': expect.stringMatching(/^verdict-pay/),
      'webhook-id': 'msg_1-A',
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
    })
  })

  it('verifies with the library of Standard Webhooks, and not with another secret', async () => {
    const one = await receiver()
    await outcome(local(one))
    for (const got of one.received) {
      expect(verified(got, SECRET)).toEqual(JSON.parse(message().payload))
      expect(() => verified(got, SECRET_2)).toThrow('No matching signature')
    }
    expect(one.received).toHaveLength(1)
  })

  it('verifies with both secrets of a rotation', async () => {
    const one = await receiver()
    await outcome(local(one, { secret: [SECRET_2, SECRET] }))
    const verdicts = one.received.flatMap((got) => [SECRET, SECRET_2].map((secret) => verified(got, secret)))
    expect(verdicts).toHaveLength(2)
  })

  it('has the same id at a repeat, and a timestamp and signature of its own', async () => {
    const one = await receiver()
    const clock = new VirtualClock()
    const target = local(one, {}, { clock })
    await outcome(target)
    await clock.advance(5_000)
    await outcome(target)
    const [first, second] = one.received.map(({ headers }) => headers)
    expect(second?.['webhook-id']).toBe(first?.['webhook-id'])
    expect(Number(second?.['webhook-timestamp']) - Number(first?.['webhook-timestamp'])).toBe(5)
    expect(second?.['webhook-signature']).not.toBe(first?.['webhook-signature'])
  })

  it('goes over connections that stay open', async () => {
    const one = await receiver()
    const target = local(one)
    for (let i = 0; i < 3; i++) {
      expect(await outcome(target)).toBe('delivered')
      await quiet()
    }
    expect(one.connections.opened).toBe(1)
  })
})

describe('an answer', () => {
  it.each([
    [200, 'delivered'],
    [202, 'delivered'],
    [204, 'delivered'],
    [299, 'delivered'],
    [304, 'answered 304: redirects are not followed'],
    [400, 'answered 400'],
    [401, 'answered 401'],
    [404, 'answered 404'],
    [410, 'answered 410'],
    [429, 'answered 429'],
    [500, 'answered 500'],
    [503, 'answered 503'],
  ])('of %i: %s', async (status, expected) => {
    const one = await receiver((response) => response.writeHead(status).end())
    expect(await outcome(local(one))).toBe(expected)
  })

  it('of 103 before the real one is none', async () => {
    const one = await receiver((response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' })
      response.writeHead(500).end()
    })
    expect(await outcome(local(one))).toBe('answered 500')
  })

  it.each([301, 302, 303, 307, 308])('of %i leads nowhere', async (status) => {
    const inner = await receiver()
    const one = await receiver((response) => response.writeHead(status, { location: inner.url }).end())
    expect(await outcome(local(one))).toBe(`answered ${status}: redirects are not followed`)
    expect(inner.received).toHaveLength(0)
    expect(await outcome(local(inner))).toBe('delivered')
  })

  it('that is not HTTP, or a connection that ends, is no delivery; the next may be one', async () => {
    const one = await receiver((response, nth) => {
      if (nth === 1) response.socket?.end('whsec_x\r\n\r\n')
      else if (nth === 2) response.socket?.destroy()
      else response.end()
    })
    const target = local(one)
    expect(await outcome(target)).toBe('what came is no HTTP answer')
    expect(await outcome(target)).toBe('the connection ended before the answer came')
    expect(await outcome(target)).toBe('delivered')
  })

  it('from nobody is no delivery', async () => {
    const one = await receiver()
    await one.close()
    expect(await outcome(local(one))).toBe('nobody listens there: ECONNREFUSED')
  })
})

describe('the body of an answer', () => {
  it.each([
    ['of 2xx', 200, 'delivered'],
    ['of 500', 500, 'answered 500'],
  ])('%s that never ends costs its limit and the connection', async (_, status, expected) => {
    const sent = { bytes: 0, ended: Promise.resolve<unknown>(null) }
    const one = await receiver((response) => {
      sent.ended = once(response, 'close')
      response.writeHead(status)
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1_024))) sent.bytes += 1_024
      }
      response.on('drain', more)
      more()
    })
    expect(await outcome(local(one))).toBe(expected)
    await sent.ended
    // What the sockets of both sides hold is not ours to bound.
    expect(sent.bytes).toBeLessThan(20_000_000)
  })

  it('up to the limit leaves the connection open, past it a new one is needed', async () => {
    const bodies = [ANSWER_BYTES_MAX, ANSWER_BYTES_MAX, ANSWER_BYTES_MAX + 1, 0]
    const opened: number[] = []
    const one = await receiver((response, nth) => response.end(Buffer.alloc(bodies[nth - 1] ?? 0)))
    const target = local(one)
    for (const _ of bodies) {
      expect(await outcome(target)).toBe('delivered')
      await quiet()
      opened.push(one.connections.opened)
    }
    expect(opened).toEqual([1, 1, 1, 2])
  })

  it('that trickles is waited for until the time limit, and then the status counts', async () => {
    const closed = Promise.withResolvers<void>()
    const wrote = Promise.withResolvers<void>()
    const one = await receiver((response) => {
      response.on('close', closed.resolve)
      response.write('{', () => wrote.resolve())
    })
    const clock = new VirtualClock()
    const delivered = outcome(local(one, { timeoutMs: 1_000 }, { clock }))
    await wrote.promise
    await quiet()
    await clock.advance(999)
    expect(one.connections.open).toBe(1)
    await clock.advance(1)
    expect(await delivered).toBe('delivered')
    await closed.promise
  })
})

describe('the time limit', () => {
  it('runs on the given clock: an answer in its last moment is one', async () => {
    const answer = Promise.withResolvers<void>()
    const one = await receiver((response) => void answer.promise.then(() => response.end()))
    const clock = new VirtualClock()
    const delivered = outcome(local(one, {}, { clock }))
    await one.got(1)
    await clock.advance(14_999)
    answer.resolve()
    expect(await delivered).toBe('delivered')
  })

  it('ends the wait for a slow receiver, and its connection', async () => {
    const closed = Promise.withResolvers<void>()
    const one = await receiver((response) => response.on('close', closed.resolve))
    const clock = new VirtualClock()
    const delivered = outcome(local(one, {}, { clock }))
    await one.got(1)
    await clock.advance(15_000)
    expect(await delivered).toBe('no answer within 15000 ms')
    await closed.promise
  })

  it('ends the wait for a connection, and what nobody waits for is not sent any more', async () => {
    const one = await receiver()
    const found = Promise.withResolvers<readonly LookupAddress[]>()
    const clock = new VirtualClock()
    const url = `http://localhost:${one.port}/`
    const target = open({ url, allowPrivate: true, timeoutMs: 500 }, { clock, resolve: () => found.promise })
    const late = target.deliver(message({ id: 'late' }))
    await clock.advance(500)
    expect(whyOf(await late)).toBe('no answer within 500 ms')
    const next = target.deliver(message({ id: 'next' }))
    found.resolve([LOOPBACK])
    expect(whyOf(await next)).toBe('delivered')
    await quiet()
    expect(one.received.map(({ headers }) => headers['webhook-id'])).toEqual(['next'])
  })
})

const LOOPBACK: LookupAddress = { address: '127.0.0.1', family: 4 }
/** Public by its range, which nobody has: of the 6bone, that ended in 2006. */
const NOBODY: LookupAddress = { address: '3ffe::1', family: 6 }

/** Gives each answer once, the last one for ever. */
function resolver(...answers: LookupAddress[]): Resolve & { asked: string[] } {
  const asked: string[] = []
  return Object.assign(
    async (hostname: string) => {
      asked.push(hostname)
      return answers.slice(Math.min(asked.length, answers.length) - 1).slice(0, 1)
    },
    { asked },
  )
}

describe('a name', () => {
  const url = ({ port }: Receiver): string => `https://hooks.example.com:${port}/`

  it('that leads to this machine is refused, and nothing is sent', async () => {
    const one = await receiver()
    const resolve = resolver(LOOPBACK)
    expect(await outcome(open({ url: url(one) }, { resolve }))).toBe(
      'the name leads to 127.0.0.1; expected a public address',
    )
    expect([one.connections.opened, resolve.asked]).toEqual([0, ['hooks.example.com']])
  })

  it('that leads there is connected to with allowPrivate', async () => {
    const one = await receiver()
    const resolve = resolver(LOOPBACK)
    // The receiver speaks no TLS, which shows that it was reached.
    expect(await outcome(open({ url: url(one), allowPrivate: true }, { resolve }))).toMatch(
      /^no answer: (ERR_SSL|EPROTO)|ended/,
    )
    expect(one.connections.opened).toBe(1)
  })

  it.each([false, true])(
    'that is public first and private then: with allowPrivate %s',
    async (allowPrivate) => {
      const one = await receiver()
      const resolve = resolver(NOBODY, LOOPBACK)
      const target = open({ url: url(one), allowPrivate, timeoutMs: 300 }, { resolve })
      // Nobody is asked a second time before the connection is made: the checked address is the one that is tried.
      expect(await outcome(target)).toMatch(/^no answer/)
      expect([one.connections.opened, resolve.asked.length]).toEqual([0, 1])
      const second = await outcome(target)
      expect(second === 'the name leads to 127.0.0.1; expected a public address').toBe(!allowPrivate)
      expect(one.connections.opened).toBe(allowPrivate ? 1 : 0)
    },
  )

  it('is resolved once for a connection, and the message goes there', async () => {
    const one = await receiver()
    const resolve = resolver(LOOPBACK, NOBODY)
    const target = open({ url: `http://app:${one.port}/`, allowPrivate: true }, { resolve })
    expect(await outcome(target)).toBe('delivered')
    await quiet()
    expect(await outcome(target)).toBe('delivered')
    expect([resolve.asked, one.connections.opened]).toEqual([['app'], 1])
    expect(one.received[0]?.headers.host).toBe(`app:${one.port}`)
  })

  it('that looks private is called with http only where it is', async () => {
    const resolve = resolver(NOBODY)
    expect(await outcome(open({ url: 'http://app:8080/', allowPrivate: true }, { resolve }))).toBe(
      'the name leads to 3ffe::1; expected a private address',
    )
  })

  it('that nobody knows is no delivery', async () => {
    const resolve: Resolve = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))
    expect(await outcome(open({ url: 'https://hooks.example.com/' }, { resolve }))).toBe(
      'the name leads to no address: ENOTFOUND',
    )
  })
})

describe('TLS', () => {
  const defaults = getCACertificates('default')
  afterEach(() => setDefaultCACertificates(defaults))

  async function secure(commonName: string) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const nowMs = systemClock.nowMs()
    const times = { fromMs: nowMs - 60_000, toMs: nowMs + 3_600_000 }
    const cert = selfSigned(privateKey, { commonName, organization: 'Verdict', ...times })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const one = await startReceiver(undefined, createHttpsServer({ key, cert }))
    closers.push(() => one.close())
    const target = open(
      { url: `https://hooks.example.com:${one.port}/`, allowPrivate: true },
      { resolve: resolver(LOOPBACK) },
    )
    return { one, cert, target }
  }

  it('with a certificate that nobody vouches for is refused, and with one that is trusted it is not', async () => {
    const { one, cert, target } = await secure('hooks.example.com')
    expect(await outcome(target)).toBe('no answer: DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(one.received).toHaveLength(0)
    setDefaultCACertificates([...defaults, cert])
    expect(await outcome(target)).toBe('delivered')
    expect(one.received.map((got) => verified(got, SECRET))).toHaveLength(1)
  })

  it('with a certificate of another host is refused', async () => {
    const { cert, target } = await secure('other.example.com')
    setDefaultCACertificates([...defaults, cert])
    expect(await outcome(target)).toBe('no answer: ERR_TLS_CERT_ALTNAME_INVALID')
  })
})

it('wants what it was told to, and everything if nothing was said', async () => {
  const url = 'https://hooks.example.com/'
  const wanted = ({ wants }: Target) => [
    wants('order.verdict'),
    wants('order.refund'),
    wants('order.late_money'),
  ]
  expect(wanted(open({ url, events: ['order.refund'] }))).toEqual([false, true, false])
  expect(wanted(open({ url }))).toEqual([true, true, true])
})

it('ending lets go of what is under way, and nothing is sent afterwards', async () => {
  const one = await receiver(() => {})
  const clock = new VirtualClock()
  const target = local(one, {}, { clock })
  const underWay = target.deliver(message())
  await one.got(1)
  await target.end()
  expect(whyOf(await underWay)).toBe('closed')
  expect(await outcome(target)).toBe('closed')
  expect([one.received.length, clock.timers]).toEqual([1, 0])
})

it('ending gives up what is still connecting', async () => {
  const accepted = Promise.withResolvers<Socket>()
  const mute = createTcpServer(accepted.resolve).listen(0, '127.0.0.1')
  closers.push(() => new Promise((resolve) => mute.close(resolve)))
  await once(mute, 'listening')
  const { port } = mute.address() as AddressInfo
  const target = open({ url: `https://127.0.0.1:${port}/`, allowPrivate: true })
  const underWay = target.deliver(message())
  const socket = await accepted.promise
  const closed = once(
    socket.resume().on('error', () => {}),
    'close',
  )
  await quiet()
  expect(socket.closed).toBe(false)
  await target.end()
  await closed
  expect(whyOf(await underWay)).toBe('closed')
})

it('many at once are all delivered', async () => {
  const one = await receiver()
  const target = local(one)
  const ids = Array.from({ length: 100 }, (_, i) => `msg_${i}`)
  const outcomes = await Promise.all(ids.map((id) => target.deliver(message({ id }))))
  expect(outcomes.every(({ ok }) => ok)).toBe(true)
  expect(new Set(one.received.map(({ headers }) => headers['webhook-id'])).size).toBe(100)
  expect(one.connections.opened).toBeLessThanOrEqual(32)
})

it('no secret is in the reason why something was not delivered', async () => {
  const bodies: Answer[] = [
    (response) => response.writeHead(500, SECRET).end(SECRET),
    (response) => response.writeHead(302, { location: `https://user:${SECRET}@shop.example.com/` }).end(),
    (response) => response.socket?.end(`${SECRET}\r\n\r\n`),
    (response) => response.socket?.end(`HTTP/1.1 200 ${SECRET}\r\n${SECRET}\r\n\r\n`),
    (response) => response.socket?.end(`HTTP/1.1 200 OK\r\ncontent-length: ${SECRET}\r\n\r\n`),
  ]
  const one = await receiver((response, nth) => bodies[nth - 1]?.(response, nth))
  const target = open({ url: `${one.url}&token=hunter2`, allowPrivate: true })
  for (const _ of bodies) expect(await outcome(target)).not.toMatch(/whsec_|hunter2|token|delivered/)
  expect(one.received).toHaveLength(bodies.length)
})
