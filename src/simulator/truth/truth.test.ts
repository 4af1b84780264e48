import { describe, expect, it } from 'vitest'
import type { CustomerPlan } from '../customers.ts'
import { close, reverse } from './end.ts'
import { failAt, payAt, upToNow } from './life.ts'
import { moneyReturned, type Order, type Placing, paidAtMs } from './order.ts'
import { type PlacingMoment, place } from './place.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

const NATIVE: Placing = {
  owner: { mode: 'common', mchid: '1900000001' },
  out_trade_no: 'A42',
  trade_type: 'NATIVE',
  total: 1234,
  currency: 'HKD',
  fingerprint: 'same',
  expiresAtMs: null,
  auth_code: null,
  notify_url: null,
  echo: { appids: {}, payer: {}, attach: null },
}
const QUICK_PAY: Placing = { ...NATIVE, trade_type: 'MICROPAY', auth_code: '130000000000000001' }
const NEVER: CustomerPlan = { does: 'never' }

function moment(plan: CustomerPlan, more: Partial<PlacingMoment> = {}): PlacingMoment {
  return { nowMs: 0, plan, sequence: 1, codeUsedBy: null, ...more }
}

function placed(placing: Placing, plan: CustomerPlan): Order {
  const { order } = place(null, placing, moment(plan))
  if (!order) throw new Error('the placing was refused')
  return order
}

type Act = 'look' | 'close' | 'reverse' | 'pay' | 'bank-refuses'

/** What one act makes of the order: its state, and the code of a refusal. */
function after(order: Order, act: Act, atMs: number): { order: Order; code: string | undefined } {
  if (act === 'close' || act === 'reverse') {
    const result = (act === 'close' ? close : reverse)(order, atMs)
    return { order: result.order, code: result.refusal?.code }
  }
  const current = upToNow(order, atMs)
  if (act === 'look') return { order: current, code: undefined }
  return { order: act === 'pay' ? payAt(current, atMs) : failAt(current, atMs), code: undefined }
}

/** One life a row: what was placed for whom, then (moment, act, state, refusal) one after the other. */
const LIVES: ReadonlyArray<{
  name: string
  placing: Placing
  plan: CustomerPlan
  acts: ReadonlyArray<readonly [atMs: number, act: Act, state: string, code?: string]>
  money?: 'kept' | 'returned'
}> = [
  {
    name: 'Quick Pay without password is paid at once',
    placing: QUICK_PAY,
    plan: { does: 'pay', afterMs: 0 },
    acts: [
      [0, 'look', 'SUCCESS'],
      [DAY, 'look', 'SUCCESS'],
    ],
    money: 'kept',
  },
  {
    name: 'Quick Pay with password is USERPAYING until the customer typed it',
    placing: QUICK_PAY,
    plan: { does: 'pay', afterMs: 8 * SECOND },
    acts: [
      [0, 'look', 'USERPAYING'],
      [8 * SECOND - 1, 'look', 'USERPAYING'],
      [8 * SECOND, 'look', 'SUCCESS'],
    ],
    money: 'kept',
  },
  {
    name: 'a wrong password leaves Quick Pay USERPAYING, and WeChat Pay revokes it after 45 s',
    placing: QUICK_PAY,
    plan: NEVER,
    acts: [
      [44_999, 'look', 'USERPAYING'],
      [45_000, 'look', 'REVOKED'],
      [46_000, 'pay', 'REVOKED'],
      [47_000, 'reverse', 'REVOKED'],
    ],
  },
  {
    name: 'a Quick Pay payment that comes with the 45th second is too late',
    placing: QUICK_PAY,
    plan: { does: 'pay', afterMs: 45_000 },
    acts: [[50_000, 'look', 'REVOKED']],
  },
  {
    name: 'a bank that refuses makes PAYERROR, and the reverse closes the loop',
    placing: QUICK_PAY,
    plan: { does: 'fail', afterMs: 3 * SECOND },
    acts: [
      [2 * SECOND, 'look', 'USERPAYING'],
      [4 * SECOND, 'look', 'PAYERROR'],
      [5 * SECOND, 'pay', 'PAYERROR'],
      [14_999, 'reverse', 'PAYERROR', 'RULE_LIMIT'],
      [15_000, 'reverse', 'REVOKED'],
      [16_000, 'reverse', 'REVOKED'],
    ],
  },
  {
    name: 'a reverse of a paid order gives the money back',
    placing: QUICK_PAY,
    plan: { does: 'pay', afterMs: 0 },
    acts: [
      [14_999, 'reverse', 'SUCCESS', 'RULE_LIMIT'],
      [20_000, 'reverse', 'REVOKED'],
      [30_000, 'reverse', 'REVOKED'],
    ],
    money: 'returned',
  },
  {
    name: 'a payment in the very moment of the reverse is given back',
    placing: QUICK_PAY,
    plan: { does: 'pay-before-ending' },
    acts: [
      [20_000, 'look', 'USERPAYING'],
      [20_000, 'reverse', 'REVOKED'],
    ],
    money: 'returned',
  },
  {
    name: "a payment just before WeChat Pay's own revocation counts",
    placing: QUICK_PAY,
    plan: { does: 'pay-before-ending' },
    acts: [[45_000, 'look', 'SUCCESS']],
    money: 'kept',
  },
  {
    name: 'a reverse after 7 days is refused',
    placing: QUICK_PAY,
    plan: { does: 'pay', afterMs: 0 },
    acts: [
      [7 * DAY + 1, 'reverse', 'SUCCESS', 'REVERSE_EXPIRE'],
      [7 * DAY, 'reverse', 'REVOKED'],
    ],
    money: 'returned',
  },
  {
    name: 'a Quick Pay order can not be closed',
    placing: QUICK_PAY,
    plan: NEVER,
    acts: [[20_000, 'close', 'USERPAYING', 'INVALID_REQUEST']],
  },
  {
    name: 'an unpaid order of another kind is never revoked by itself, and can be closed after 5 minutes',
    placing: NATIVE,
    plan: NEVER,
    acts: [
      [46_000, 'look', 'NOTPAY'],
      [5 * MINUTE - 1, 'close', 'NOTPAY', 'RULE_LIMIT'],
      [5 * MINUTE, 'close', 'CLOSED'],
      [6 * MINUTE, 'close', 'CLOSED'],
      [7 * MINUTE, 'pay', 'CLOSED'],
    ],
  },
  {
    name: 'an order of another kind can not be reversed',
    placing: NATIVE,
    plan: NEVER,
    acts: [[6 * MINUTE, 'reverse', 'NOTPAY', 'INVALID_REQUEST']],
  },
  {
    name: 'a paid order can not be closed',
    placing: NATIVE,
    plan: { does: 'pay', afterMs: 2 * MINUTE },
    acts: [
      [3 * MINUTE, 'close', 'SUCCESS', 'ORDERPAID'],
      [6 * MINUTE, 'close', 'SUCCESS', 'ORDERPAID'],
    ],
    money: 'kept',
  },
  {
    name: 'a payment in the very moment of the close makes the close fail',
    placing: NATIVE,
    plan: { does: 'pay-before-ending' },
    acts: [
      [6 * MINUTE, 'look', 'NOTPAY'],
      [6 * MINUTE, 'close', 'SUCCESS', 'ORDERPAID'],
    ],
    money: 'kept',
  },
  {
    name: 'a close that is too early moves no customer',
    placing: NATIVE,
    plan: { does: 'pay-before-ending' },
    acts: [[1 * MINUTE, 'close', 'NOTPAY', 'RULE_LIMIT']],
  },
  {
    name: 'after time_expire nobody can pay, and the order stays NOTPAY until it is closed',
    placing: { ...NATIVE, expiresAtMs: 10 * MINUTE },
    plan: { does: 'pay', afterMs: 10 * MINUTE },
    acts: [
      [11 * MINUTE, 'look', 'NOTPAY'],
      [11 * MINUTE, 'pay', 'NOTPAY'],
      [12 * MINUTE, 'close', 'CLOSED'],
    ],
  },
  {
    name: 'who opened the cashier before time_expire can still finish within a minute, in the moment of the close',
    placing: { ...NATIVE, expiresAtMs: 10 * MINUTE },
    plan: { does: 'pay-before-ending' },
    acts: [
      [11 * MINUTE - 1, 'look', 'NOTPAY'],
      [11 * MINUTE - 1, 'close', 'SUCCESS', 'ORDERPAID'],
    ],
    money: 'kept',
  },
  {
    name: 'a minute after time_expire nobody is at the cashier any more',
    placing: { ...NATIVE, expiresAtMs: 10 * MINUTE },
    plan: { does: 'pay-before-ending' },
    acts: [[11 * MINUTE, 'close', 'CLOSED']],
  },
]

describe('the life of an order', () => {
  for (const { name, placing, plan, acts, money } of LIVES) {
    it(name, () => {
      let order = placed(placing, plan)
      for (const [atMs, act, state, code] of acts) {
        const result = after(order, act, atMs)
        expect({ atMs, state: result.order.life.trade_state, code: result.code }).toEqual({
          atMs,
          state,
          code,
        })
        order = result.order
      }
      expect({ paid: paidAtMs(order) !== null, returned: moneyReturned(order) }).toEqual({
        paid: money !== undefined,
        returned: money === 'returned',
      })
    })
  }

  it('is the same whether somebody looked meanwhile or not', () => {
    const order = placed(QUICK_PAY, { does: 'pay', afterMs: 44_000 })
    const looked = [10_000, 43_999, 44_000, 44_999].reduce(upToNow, order)
    expect(upToNow(looked, 60_000)).toEqual(upToNow(order, 60_000))
  })
})

describe('placing a number again', () => {
  const unpaid = placed(NATIVE, NEVER)
  const paid = payAt(unpaid, 1_000)
  const closed = close(unpaid, 5 * MINUTE).order
  const again = moment(NEVER, { nowMs: 10 * MINUTE })

  it('gives the same order while it is unpaid', () => {
    expect(place(unpaid, NATIVE, again)).toEqual({ order: unpaid, refusal: null })
  })

  it.each([
    ['paid', paid, 'ORDERPAID'],
    ['closed', closed, 'ORDER_CLOSED'],
  ])('is refused when it is %s', (_, order, code) => {
    expect(place(order, NATIVE, again)).toMatchObject({ order: null, refusal: { code } })
  })

  it('is refused with other parameters, whatever the state', () => {
    for (const order of [unpaid, paid, closed]) {
      const other = { ...NATIVE, fingerprint: 'other' }
      expect(place(order, other, again).refusal?.code).toBe('OUT_TRADE_NO_USED')
    }
  })

  it('tells the state of a Quick Pay order and charges nobody again', () => {
    const quickPay = placed(QUICK_PAY, { does: 'pay', afterMs: 5_000 })
    const result = place(quickPay, QUICK_PAY, moment({ does: 'pay', afterMs: 0 }, { nowMs: 7_000 }))
    expect(result).toEqual({ order: upToNow(quickPay, 7_000), refusal: null })
    expect(result.order?.life).toEqual({ trade_state: 'SUCCESS', paidAtMs: 5_000 })
  })
})

describe('placing Quick Pay', () => {
  it('is refused with a payment code that was used for another order', () => {
    const result = place(null, QUICK_PAY, moment(NEVER, { codeUsedBy: '1900000001/A41' }))
    expect(result).toMatchObject({ order: null, refusal: { code: 'AUTH_CODE_INVALID' } })
  })

  it('makes no order of an expired payment code', () => {
    const result = place(null, QUICK_PAY, moment({ does: 'refused', code: 'AUTH_CODE_EXPIRE' }))
    expect(result).toMatchObject({ order: null, refusal: { code: 'AUTH_CODE_EXPIRE' } })
  })

  it('refuses a customer without money, and leaves an unpaid order behind', () => {
    const result = place(null, QUICK_PAY, moment({ does: 'refused', code: 'NOT_ENOUGH' }))
    expect(result).toMatchObject({
      order: { life: { trade_state: 'NOTPAY' } },
      refusal: { code: 'NOT_ENOUGH' },
    })
  })
})
