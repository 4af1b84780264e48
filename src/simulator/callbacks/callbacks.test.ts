import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NOTIFY_URL, type SimulatedOptions, simulated } from '../../../test/support/simulated.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { type Credentials, createCredentials } from '../index.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const folder = mkdtempSync(join(tmpdir(), 'verdict-callbacks-'))
afterAll(() => rmSync(folder, { recursive: true }))

let credentials: Credentials
beforeAll(async () => {
  credentials = await createCredentials(new VirtualClock().nowMs())
})

const world = (options: SimulatedOptions = {}) => simulated(credentials, options)
type World = ReturnType<typeof world>

const verdicts = (one: World): string[] => one.read().map(({ verdict }) => verdict)
const callbacks = async (one: World) => (await one.control('GET', 'callbacks')).value
/** Moments of what came, from the first message. */
const moments = ({ received }: World): number[] => received.map(({ atMs }) => atMs - (received[0]?.atMs ?? 0))

describe('a payment', () => {
  it.each(['common', 'institutional'] as const)('in %s mode is told once, as documented', async (mode) => {
    const one = world()
    await one.place('A1', { mode, paid: false, fields: { attach: 'till 7' } })
    await one.clock.advance(MINUTE)
    expect(one.received).toEqual([])
    await one.control('POST', 'orders/A1/pay')
    await one.clock.advance(25 * HOUR)

    expect(one.received).toMatchObject([{ url: NOTIFY_URL, atMs: Date.UTC(2026, 5, 8, 2, 1, 0) }])
    expect(one.received[0]?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'wechatpay-serial': credentials.identity.wechatpayPublicKeyId,
      'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048',
      'request-id': expect.stringMatching(/-0$/),
    })
    const [read] = one.read()
    expect(read?.verdict).toBe('fine')
    expect(read?.envelope).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      create_time: '2026-06-08T10:01:00+08:00',
      resource_type: 'encrypt-resource',
      event_type: 'TRANSACTION.SUCCESS',
      summary: expect.stringMatching(/^.{1,16}$/),
      resource: {
        original_type: 'transaction',
        algorithm: 'AEAD_AES_256_GCM',
        ciphertext: expect.any(String),
        associated_data: 'transaction',
        nonce: expect.stringMatching(/^.{12}$/),
      },
    })
    const { id } = (await one.control('GET', 'orders/A1')).value
    expect(read?.content).toEqual({
      ...one.idsOf(mode),
      out_trade_no: 'A1',
      [mode === 'common' ? 'id' : 'transaction_id']: id,
      attach: 'till 7',
      trade_type: 'NATIVE',
      trade_state: 'SUCCESS',
      trade_state_desc: expect.any(String),
      bank_type: 'OTHERS',
      success_time: '2026-06-08T10:01:00+08:00',
      payer: expect.any(Object),
      amount: { total: 1234, currency: 'HKD', payer_total: 1234, payer_currency: 'HKD' },
    })
    expect(await callbacks(one)).toMatchObject({
      sent: 1,
      acknowledged: 1,
      refused: 0,
      pending: 0,
      byFault: {},
    })
  })

  it('of a seeded customer is told in its moment, though nobody looks; the order nobody pays is never', async () => {
    const one = world({ customers: 'seeded', seed: 3 })
    const numbers = Array.from({ length: 30 }, (_, i) => `S${i}`)
    for (const number of numbers) await one.place(number, { paid: false })
    await one.clock.advance(20 * MINUTE)
    const { orders } = (await one.control('GET', 'orders')).value
    const paid = orders.filter((order: { paid: boolean }) => order.paid)
    const told = one.read().map(({ content }, i) => [content?.out_trade_no, one.received[i]?.atMs])
    expect(new Map(told as [])).toEqual(
      new Map(
        paid.map((order: { out_trade_no: string; paidAtMs: number }) => [order.out_trade_no, order.paidAtMs]),
      ),
    )
    expect(told).toHaveLength(paid.length)
    expect(paid.length).toBeLessThan(numbers.length)
  })

  it('inside an advance is told at once', async () => {
    const one = world({ customers: 'seeded', seed: 3 })
    for (let i = 0; i < 10; i++) await one.place(`S${i}`, { paid: false })
    await one.control('POST', 'advance', { ms: 20 * MINUTE })
    await one.clock.advance(0)
    const { ordersByState } = (await one.control('GET', 'statistics')).value
    expect(one.received).toHaveLength(ordersByState.SUCCESS)
  })

  it('of Quick Pay is never told', async () => {
    const one = world()
    const body = {
      ...one.idsOf('common'),
      out_trade_no: 'Q1',
      description: 'Tea',
      merchant_category_code: '5812',
      trade_type: 'MICROPAY',
      notify_url: NOTIFY_URL,
      amount: { total: 1234, currency: 'HKD' },
      payer: { auth_code: '130000000000000001' },
    }
    await one.call('common', 'POST', '/v3/global/micropay/transactions/pay', body)
    await one.clock.advance(HOUR)
    expect(one.received).toEqual([])
    expect(await one.control('POST', 'callbacks/Q1')).toMatchObject({
      status: 409,
      value: { code: 'ORDER_STATE' },
    })

    await one.refund('Q1', 'R1', 1, { notify_url: 'http://127.0.0.1:8080/refunds' })
    await one.clock.advance(HOUR)
    expect(one.received).toMatchObject([{ url: 'http://127.0.0.1:8080/refunds' }])
  })

  it('is told to nobody on the internet, and that is counted', async () => {
    const one = world()
    await one.place('A1', { fields: { notify_url: 'https://shop.example.com/notify' } })
    await one.clock.advance(HOUR)
    expect(one.received).toEqual([])
    expect(await callbacks(one)).toMatchObject({ sent: 0, addressRefused: 1, pending: 0 })
    const any = world({ callbackTargets: 'any' })
    await any.place('A1', { fields: { notify_url: 'https://shop.example.com/notify' } })
    await any.clock.advance(0)
    expect(any.received).toHaveLength(1)
  })
})

describe('a refund', () => {
  const amount = { total: 20_000, currency: 'HKD' }
  it.each([
    [100, 'REFUND.SUCCESS', 'SUCCESS', true],
    [9101, 'REFUND.ABNORMAL', 'ABNORMAL', false],
    [9102, 'REFUND.CLOSED', 'CLOSED', false],
  ])('of %i is told as %s, in the words of a callback', async (refund, event_type, refund_status, timed) => {
    const one = world()
    await one.place('A1', { fields: { amount } })
    const { value } = await one.refund('A1', 'R1', refund, { amount: { ...amount, refund } })
    await one.clock.advance(MINUTE)
    expect(moments(one)).toEqual([0, 5 * SECOND])
    const read = one.read()[1]
    expect(read?.envelope).toMatchObject({ event_type, resource: { original_type: 'refund' } })
    const { mchid } = one.idsOf('common')
    expect(read?.content).toEqual({
      mchid,
      out_trade_no: 'A1',
      transaction_id: expect.stringMatching(/^4200/),
      out_refund_no: 'R1',
      refund_id: value.id,
      refund_status,
      ...(timed ? { success_time: '2026-06-08T10:00:05+08:00' } : {}),
      recv_account: expect.any(String),
      fund_source: 'REFUND_SOURCE_UNSETTLED_FUNDS',
      amount: {
        total: 20_000,
        refund,
        currency: 'HKD',
        payer_total: 20_000,
        payer_refund: refund,
        payer_currency: 'HKD',
        settlement_refund: refund,
        settlement_currency: 'HKD',
        exchange_rate: { type: 'SETTLEMENT_RATE', rate: 100_000_000 },
      },
    })
  })

  it('goes to its own notify_url; one that is mended is told again', async () => {
    const one = world()
    await one.place('A1', { fields: { amount } })
    const notify_url = 'http://127.0.0.1:8080/refunds'
    await one.refund('A1', 'R1', 9101, { amount: { ...amount, refund: 9101 }, notify_url })
    await one.clock.advance(MINUTE)
    await one.control('POST', 'refunds/R1/mend')
    await one.clock.advance(MINUTE)
    expect(one.received.map(({ url }) => url)).toEqual([NOTIFY_URL, notify_url, notify_url])
    expect(one.read().map(({ envelope }) => envelope.event_type)).toEqual([
      'TRANSACTION.SUCCESS',
      'REFUND.ABNORMAL',
      'REFUND.SUCCESS',
    ])
    expect(new Set(one.read().map(({ envelope }) => envelope.id)).size).toBe(3)
  })
})

describe('the schedule', () => {
  const PAUSES = '15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h'.split('/').map((pause) => {
    const unit = { s: SECOND, m: MINUTE, h: HOUR }[pause.slice(-1)] ?? 0
    return Number.parseInt(pause, 10) * unit
  })

  it.each([
    ['500', () => ({ status: 500 })],
    ['302', () => ({ status: 302 })],
    ['201', () => ({ status: 201 })],
    ['no connection', () => ({ failure: 'ECONNREFUSED' })],
    ['no answer', () => new Promise<never>(() => {})],
  ])("repeats what is answered with %s 15 times over 24 h 4 min: WeChat Pay's pauses", async (_, answer) => {
    const one = world({ answer })
    await one.place('A1')
    await one.clock.advance(72 * HOUR)
    const at = moments(one)
    expect(at.slice(1).map((ms, i) => ms - (at[i] ?? 0))).toEqual(PAUSES)
    expect(at.at(-1)).toBe(24 * HOUR + 4 * MINUTE)
    expect(await callbacks(one)).toMatchObject({ sent: 16, acknowledged: 0, pending: 0, givenUp: 1 })
    expect(verdicts(one)).toEqual(Array(16).fill('fine'))
    expect(new Set(one.read().map(({ envelope }) => envelope.id)).size).toBe(1)
    expect(new Set(one.received.map(({ headers }) => headers['wechatpay-nonce'])).size).toBe(16)
  })

  it.each([200, 204])('ends with a %i', async (status) => {
    const one = world({ answer: (_, nth) => ({ status: nth < 4 ? 503 : status }) })
    await one.place('A1')
    await one.clock.advance(72 * HOUR)
    expect(moments(one)).toEqual([0, 15 * SECOND, 30 * SECOND, 60 * SECOND])
    expect(await callbacks(one)).toMatchObject({ sent: 4, refused: 3, accepted: 1, acknowledged: 1 })
  })

  it.each([
    [4_999, 1],
    [5_001, 16],
  ])('is ended by an answer after %i ms: %i messages', async (ms, messages) => {
    const clock = new VirtualClock()
    const answer = () =>
      new Promise<{ status: number }>((resolve) => clock.after(ms, () => resolve({ status: 204 })))
    const one = world({ clock, answer })
    await one.place('A1')
    await one.clock.advance(72 * HOUR)
    expect(one.received).toHaveLength(messages)
  })

  it('goes on after a restart, and tells what happened while the simulator was down', async () => {
    const clock = new VirtualClock()
    const file = join(folder, 'restart.db')
    const first = world({ clock, file, customers: 'seeded', seed: 3, answer: () => ({ status: 500 }) })
    for (let i = 0; i < 10; i++) await first.place(`S${i}`, { paid: false })
    await first.control('POST', 'orders/S0/pay')
    await clock.advance(SECOND)
    expect(first.received).toHaveLength(1)
    first.simulator.close()
    await clock.advance(20 * MINUTE)
    expect(first.received).toHaveLength(1)

    const second = world({ clock, file, customers: 'seeded', seed: 3 })
    await clock.advance(20 * MINUTE)
    const { callbacks: counted, ordersByState } = (await second.control('GET', 'statistics')).value
    expect(counted).toMatchObject({ acknowledged: ordersByState.SUCCESS, pending: 0 })
    expect(second.received).toHaveLength(ordersByState.SUCCESS)
    expect(second.read().map(({ content }) => content?.out_trade_no)).toContain('S0')
    second.simulator.close()
  })
})

describe('the key', () => {
  const serials = async (callbackKey: 'public-key' | 'certificate' | 'mixed') => {
    const one = world({ callbackKey })
    for (let i = 0; i < 12; i++) await one.place(`K${i}`)
    await one.clock.advance(MINUTE)
    expect(verdicts(one)).toEqual(Array(12).fill('fine'))
    return new Set(one.received.map(({ headers }) => headers['wechatpay-serial']))
  }
  it("is the public key's, the certificate's, or during a change-over both", async () => {
    const { keys } = world()
    const [id, serial] = [credentials.identity.wechatpayPublicKeyId, keys.platformCertificateSerial]
    expect(await serials('public-key')).toEqual(new Set([id]))
    expect(await serials('certificate')).toEqual(new Set([serial]))
    expect(await serials('mixed')).toEqual(new Set([id, serial]))
  })
})

/** What a receiver by the documents makes of the first message of each fault, and when the messages came. */
const STRUCK: ReadonlyArray<
  readonly [fault: string, verdict: string, differs: Record<string, unknown> | null]
> = [
  ['callbackForged', 'wrong signature', null],
  ['callbackWrongSerial', 'unknown serial', null],
  ['callbackChanged', 'wrong signature', null],
  ['callbackProbe', 'wrong signature', null],
  ['callbackOldTimestamp', 'old', null],
  ['callbackOtherAmount', 'fine', { amount: { total: 1235, currency: 'HKD' } }],
  ['callbackOtherCurrency', 'fine', { amount: { total: 1234, currency: 'USD' } }],
  ['callbackUnknownOrder', 'fine', { out_trade_no: expect.stringMatching(/^OTHER-/) }],
]

/** Accepts what by the documents must be accepted: it knows its order, its amount, and the keys. */
function careful(one: () => World) {
  return () => {
    const read = one().read().at(-1)
    const { out_trade_no, amount } = read?.content ?? {}
    const fine = read?.verdict === 'fine' && /^A\d/.test(String(out_trade_no))
    const { total, currency } = { total: 0, currency: '', ...(typeof amount === 'object' ? amount : {}) }
    const right = fine && total === 1234 && currency === 'HKD'
    return { status: right ? 204 : 401 }
  }
}

describe('a callback that meets', () => {
  it.each(STRUCK)('%s: %s, and the true one follows', async (fault, verdict, differs) => {
    const one: World = world({ faults: { [fault]: 1 }, answer: careful(() => one) })
    await one.place('A1')
    await one.clock.advance(25 * HOUR)
    expect(verdicts(one)).toEqual([...Array(4).fill(verdict), 'fine'])
    if (differs) expect(one.read()[0]?.content).toMatchObject(differs)
    expect(one.read()[4]?.content).toMatchObject({
      out_trade_no: 'A1',
      amount: { total: 1234, currency: 'HKD' },
    })
    expect(await callbacks(one)).toMatchObject({
      acknowledged: 1,
      badAccepted: 0,
      byFault: { [fault]: { struck: 4, sent: 4, refused: 4 } },
    })
  })

  it.each(STRUCK)('%s is told from the true one even if a careless receiver accepts it', async (fault) => {
    const one = world({ faults: { [fault]: 1 } })
    await one.place('A1')
    await one.clock.advance(25 * HOUR)
    expect(one.received).toHaveLength(5)
    expect(await callbacks(one)).toMatchObject({ acknowledged: 1, accepted: 5, badAccepted: 4 })
  })

  it('callbackProbe bears WECHATPAY/SIGNTEST/', async () => {
    const one = world({ faults: { callbackProbe: 1 } })
    await one.place('A1')
    await one.clock.advance(0)
    expect(one.received[0]?.headers['wechatpay-signature']).toMatch(/^WECHATPAY\/SIGNTEST\//)
  })

  it('callbackForged and callbackChanged hide a resource that our key opens, or not', async () => {
    for (const fault of ['callbackForged', 'callbackChanged']) {
      const one = world({ faults: { [fault]: 1 } })
      for (let i = 0; i < 8; i++) await one.place(`A${i}`)
      await one.clock.advance(0)
      expect(new Set(one.read().map(({ content }) => content === null))).toEqual(new Set([true, false]))
      expect(new Set(verdicts(one))).toEqual(new Set(['wrong signature']))
    }
  })

  it('callbackLost never comes', async () => {
    const one = world({ faults: { callbackLost: 1 } })
    await one.place('A1')
    await one.clock.advance(48 * HOUR)
    expect(one.received).toEqual([])
    expect(await callbacks(one)).toMatchObject({ sent: 0, lost: 1, byFault: { callbackLost: { struck: 1 } } })
  })

  it('callbackLostAtFirst comes with one of the next five attempts', async () => {
    const comesAfterMs = async (out_trade_no: string) => {
      const one = world({ faults: { callbackLostAtFirst: 1 } })
      await one.place(out_trade_no)
      const fromMs = one.clock.nowMs()
      await one.clock.advance(0)
      await one.control('POST', 'faults', { level: 'none' })
      await one.clock.advance(HOUR)
      expect(one.received).toHaveLength(1)
      return (one.received[0]?.atMs ?? 0) - fromMs
    }
    const after = new Set(await Promise.all(['A1', 'A2', 'A3', 'A4', 'A5', 'A6'].map(comesAfterMs)))
    const attempts = [15 * SECOND, 30 * SECOND, MINUTE, 4 * MINUTE, 14 * MINUTE]
    expect(new Set([...attempts, ...after])).toEqual(new Set(attempts))
    expect(after.size).toBeGreaterThan(1)
  })

  it('callbackLate comes minutes later', async () => {
    const one = world({ faults: { callbackLate: 1 } })
    await one.place('A1')
    await one.clock.advance(MINUTE - 1)
    expect(one.received).toEqual([])
    await one.clock.advance(9 * MINUTE + 1)
    expect(verdicts(one)).toEqual(['fine'])
  })

  it('callbackOutOfOrder is overtaken by the next one of its order', async () => {
    const one = world()
    await one.control('POST', 'faults', { callbackOutOfOrder: 1 })
    await one.place('A1')
    await one.clock.advance(SECOND)
    await one.control('POST', 'faults', { level: 'none' })
    await one.refund('A1', 'R1', 1)
    await one.clock.advance(MINUTE)
    expect(one.read().map(({ envelope }) => envelope.event_type)).toEqual([
      'REFUND.SUCCESS',
      'TRANSACTION.SUCCESS',
    ])
    expect(one.read()[1]?.content?.trade_state).toBe('SUCCESS')
  })

  it('callbackTwice comes again after its answer, callbackParallel twice at the same time', async () => {
    for (const [fault, open] of [
      ['callbackTwice', 1],
      ['callbackParallel', 2],
    ] as const) {
      let [running, most] = [0, 0]
      const clock = new VirtualClock()
      const answer = async () => {
        most = Math.max(most, ++running)
        await new Promise<void>((resolve) => clock.after(SECOND, resolve))
        running--
        return { status: 204 }
      }
      const one = world({ clock, faults: { [fault]: 1 }, answer })
      await one.place('A1')
      await one.clock.advance(HOUR)
      expect({ fault, most, verdicts: verdicts(one) }).toEqual({
        fault,
        most: open,
        verdicts: ['fine', 'fine'],
      })
    }
  })

  it('all of harsh: the same seed gives the same messages, and what is not lost arrives', async () => {
    const run = async (seed: number) => {
      const one: World = world({ faults: 'harsh', seed, answer: careful(() => one) })
      await one.control('POST', 'faults', { level: 'none' })
      for (let i = 0; i < 40; i++) await one.place(`A${i}`)
      await one.control('POST', 'faults', { level: 'harsh' })
      await one.clock.advance(25 * HOUR)
      const { acknowledged, lost, pending, givenUp, badAccepted, byFault } = await callbacks(one)
      expect({ all: acknowledged + lost, pending, givenUp, badAccepted }).toEqual({
        all: 40,
        pending: 0,
        givenUp: 0,
        badAccepted: 0,
      })
      expect(lost).toBeGreaterThan(0)
      expect(Object.keys(byFault).length).toBeGreaterThan(8)
      return moments(one)
    }
    expect(await run(7)).toEqual(await run(7))
  })
})

describe('the control API', () => {
  it('callbacks off: every one is lost, and can be sent by hand', async () => {
    const one = world({ callbacks: 'off' })
    await one.place('A1')
    await one.clock.advance(HOUR)
    expect(one.received).toEqual([])
    expect(await callbacks(one)).toMatchObject({ lost: 1, pending: 0 })
    const sent = await one.control('POST', 'callbacks/A1')
    expect(sent.value).toMatchObject({ state: 'acknowledged', sent: 1, lastStatus: 204, event: 'payment' })
    expect(verdicts(one)).toEqual(['fine'])
  })

  it('sends once more, with a fault, and any event of the order', async () => {
    const one = world()
    await one.place('A1')
    await one.refund('A1', 'R1', 1)
    await one.clock.advance(MINUTE)
    expect((await one.control('POST', 'callbacks/A1')).value.event).toBe('refund R1 SUCCESS')
    await one.control('POST', 'callbacks/A1', { event: 'payment', fault: 'callbackForged' })
    expect(verdicts(one).slice(2)).toEqual(['fine', 'wrong signature'])
    expect(await callbacks(one)).toMatchObject({ sent: 4, badAccepted: 1, acknowledged: 2 })

    await one.control('POST', 'callbacks/A1', { event: 'payment', fault: 'callbackLate' })
    expect(one.received).toHaveLength(4)
    await one.clock.advance(10 * MINUTE)
    expect(verdicts(one).slice(4)).toEqual(['fine'])
  })

  it.each([
    ['A1', { fault: 'callbackStolen' }, 400, 'OPTION_INVALID'],
    ['A1', { event: 'refund R9 SUCCESS' }, 409, 'ORDER_STATE'],
    ['A2', {}, 409, 'ORDER_STATE'],
    ['A3', {}, 409, 'ORDER_STATE'],
    ['A9', {}, 404, 'ORDER_UNKNOWN'],
  ])('refuses to send %s %j with %i', async (number, body, status, code) => {
    const one = world()
    await one.place('A1')
    await one.place('A2', { paid: false })
    await one.place('A3', { fields: { notify_url: 'https://shop.example.com/notify' } })
    await one.clock.advance(0)
    const reply = await one.control('POST', `callbacks/${number}`, body)
    expect([reply.status, reply.value.code]).toEqual([status, code])
  })
})
