import { describe, expect, it } from 'vitest'
import type { RefundPlan } from '../refund-plans.ts'
import { reverse } from './end.ts'
import { eventName, eventsOf, nextEventAtMs } from './events.ts'
import { payAt } from './life.ts'
import { moneyOf, poolOfTheDay } from './money.ts'
import type { Order } from './order.ts'
import {
  mended,
  type RefundMoment,
  type RefundRequest,
  refund,
  refundElsewhere,
  refundLife,
  tradeStateOf,
} from './refund.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const UNPAID: Order = {
  owner: { mode: 'common', mchid: '1900000001' },
  out_trade_no: 'A42',
  trade_type: 'NATIVE',
  total: 1000,
  currency: 'HKD',
  fingerprint: 'same',
  expiresAtMs: null,
  auth_code: null,
  notify_url: null,
  echo: { appids: {}, payer: {}, attach: null },
  sequence: 1,
  id: '4200000000202606080000000001',
  createdAtMs: 0,
  plan: { does: 'never' },
  life: { trade_state: 'NOTPAY' },
}
const PAID = payAt(UNPAID, 0)
const PLAN: RefundPlan = { takesMs: 5 * SECOND, ends: 'SUCCESS', shortMs: 0, refillMs: HOUR }

function request(out_refund_no: string, amount: number, more: Partial<RefundRequest> = {}): RefundRequest {
  return {
    out_refund_no,
    refund: amount,
    total: 1000,
    currency: 'HKD',
    reason: null,
    source: 'REFUND_SOURCE_UNSETTLED_FUNDS',
    notify_url: null,
    ...more,
  }
}

function moment(nowMs: number, more: Partial<RefundPlan> = {}, poolPays = true): RefundMoment {
  return { nowMs, plan: { ...PLAN, ...more }, poolPays }
}

/** The order after these refunds, a minute apart from each other. */
function refunded(amounts: readonly number[], plan: Partial<RefundPlan> = {}): Order {
  return amounts.reduce(
    (order, amount, i) => refund(order, request(`R${i + 1}`, amount), moment(i * MINUTE, plan)).order,
    PAID,
  )
}

const TWO = refunded([300, 200])
const CLOSED = refunded([1000], { ends: 'REFUNDCLOSE' })
const FIFTY = refunded(Array(50).fill(1))

/** What one request is answered with: the number of the refund, or the code of the refusal. */
const REQUESTS: ReadonlyArray<
  readonly [name: string, order: Order, request: RefundRequest, atMs: number, expected: string]
> = [
  ['all of it', PAID, request('R1', 1000), 0, 'R1'],
  ['a part of it', PAID, request('R1', 1), 0, 'R1'],
  ['one more than was paid', PAID, request('R1', 1001), 0, 'INVALID_REQUEST'],
  ['the rest', TWO, request('R3', 500), 2 * MINUTE, 'R3'],
  ['one more than the rest', TWO, request('R3', 501), 2 * MINUTE, 'INVALID_REQUEST'],
  ['all again after the first was closed', CLOSED, request('R2', 1000), HOUR, 'R2'],
  ['all again while the first is not closed yet', CLOSED, request('R2', 1000), SECOND, 'INVALID_REQUEST'],
  ['a second one after 60 s', TWO, request('R3', 1), 2 * MINUTE, 'R3'],
  ['a second one after 59.999 s', TWO, request('R3', 1), 2 * MINUTE - 1, 'FREQUENCY_LIMITED'],
  ['the fiftieth', refunded(Array(49).fill(1)), request('R50', 1), HOUR, 'R50'],
  ['the fifty-first', FIFTY, request('R51', 1), HOUR, 'RULE_LIMIT'],
  ['another total', PAID, request('R1', 100, { total: 999 }), 0, 'INVALID_REQUEST'],
  ['another currency', PAID, request('R1', 100, { currency: 'USD' }), 0, 'INVALID_REQUEST'],
  ['an unpaid order', UNPAID, request('R1', 100), 0, 'RESOURCE_NOT_EXISTS'],
  ['the same number and amounts again', TWO, request('R2', 200), MINUTE, 'R2'],
  ['the same number and another amount', TWO, request('R2', 201), HOUR, 'OUT_REFUND_NO_USED'],
  ['the fiftieth number again', FIFTY, request('R50', 1), HOUR, 'R50'],
  ['within a year', PAID, request('R1', 100), 365 * DAY, 'R1'],
  ['after a year', PAID, request('R1', 100), 365 * DAY + 1, 'TRADE_OVERDUE'],
]

describe('a refund of', () => {
  it.each(REQUESTS)('%s', (_, order, asked, atMs, expected) => {
    const result = refund(order, asked, moment(atMs))
    expect(result.refusal?.code ?? result.refund?.out_refund_no).toBe(expected)
    const added = result.refusal === null && !order.refunds?.includes(result.refund as never) ? 1 : 0
    expect(result.order.refunds ?? []).toHaveLength((order.refunds ?? []).length + added)
  })

  it('more than the pool holds is refused for now, and leaves nothing behind', () => {
    const result = refund(PAID, request('R1', 100), moment(0, {}, false))
    expect(result).toMatchObject({ order: PAID, refund: null, refusal: { code: 'NOT_ENOUGH' } })
  })

  it('a reversed order is refused, and an order with a refund that stands is not reversed', () => {
    const quickPay = payAt({ ...UNPAID, trade_type: 'MICROPAY' }, 0)
    const reversed = reverse(quickPay, MINUTE).order
    expect(refund(reversed, request('R1', 1), moment(MINUTE)).refusal?.code).toBe('INVALID_REQUEST')

    const partly = refund(quickPay, request('R1', 1), moment(0)).order
    expect(reverse(partly, MINUTE)).toMatchObject({ order: partly, refusal: { code: 'INVALID_REQUEST' } })
    const closed = refund(quickPay, request('R1', 1), moment(0, { ends: 'REFUNDCLOSE' })).order
    expect(reverse(closed, MINUTE).order.life.trade_state).toBe('REVOKED')
  })

  it('the merchant platform needs no pause and no pool, and can not give back more than was paid', () => {
    const other = refundElsewhere(TWO, request('P1', 500), moment(MINUTE))
    expect(other.refund).toMatchObject({ by: 'merchant_platform', refund: 500 })
    expect(refundElsewhere(TWO, request('P1', 501), moment(MINUTE)).refusal?.code).toBe('INVALID_REQUEST')
  })
})

/** Plan, then (moment, status, what the order says, what is refunded, what is under way). */
const LIVES: ReadonlyArray<
  readonly [RefundPlan['ends'], ReadonlyArray<readonly [number, string, string, number, number]>]
> = [
  [
    'SUCCESS',
    [
      [0, 'PROCESSING', 'REFUND', 0, 400],
      [4_999, 'PROCESSING', 'REFUND', 0, 400],
      [5_000, 'SUCCESS', 'REFUND', 400, 0],
    ],
  ],
  [
    'REFUNDCLOSE',
    [
      [4_999, 'PROCESSING', 'REFUND', 0, 400],
      [5_000, 'REFUNDCLOSE', 'SUCCESS', 0, 0],
    ],
  ],
  [
    'ABNORMAL',
    [
      [5_000, 'ABNORMAL', 'REFUND', 0, 400],
      [DAY, 'ABNORMAL', 'REFUND', 0, 400],
    ],
  ],
]

describe('a refund that ends', () => {
  it.each(LIVES)('%s', (ends, moments) => {
    const { order, refund: one } = refund(PAID, request('R1', 400), moment(0, { ends }))
    if (!one) throw new Error('refused')
    for (const [atMs, status, trade_state, back, refunding] of moments) {
      expect({ atMs, status: refundLife(one, atMs).status, trade_state: tradeStateOf(order, atMs) }).toEqual({
        atMs,
        status,
        trade_state,
      })
      expect(moneyOf(order, atMs)).toEqual({ charged: 1000, refunded: back, kept: 1000 - back, refunding })
    }
  })

  it('ABNORMAL can be mended, no other can', () => {
    const { order } = refund(PAID, request('R1', 400), moment(0, { ends: 'ABNORMAL' }))
    expect(mended(order, 'R1', 4_999)).toBeNull()
    const whole = mended(order, 'R1', 9_000) ?? order
    expect(moneyOf(whole, 9_000).refunded).toBe(400)
    expect(mended(whole, 'R1', 10_000)).toBeNull()
    const names = eventsOf(whole, 9_000).map((event) => [eventName(event), event.atMs])
    expect(names).toEqual([
      ['payment', 0],
      ['refund R1 ABNORMAL', 5_000],
      ['refund R1 SUCCESS', 9_000],
    ])
  })
})

describe('the events of an order', () => {
  it('come by themselves when the customer pays and when a refund ends', () => {
    const order: Order = { ...UNPAID, plan: { does: 'pay', afterMs: 3_000 } }
    expect([eventsOf(order, 2_999).length, nextEventAtMs(order, 2_999)]).toEqual([0, 3_000])
    expect([eventsOf(order, 3_000).length, nextEventAtMs(order, 3_000)]).toEqual([1, null])
    const { order: later } = refund(order, request('R1', 1), moment(10_000))
    expect([eventsOf(later, 10_000).length, nextEventAtMs(later, 10_000)]).toEqual([1, 15_000])
    expect([eventsOf(later, 15_000).length, nextEventAtMs(later, 15_000)]).toEqual([2, null])
  })

  it('of Quick Pay are those of its refunds alone', () => {
    const quickPay = payAt({ ...UNPAID, trade_type: 'MICROPAY' }, 0)
    const { order } = refund(quickPay, request('R1', 1), moment(0))
    expect(eventsOf(order, HOUR).map(eventName)).toEqual(['refund R1 SUCCESS'])
  })
})

describe('the pool of the day', () => {
  const own = { owner: PAID.owner, currency: 'HKD' }
  // 00:00 UTC is 08:00 in Beijing: its day ends 16 h later.
  it('is filled by payments, drawn on by refunds, and begins anew at midnight in Beijing', () => {
    expect(poolOfTheDay([PAID, { ...PAID, out_trade_no: 'A43' }], own, HOUR)).toBe(2000)
    expect(poolOfTheDay([TWO], own, HOUR)).toBe(500)
    expect(poolOfTheDay([CLOSED], own, HOUR)).toBe(1000)
    expect(poolOfTheDay([PAID], own, 16 * HOUR - 1)).toBe(1000)
    expect(poolOfTheDay([PAID], own, 16 * HOUR)).toBe(0)
  })

  it('is one for an institution, and none of other merchants or currencies', () => {
    const institutional = (sub_mchid: string): Order => ({
      ...PAID,
      owner: { mode: 'institutional', sp_mchid: '18', sub_mchid },
    })
    const all = [institutional('1'), institutional('2'), PAID, { ...PAID, currency: 'USD' }]
    expect(poolOfTheDay(all, { owner: institutional('3').owner, currency: 'HKD' }, 0)).toBe(2000)
    expect(poolOfTheDay(all, own, 0)).toBe(1000)
  })
})
