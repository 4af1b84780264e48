import { beforeAll, describe, expect, it } from 'vitest'
import {
  type ForeignReply,
  foreignClient,
  isSignedBy,
  placingBody,
} from '../../../test/support/foreign-client.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import {
  type Credentials,
  createCredentials,
  createSimulator,
  type FaultName,
  type Host,
  type SimulatorCore,
} from '../index.ts'
import { publicPem } from '../keys.ts'

const NATIVE = '/v3/global/transactions/native'
let credentials: Credentials
beforeAll(async () => {
  credentials = await createCredentials(new VirtualClock().nowMs())
})

/** A world of its own: one merchant, one clock, and the faults given. */
function world(faults: Partial<Record<FaultName, number>>) {
  const clock = new VirtualClock()
  const simulator = createSimulator({ clock, credentials, faults })
  const client = (host: Host = 'primary') => {
    const { mchid } = credentials.identity
    const { serial_no } = simulator.keys
    const merchant = { mchid, serial_no, privateKey: credentials.merchantKey, nowMs: () => clock.nowMs() }
    return foreignClient(merchant, async (request): Promise<ForeignReply> => {
      const answer = await simulator.handle({ ...request, host })
      if ('connection' in answer) throw new Error(answer.connection)
      const headers = Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value])
      return { status: answer.status, text: answer.body, headers: Object.fromEntries(headers) }
    })
  }
  return { clock, simulator, client, ...requests(simulator, client) }
}

function requests(simulator: SimulatorCore, client: (host?: Host) => ReturnType<typeof foreignClient>) {
  const { mchid } = credentials.identity
  return {
    place: (out_trade_no: string) =>
      client().call('POST', NATIVE, {
        body: placingBody(simulator.keys, 'common', 'NATIVE', { out_trade_no }),
      }),
    query: (out_trade_no: string) =>
      client().call('GET', `/v3/global/transactions/out-trade-no/${out_trade_no}?mchid=${mchid}`),
    control: async (method: string, path: string, body = '') => {
      const reply = await simulator.handle({ method, url: `/_sim/${path}`, headers: {}, body })
      if ('connection' in reply) throw new Error(reply.connection)
      return { status: reply.status, value: JSON.parse(reply.body) }
    },
  }
}

/** What the caller gets from a placing that meets the fault, and whether the order exists afterwards. */
const SPOILED: ReadonlyArray<readonly [FaultName, effect: 'placed' | 'nothing', seen: string]> = [
  ['noReplyBefore', 'nothing', 'hang'],
  ['noReplyAfter', 'placed', 'hang'],
  ['resetBefore', 'nothing', 'reset'],
  ['resetAfter', 'placed', 'reset'],
  ['systemErrorBefore', 'nothing', '500 signed'],
  ['systemErrorAfter', 'placed', '500 signed'],
  ['badGatewayBefore', 'nothing', '502 unsigned'],
  ['badGatewayAfter', 'placed', '502 unsigned'],
  ['rateLimited', 'nothing', '429 signed'],
  ['wrongSignature', 'placed', '200 forged'],
  ['signatureProbe', 'placed', '200 forged'],
  ['unreadableBody', 'placed', '200 signed'],
  ['unsignedPage', 'placed', '200 unsigned'],
  ['unknownOrder', 'placed', '200 signed'],
]

function seen(reply: ForeignReply): string {
  if (!reply.headers['wechatpay-signature']) return `${reply.status} unsigned`
  return `${reply.status} ${isSignedBy(publicPem(credentials.wechatpayKey), reply) ? 'signed' : 'forged'}`
}

describe('a placing that meets', () => {
  it.each(SPOILED)('%s: %s is done, the caller sees %s', async (name, effect, expected) => {
    const { place, control, simulator } = world({ [name]: 1 })
    const result = await place('A1').then(seen, (error: Error) => error.message)
    expect(result).toBe(expected)
    expect((await control('GET', 'orders')).value.orders).toHaveLength(effect === 'placed' ? 1 : 0)
    const hits = name === 'unknownOrder' ? 0 : 1
    expect((await control('GET', 'statistics')).value).toMatchObject({
      faults: { [name]: hits },
      ordersHit: hits,
    })
    simulator.close()
  })

  it('slowReply: the effect comes at once, the reply 3 to 12 s later', async () => {
    const { place, control, clock } = world({ slowReply: 1 })
    let replied = false
    const reply = place('A1').then((value) => {
      replied = true
      return value
    })
    await untilTimer(clock)
    expect((await control('GET', 'orders')).value.orders).toHaveLength(1)
    await clock.advance(2_999)
    expect(replied).toBe(false)
    await clock.advance(9_001)
    expect(seen(await reply)).toBe('200 signed')
  })

  it('nothing at all: the caller sees a signed 200', async () => {
    expect(seen(await world({}).place('A1'))).toBe('200 signed')
  })
})

/** The signature is made on real threads: wait for the timer that it sets. */
async function untilTimer(clock: VirtualClock): Promise<void> {
  while (clock.timers === 0) await new Promise((resolve) => setImmediate(resolve))
}

describe('a spoiled reply', () => {
  it('that is a probe begins with WECHATPAY/SIGNTEST/', async () => {
    const { headers } = await world({ signatureProbe: 1 }).place('A1')
    expect(headers['wechatpay-signature']).toMatch(/^WECHATPAY\/SIGNTEST\//)
  })

  it('that is unreadable is signed, and no JSON', async () => {
    const { place } = world({ unreadableBody: 1 })
    for (const number of ['A1', 'A2', 'A3', 'A4', 'A5']) {
      const { text } = await place(number)
      expect(() => JSON.parse(text)).toThrowError()
    }
  })
})

describe('an order that exists', () => {
  it('may be unknown to a query in its first 60 s, not later', async () => {
    const { place, query, control, clock } = world({ unknownOrder: 1 })
    await place('A1')
    const young = await query('A1')
    expect([seen(young), JSON.parse(young.text).code]).toEqual(['404 signed', 'ORDER_NOT_EXIST'])
    await clock.advance(59_999)
    expect((await query('A1')).status).toBe(404)
    await control('POST', 'advance', '{"ms": 1}')
    expect((await query('A1')).status).toBe(200)
  })
})

describe('an outage', () => {
  it('of one host leaves the other and the control API alone, and ends', async () => {
    const { client, clock, control } = world({ outagePrimary: 1 })
    const url = `/v3/global/transactions/out-trade-no/A1?mchid=${credentials.identity.mchid}`
    const outcome = (host: Host) =>
      client(host)
        .call('GET', url)
        .then(
          ({ status }) => status,
          (error: Error) => error.message,
        )
    const minute: unknown[] = []
    for (let second = 0; second < 60; second++) {
      minute.push(await outcome('primary'))
      expect(await outcome('backup')).toBe(404)
      await clock.advance(1_000)
    }
    expect(new Set(minute)).toEqual(new Set(['reset', 404]))
    expect((await control('GET', 'statistics')).value.faults.outagePrimary).toBe(
      minute.filter((one) => one === 'reset').length,
    )
  })
})

describe('the control API', () => {
  it('sets faults by level, by name and none', async () => {
    const { control } = world({})
    expect((await control('POST', 'faults', '{"level": "mild", "seed": 9}')).value).toMatchObject({ seed: 9 })
    expect((await control('POST', 'faults', '{"slowReply": 0.5}')).value.probabilities).toMatchObject({
      slowReply: 0.5,
      noReplyAfter: 0,
    })
    expect((await control('GET', 'faults')).value).toMatchObject({
      seed: 9,
      probabilities: { slowReply: 0.5 },
    })
    expect((await control('POST', 'faults', '{"level": "none"}')).value.probabilities.slowReply).toBe(0)
  })

  it.each([
    ['POST', 'faults', '{"level": "some"}', 400, /faults is "some"; expected none, mild, harsh/],
    ['POST', 'faults', '{"slowReplies": 1}', 400, /slowReplies is unknown/],
    ['POST', 'advance', '{"ms": -1}', 400, /ms is -1; expected a whole number/],
    ['POST', 'advance', 'soon', 400, /no JSON/],
    ['POST', 'advance', '[1]', 400, /expected a JSON object/],
    ['GET', 'orders?limit=x', '', 400, /limit is "x"/],
    ['GET', 'orders/A9', '', 404, /A9 is no order/],
    ['GET', 'order', '', 400, /expected one of GET \/_sim\/health/],
  ])('%s /_sim/%s %s is refused with one clear sentence', async (method, path, body, status, message) => {
    const { control } = world({})
    const reply = await control(method, path, body)
    expect(reply.status).toBe(status)
    expect(reply.value.message).toMatch(message)
    expect((await control('GET', 'health')).value.ok).toBe(true)
  })

  it('lists orders by pages', async () => {
    const { place, control } = world({})
    for (const number of ['A1', 'A2', 'A3']) await place(number)
    const first = (await control('GET', 'orders?limit=2')).value
    expect(first.next).toBe(2)
    const second = (await control('GET', `orders?limit=2&after=${first.next}`)).value
    expect(second.next).toBeNull()
    const numbers = [...first.orders, ...second.orders].map(({ out_trade_no }) => out_trade_no)
    expect(numbers).toEqual(['A1', 'A2', 'A3'])
  })

  it('lets the bank refuse a Quick Pay customer, who then can not pay', async () => {
    const { client, simulator, control } = world({})
    const body = placingBody(simulator.keys, 'common', 'MICROPAY', {
      out_trade_no: 'Q1',
      amount: { total: 9001, currency: 'HKD' },
      payer: { auth_code: '130000000000000001' },
    })
    const placed = await client().call('POST', '/v3/global/micropay/transactions/pay', { body })
    expect(JSON.parse(placed.text).trade_state).toBe('USERPAYING')
    expect((await control('POST', 'orders/Q1/refuse')).value.trade_state).toBe('PAYERROR')
    expect(await control('POST', 'orders/Q1/pay')).toMatchObject({
      status: 409,
      value: { code: 'ORDER_STATE' },
    })
  })
})
