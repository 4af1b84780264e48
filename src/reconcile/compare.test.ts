import { describe, expect, it } from 'vitest'
import type { Aftercare, LatePhase, RefundState } from '../core/aftercare.ts'
import type { FinalOrder, FinalState, Order } from '../core/order.ts'
import { final, tracked } from '../core/testing.ts'
import type { BillLine, BillRefund } from '../wechatpay/bill.ts'
import { compared, isOfAnotherDay, isPaidIn, kindOf, refundsMadeIn } from './compare.ts'

const PAID: BillLine = {
  ...{ line: 2, trade_state: 'SUCCESS', mchid: '1900000001', sub_mchid: null, out_trade_no: 'A42' },
  ...{ transaction_id: '4200', time: '2026-06-08 10:00:00', currency: 'HKD', total: '88.00', refund: null },
}
const DAY = {
  fromMs: Date.parse('2026-06-08T00:00:00+08:00'),
  toMs: Date.parse('2026-06-09T00:00:00+08:00'),
}
const ALONE = { isReversed: false, day: DAY }
const REVERSED: BillLine = { ...PAID, trade_state: 'REVOKED' }

function refundLine(refund: Partial<BillRefund> = {}): BillLine {
  const numbers = { out_refund_no: 'R1', refund_id: '5030' }
  return {
    ...PAID,
    trade_state: 'REFUND',
    refund: { ...numbers, amount: '1.00', status: 'SUCCESS', ...refund },
  }
}

const SUCCESS_TIME = '2026-06-08T10:00:00+08:00'

function order(
  state: FinalState,
  { aftercare = null, ...more }: { aftercare?: Aftercare | null; transaction_id?: string | null } = {},
): Order {
  const { verdict, ...rest } = final(state)
  const { transaction_id = state === 'SUCCESS' ? '4200' : null } = more
  const success_time = state === 'SUCCESS' ? SUCCESS_TIME : null
  return { ...rest, verdict: { ...verdict, transaction_id, success_time }, aftercare } as Order
}

function withRefund(state: RefundState, more: object = {}): Aftercare {
  const numbers = {
    out_refund_no: 'R1',
    refund_id: '5030',
    amount: 100,
    state,
    createdAtMs: Date.parse(SUCCESS_TIME),
  }
  const refund = { ...numbers, success_time: state === 'SUCCESS' ? SUCCESS_TIME : null, ...more }
  return { late: null, compareAtMs: null, refunds: [refund as unknown as Aftercare['refunds'][number]] }
}

function withLate(phase: LatePhase): Aftercare {
  const late = {
    phase,
    learntAtMs: 0,
    transaction_id: '4200',
    success_time: SUCCESS_TIME,
    dueAtMs: null,
    questions: 0,
  }
  return { late: { ...late, confirmedAtMs: null }, compareAtMs: null, refunds: [] }
}

describe('a payment in the bill', () => {
  it.each<[string, Order | null, string | null]>([
    ['an order that is not here', null, 'unknown_order'],
    ['an open one', tracked('native'), 'order_open'],
    ['a paid one', order('SUCCESS'), null],
    ['a paid one whose number is not known', order('SUCCESS', { transaction_id: null }), null],
    ['a paid one of another number', order('SUCCESS', { transaction_id: '4201' }), 'transaction_id'],
    ['a closed one', order('CLOSED'), 'order_unpaid'],
    ['a revoked one', order('REVOKED'), 'order_unpaid'],
    ['one that was never created', order('NOT_CREATED'), 'order_unpaid'],
    ['a closed one with late money', order('CLOSED', { aftercare: withLate('returned') }), null],
    [
      'a closed one of which late money is only suspected',
      order('CLOSED', { aftercare: withLate('suspected') }),
      'order_unpaid',
    ],
  ])('of %s', (_, here, differs) => {
    expect(compared(PAID, here, ALONE).differs).toBe(differs)
  })

  it('and a reversal of it agree with an order that ended unpaid: the money went back', () => {
    expect(compared(PAID, order('REVOKED'), { ...ALONE, isReversed: true }).differs).toBeNull()
    expect(compared(PAID, order('CLOSED'), { ...ALONE, isReversed: true }).differs).toBeNull()
  })

  it.each([
    ['in another currency', { currency: 'USD' }],
    ['of another number', { transaction_id: '4201' }],
  ])('of an unpaid order makes it asked about, also %s', (_, more) => {
    const here = order('CLOSED', { transaction_id: '4200' })
    expect(compared({ ...PAID, ...more }, here, ALONE)).toMatchObject({ differs: 'order_unpaid', asks: true })
  })

  it('of an order that was reversed soon after midnight is asked about and not told: the next bill has its reversal', () => {
    const revokedAt = (atMs: number): Order => {
      const here = order('REVOKED')
      return { ...here, verdict: { ...(here as FinalOrder).verdict, atMs } } as Order
    }
    const before = { differs: 'order_unpaid', asks: true }
    expect(compared(PAID, revokedAt(DAY.toMs - 1), ALONE)).toMatchObject(before)
    expect(compared(PAID, revokedAt(DAY.toMs), ALONE)).toMatchObject({ differs: null, asks: true })
    expect(compared(PAID, revokedAt(DAY.toMs + 3_600_000), ALONE)).toMatchObject(before)
  })

  it('asks only about orders that are open or unpaid here', () => {
    const asks = [tracked('native'), order('CLOSED'), order('SUCCESS'), null].map(
      (here) => compared(PAID, here, ALONE).asks,
    )
    expect(asks).toEqual([true, true, false, false])
  })

  it('asks about refunds that are not known here, or not as made, and about no others', () => {
    const [known, open, failed] = (['SUCCESS', 'processing', 'CLOSED'] as const).map((state) =>
      order('SUCCESS', { aftercare: withRefund(state) }),
    )
    const asks = [order('SUCCESS'), open, known, failed].map(
      (here) => compared(refundLine(), here ?? null, ALONE).asks,
    )
    expect(asks).toEqual([true, true, false, false])
  })

  it('is held against our amount, whose currency has to be the same', () => {
    expect(compared(PAID, order('SUCCESS'), ALONE).amount).toEqual({
      ...{ differs: 'amount', billed: '88.00', ours: 8_800, currency: 'HKD' },
    })
    expect(compared({ ...PAID, currency: 'USD' }, order('SUCCESS'), ALONE).differs).toBe('amount')
    expect(compared({ ...PAID, currency: null }, order('SUCCESS'), ALONE).differs).toBeNull()
  })
})

it.each<[string, Order | null, string | null]>([
  ['an order that is not here', null, 'unknown_order'],
  ['an open one', tracked('quick_pay'), 'order_open'],
  ['a paid one', order('SUCCESS'), 'order_reversed'],
  ['a revoked one', order('REVOKED'), null],
])('a reversal in the bill of %s', (_, here, differs) => {
  expect(compared(REVERSED, here, { ...ALONE, isReversed: true }).differs).toBe(differs)
})

describe('a refund in the bill', () => {
  const made = refundLine()
  it.each<[string, BillLine, Order | null, string | null]>([
    ['of an order that is not here', made, null, 'unknown_order'],
    ['of an open one', made, tracked('native'), 'order_open'],
    ['that is not here', made, order('SUCCESS'), 'unknown_refund'],
    [
      'of another number',
      refundLine({ out_refund_no: 'R2', refund_id: '5031' }),
      order('SUCCESS', { aftercare: withRefund('SUCCESS') }),
      'unknown_refund',
    ],
    ['that is made here', made, order('SUCCESS', { aftercare: withRefund('SUCCESS') }), null],
    [
      'that is named by WeChat Pay alone',
      refundLine({ out_refund_no: null }),
      order('SUCCESS', { aftercare: withRefund('SUCCESS') }),
      null,
    ],
    ['that is open here', made, order('SUCCESS', { aftercare: withRefund('processing') }), 'refund_open'],
    [
      'that is on its way there and here',
      refundLine({ status: 'PROCESSING' }),
      order('SUCCESS', { aftercare: withRefund('processing') }),
      null,
    ],
    [
      'that is on its way there, which counts as made (guide 8.11)',
      refundLine({ status: 'PROCESSING' }),
      order('SUCCESS', { aftercare: withRefund('SUCCESS') }),
      null,
    ],
    ['that failed here', made, order('SUCCESS', { aftercare: withRefund('CLOSED') }), 'refund_state'],
    [
      'that failed there',
      refundLine({ status: 'REFUNDCLOSE' }),
      order('SUCCESS', { aftercare: withRefund('SUCCESS') }),
      'refund_state',
    ],
    [
      'that failed there and here',
      refundLine({ status: 'REFUNDCLOSE' }),
      order('SUCCESS', { aftercare: withRefund('CLOSED') }),
      null,
    ],
    [
      'of late money',
      made,
      order('CLOSED', { aftercare: { ...withRefund('SUCCESS'), late: withLate('returned').late } }),
      null,
    ],
    [
      'of our number and another of WeChat Pay',
      refundLine({ refund_id: '5031' }),
      order('SUCCESS', { aftercare: withRefund('SUCCESS') }),
      'refund_id',
    ],
  ])('%s', (_, line, here, differs) => {
    expect(compared(line, here, ALONE).differs).toBe(differs)
  })

  it('is held against our amount, if it has one', () => {
    const here = order('SUCCESS', { aftercare: withRefund('SUCCESS') })
    expect(compared(made, here, ALONE).amount).toMatchObject({
      differs: 'refund_amount',
      billed: '1.00',
      ours: 100,
    })
    expect(compared({ ...made, currency: 'USD' }, here, ALONE).differs).toBe('refund_amount')
    expect(compared(refundLine({ amount: null }), here, ALONE)).toMatchObject({ differs: null, amount: null })
    const open = order('SUCCESS', { aftercare: withRefund('processing') })
    expect(compared(refundLine({ status: 'PROCESSING' }), open, ALONE).amount).toMatchObject({ ours: 100 })
  })
})

it('a line is a payment, a refund, a reversal, or nothing that anybody knows', () => {
  expect([PAID, refundLine(), REVERSED, { ...PAID, trade_state: 'SUCCES' }].map(kindOf)).toEqual([
    ...['payment', 'refund', 'reversal'],
    null,
  ])
})

describe('a day', () => {
  const day = DAY
  const final = order('SUCCESS', { aftercare: withRefund('SUCCESS') }) as Extract<Order, { state: 'SUCCESS' }>

  it('has late money of that day, once it is more than suspected', () => {
    const late = (phase: LatePhase) => order('CLOSED', { aftercare: withLate(phase) }) as FinalOrder
    expect([late('accepted'), late('suspected')].map((one) => isPaidIn(one, day))).toEqual([true, false])
  })

  it('is not that of a line that says another; one that says none is of it', () => {
    const times = [
      '2026-06-08 00:00:00',
      '2026-06-08 23:59:59',
      '2026-06-07 23:59:59',
      '2026-06-09 00:00:00',
      '',
      null,
    ]
    const others = times.filter((time) => isOfAnotherDay({ ...PAID, time }, day))
    expect(others).toEqual(['2026-06-07 23:59:59', '2026-06-09 00:00:00'])
  })

  it('has what was paid on it, by the moment that WeChat Pay states', () => {
    expect(isPaidIn(final, day)).toBe(true)
    expect(isPaidIn(final, { ...day, fromMs: day.toMs, toMs: day.toMs + 1 })).toBe(false)
    const verdict = { ...final.verdict, success_time: null }
    expect(isPaidIn({ ...final, verdict }, day)).toBe(false)
  })

  it('has the refunds that began and ended on it: others may stand in the next bill', () => {
    expect(refundsMadeIn(final, day)).toHaveLength(1)
    const begunBefore = { ...final, aftercare: withRefund('SUCCESS', { createdAtMs: day.fromMs - 1 }) }
    const endedAfter = {
      ...final,
      aftercare: withRefund('SUCCESS', { success_time: '2026-06-09T00:00:00+08:00' }),
    }
    const elsewhere = { ...final, aftercare: withRefund('SUCCESS', { origin: 'elsewhere' }) }
    expect([begunBefore, endedAfter, elsewhere].map((one) => refundsMadeIn(one, day))).toEqual([[], [], []])
  })
})
