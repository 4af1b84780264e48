import { beforeAll, describe, expect, it } from 'vitest'
import { isSignedBy } from '../../../test/support/foreign-client.ts'
import { type Mode, simulated } from '../../../test/support/simulated.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { type Credentials, createCredentials } from '../index.ts'
import { publicPem } from '../keys.ts'

let credentials: Credentials
beforeAll(async () => {
  credentials = await createCredentials(new VirtualClock().nowMs())
})

const queryString = (world: ReturnType<typeof simulated>, mode: Mode): string => {
  const { appid: _, sp_appid: __, ...ids } = world.idsOf(mode)
  return new URLSearchParams(ids).toString()
}

describe.each(['common', 'institutional'] as const)('in %s mode', (mode) => {
  it('a refund is accepted, queried by both of its numbers and among the refunds of its order', async () => {
    const world = simulated(credentials)
    await world.place('A1', { mode })
    const accepted = await world.refund('A1', 'R|1', 234, { mode, reason: 'Cold tea' })
    expect(accepted.status).toBe(200)
    expect(isSignedBy(publicPem(credentials.wechatpayKey), accepted.reply)).toBe(true)
    expect(accepted.value).toEqual({
      id: expect.stringMatching(/^5030\d{24}$/),
      out_refund_no: 'R|1',
      create_time: '2026-06-08T10:00:00+08:00',
      amount: {
        refund: 234,
        currency: 'HKD',
        payer_refund: 234,
        payer_currency: 'HKD',
        exchange_rate: { type: 'SETTLEMENT_RATE', rate: 100_000_000 },
      },
    })

    const ids = queryString(world, mode)
    const ask = async (url: string) => JSON.parse((await world.call(mode, 'GET', url)).text)
    const underWay = await ask(`/v3/global/refunds/out-refund-no/R%7C1?${ids}`)
    expect(underWay).toMatchObject({ ...accepted.value, out_trade_no: 'A1', status: 'PROCESSING' })
    expect(underWay).not.toHaveProperty('success_time')

    await world.control('POST', 'advance', { ms: 5_000 })
    const done = await ask(`/v3/global/refunds/id/${accepted.value.id}?${ids}`)
    expect(done).toMatchObject({
      channel: 'ORIGINAL',
      fund_source: 'REFUND_SOURCE_UNSETTLED_FUNDS',
      recv_account: expect.any(String),
      status: 'SUCCESS',
      success_time: '2026-06-08T10:00:00+08:00',
    })
    const order = await ask(`/v3/global/transactions/out-trade-no/A1?${ids}`)
    expect(order).toMatchObject({ trade_state: 'REFUND', id: done.transaction_id, amount: { total: 1234 } })

    const all = await ask(`/v3/global/refunds?out_trade_no=A1&offset=0&count=10&${ids}`)
    expect(all).toEqual({
      id: done.transaction_id,
      ...Object.fromEntries(new URLSearchParams(ids)),
      out_trade_no: 'A1',
      amount: { total: 1234, currency: 'HKD', payer_total: 1234, payer_currency: 'HKD' },
      data: [done],
      total_num: 1,
      current_total_num: 1,
    })
    const byId = await ask(`/v3/global/refunds?transaction_id=${all.id}&offset=1&count=10&${ids}`)
    expect(byId).toMatchObject({ data: [], total_num: 1, current_total_num: 0 })
  })
})

describe('a refund', () => {
  it('asked for twice with the same number is one refund', async () => {
    const world = simulated(credentials)
    await world.place('A1')
    const first = await world.refund('A1', 'R1', 100)
    const second = await world.refund('A1', 'R1', 100)
    expect(second.value).toEqual(first.value)
    expect((await world.control('GET', 'refunds')).value.refunds).toHaveLength(1)
  })

  it('is refused with the status and code of its reason', async () => {
    const world = simulated(credentials)
    await world.place('A1')
    await world.place('A2')
    await world.place('A3', { paid: false })
    await world.refund('A1', 'R1', 100)
    const seen = async (out_trade_no: string, out_refund_no: string, amount: number, more = {}) => {
      const { status, value } = await world.refund(out_trade_no, out_refund_no, amount, more)
      return `${status} ${value.code}`
    }
    expect(await seen('A1', 'R1', 101)).toBe('403 OUT_REFUND_NO_USED')
    expect(await seen('A2', 'R1', 100)).toBe('403 OUT_REFUND_NO_USED')
    expect(await seen('A1', 'R2', 100)).toBe('429 FREQUENCY_LIMITED')
    expect(await seen('A2', 'R3', 1235)).toBe('400 INVALID_REQUEST')
    expect(await seen('A3', 'R4', 1)).toBe('404 RESOURCE_NOT_EXISTS')
    expect(await seen('A4', 'R5', 1)).toBe('404 ORDER_NOT_EXIST')
    const amount = { refund: 1, total: 1235, currency: 'HKD' }
    expect(await seen('A2', 'R6', 1, { amount })).toBe('400 INVALID_REQUEST')
    await world.control('POST', 'advance', { ms: 366 * 86_400_000 })
    expect(await seen('A2', 'R7', 1)).toBe('403 TRADE_OVERDUE')
  })

  it.each([
    ['/amount/refund', { amount: { refund: 0, total: 1234, currency: 'HKD' } }],
    ['/amount/currency', { amount: { refund: 1, total: 1234 } }],
    ['/out_refund_no', { out_refund_no: 'a b' }],
    ['/out_refund_no', { out_refund_no: 'x'.repeat(65) }],
    ['/transaction_id', { transaction_id: '4200 0000' }],
    ['/out_trade_no', { transaction_id: '4200000000202606080000000001', out_trade_no: '' }],
    ['/transaction_id', { out_trade_no: undefined }],
    ['/reason', { reason: 'x'.repeat(81) }],
    ['/source', { source: 'REFUND_SOURCE_OTHER' }],
    ['/notify_url', { notify_url: 'https://shop.example.com/?a=1' }],
    ['/appid', { appid: undefined }],
  ])('with a wrong %s is a PARAM_ERROR', async (field, fields) => {
    const world = simulated(credentials)
    await world.place('A1')
    const { status, value } = await world.refund('A1', 'R1', 1, fields)
    expect({ status, code: value.code, field: value.detail.field }).toEqual({
      status: 400,
      code: 'PARAM_ERROR',
      field,
    })
    expect((await world.refund('A1', 'R1', 1)).status).toBe(200)
  })

  it('may name its order by both numbers, if they are one order’s', async () => {
    const world = simulated(credentials)
    const ids: string[] = []
    for (const number of ['A1', 'A2']) {
      await world.place(number)
      const url = `/v3/global/transactions/out-trade-no/${number}?${queryString(world, 'common')}`
      ids.push(JSON.parse((await world.call('common', 'GET', url)).text).id)
    }
    const [one, other] = ids
    const mixed = await world.refund('A1', 'R1', 1, { transaction_id: other })
    expect([mixed.status, mixed.value.code]).toEqual([404, 'ORDER_NOT_EXIST'])
    expect((await world.refund('A1', 'R1', 1, { transaction_id: one })).status).toBe(200)
  })

  it.each([
    ['out-refund-no/R9', 'RESOURCE_NOT_EXISTS'],
    ['id/50300000000000000000', 'RESOURCE_NOT_EXISTS'],
  ])('that is unknown: %s is %s, to other merchants too', async (path, code) => {
    const world = simulated(credentials)
    const url = `/v3/global/refunds/${path}?${queryString(world, 'common')}`
    const reply = await world.call('common', 'GET', url)
    expect([reply.status, JSON.parse(reply.text).code]).toEqual([404, code])
  })

  it("of another merchant's order is unknown", async () => {
    const world = simulated(credentials)
    await world.place('A1', { mode: 'institutional' })
    const { value } = await world.refund('A1', 'R1', 1, { mode: 'institutional' })
    for (const path of ['out-refund-no/R1', `id/${value.id}`]) {
      const url = `/v3/global/refunds/${path}?${queryString(world, 'common')}`
      expect((await world.call('common', 'GET', url)).status).toBe(404)
    }
    expect((await world.refund('A1', 'R2', 1)).value.code).toBe('ORDER_NOT_EXIST')
  })

  it.each([
    ['offset=0', 'count'],
    ['offset=x&count=1', 'offset'],
    ['offset=0&count=51', 'count'],
  ])('query of all with %s is a PARAM_ERROR of %s', async (page, field) => {
    const world = simulated(credentials)
    const url = `/v3/global/refunds?out_trade_no=A1&${page}&${queryString(world, 'common')}`
    const { code, detail } = JSON.parse((await world.call('common', 'GET', url)).text)
    expect([code, detail.field]).toEqual(['PARAM_ERROR', field])
  })
})

describe('the pool', () => {
  it("of the next day is empty: NOT_ENOUGH, until other trade has filled it or it isn't needed", async () => {
    const world = simulated(credentials)
    await world.place('A1')
    await world.control('POST', 'advance', { ms: 86_400_000 })
    expect((await world.refund('A1', 'R1', 1234)).value.code).toBe('NOT_ENOUGH')
    await world.control('POST', 'advance', { ms: 3_599_999 })
    expect((await world.refund('A1', 'R1', 1234)).status).toBe(403)
    await world.control('POST', 'advance', { ms: 1 })
    expect((await world.refund('A1', 'R1', 1234)).status).toBe(200)

    await world.place('A2')
    await world.control('POST', 'advance', { ms: 86_400_000 })
    const source = 'REFUND_SOURCE_RECHARGE_FUNDS'
    expect((await world.refund('A2', 'R2', 1234, { source })).status).toBe(200)
  })

  it('that is too small by script is enough after 10 minutes', async () => {
    const world = simulated(credentials)
    const amount = { total: 20_000, currency: 'HKD' }
    await world.place('A1', { fields: { amount } })
    const ask = () => world.refund('A1', 'R1', 9103, { amount: { ...amount, refund: 9103 } })
    expect((await ask()).value.code).toBe('NOT_ENOUGH')
    await world.control('POST', 'advance', { ms: 600_000 })
    expect((await ask()).status).toBe(200)
    expect((await world.control('GET', 'statistics')).value.refunds).toMatchObject({ accepted: 1, short: 1 })
  })
})

describe('a refund that meets', () => {
  const outcome = async (fault: string) => {
    const world = simulated(credentials)
    await world.place('A1')
    await world.control('POST', 'faults', { [fault]: 1 })
    const seen = await world.refund('A1', 'R1', 1).then(
      ({ status }) => String(status),
      (error: Error) => error.message,
    )
    const { refunds } = (await world.control('GET', 'refunds')).value
    const { ordersHit } = (await world.control('GET', 'statistics')).value
    return { seen, accepted: refunds.length, ordersHit }
  }
  it.each([
    ['rateLimited', '429', 0],
    ['rateLimitedAfter', '429', 1],
    ['noReplyBefore', 'hang', 0],
    ['noReplyAfter', 'hang', 1],
    ['systemErrorBefore', '500', 0],
    ['systemErrorAfter', '500', 1],
  ])('%s: the caller sees %s, %i refunds are accepted', async (fault, seen, accepted) => {
    expect(await outcome(fault)).toEqual({ seen, accepted, ordersHit: 1 })
  })

  it('rateLimitedAfter strikes no other call', async () => {
    const world = simulated(credentials, { faults: { rateLimitedAfter: 1 } })
    await world.place('A1')
    expect((await world.control('GET', 'statistics')).value.faults.rateLimitedAfter).toBe(0)
  })
})

describe('the control API', () => {
  it('refunds on the merchant platform, mends, and says where the money is', async () => {
    const world = simulated(credentials)
    const amount = { total: 20_000, currency: 'HKD' }
    await world.place('A1', { fields: { amount } })
    await world.place('A2')
    const elsewhere = await world.control('POST', 'orders/A2/refund', { amount: 34 })
    expect(elsewhere.value).toMatchObject({ refund: 34, by: 'merchant_platform', status: 'PROCESSING' })
    await world.refund('A1', 'R1', 9101, { amount: { ...amount, refund: 9101 } })
    await world.control('POST', 'advance', { ms: 5_000 })
    const sums = async () => (await world.control('GET', 'statistics')).value
    expect(await sums()).toMatchObject({
      ordersByState: { REFUND: 2 },
      refunds: { accepted: 2, byStatus: { ABNORMAL: 1, SUCCESS: 1 }, elsewhere: 1, short: 0 },
      money: { charged: 21_234, refunded: 34, kept: 21_200, refunding: 9101 },
      moneyByCurrency: { HKD: { charged: 21_234 } },
    })

    expect((await world.control('POST', 'refunds/R1/mend')).value.status).toBe('SUCCESS')
    expect((await sums()).money).toEqual({ charged: 21_234, refunded: 9135, kept: 12_099, refunding: 0 })
    expect((await world.control('GET', 'orders/A1')).value).toMatchObject({
      trade_state: 'REFUND',
      charged: 20_000,
      refunded: 9101,
      kept: 10_899,
      refunds: [{ out_refund_no: 'R1', status: 'SUCCESS' }],
    })
    const { refunds } = (await world.control('GET', 'refunds?out_trade_no=A2')).value
    expect(refunds).toMatchObject([{ out_trade_no: 'A2', by: 'merchant_platform' }])
  })

  it.each([
    ['orders/A1/refund', { amount: 1235 }, 409, 'ORDER_STATE'],
    ['orders/A1/refund', { amount: 0.5 }, 400, 'OPTION_INVALID'],
    ['orders/A9/refund', {}, 404, 'ORDER_UNKNOWN'],
    ['refunds/R1/mend', {}, 409, 'ORDER_STATE'],
    ['refunds/R9/mend', {}, 404, 'ORDER_UNKNOWN'],
  ])('refuses %s %j with %i', async (path, body, status, code) => {
    const world = simulated(credentials)
    await world.place('A1')
    await world.refund('A1', 'R1', 1)
    const reply = await world.control('POST', path, body)
    expect([reply.status, reply.value.code]).toEqual([status, code])
  })
})
