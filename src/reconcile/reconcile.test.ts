import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { isFinal, type Order, type OrderKey } from '../core/order.ts'
import type { Outcome } from '../core/outcome.ts'
import { answer, final, noAnswer, refusal, tracked } from '../core/testing.ts'
import type { Bill } from '../gateway/gateway.ts'
import type { BillWish } from './comparison.ts'
import { reconcile } from './reconcile.ts'

const COLUMNS =
  '商户号,子商户号,微信订单号,商户订单号,交易状态,微信退款单号,商户退款单号,退款状态,标价币种,订单金额,申请退款金额'
const WISH: BillWish = { account: '1900000001', mode: 'common', sub_mchid: null, date: '2026-06-08' }
const NOON = '2026-06-08T12:00:00+08:00'
const NEXT_MORNING_MS = Date.parse('2026-06-09T10:00:00+08:00')

function line(values: Readonly<Record<string, string>>): string {
  const all: Record<string, string> = {
    商户号: '1900000001',
    交易状态: 'SUCCESS',
    标价币种: 'HKD',
    订单金额: '88.00',
    ...values,
  }
  return COLUMNS.split(',')
    .map((name) => `\`${all[name] ?? ''}`)
    .join(',')
}

function bill(...lines: readonly string[]): Outcome<Bill> {
  return answer({ csv: Buffer.from([COLUMNS, ...lines, ''].join('\r\n')), sha1: 'abc' })
}

/** Paid at noon of the day, 88.00 HKD. */
function paid(out_trade_no: string, given: Partial<Order> = {}): Order {
  const order = final('SUCCESS', { out_trade_no })
  return {
    ...order,
    verdict: { ...order.verdict, transaction_id: null, success_time: NOON },
    ...given,
  } as Order
}

interface Given {
  readonly bills: readonly Outcome<Bill>[]
  readonly orders?: readonly Order[]
  readonly nowMs?: number
  readonly wish?: Partial<BillWish>
}

async function reconciled({ bills, orders = [], nowMs = NEXT_MORNING_MS, wish }: Given) {
  const asked: string[] = []
  const asking: string[] = []
  const given = [...bills]
  const clock = new VirtualClock(nowMs)
  const same = (a: OrderKey, b: OrderKey): boolean =>
    a.out_trade_no === b.out_trade_no && a.sub_mchid === b.sub_mchid
  const result = reconcile(
    { ...WISH, ...wish },
    {
      clock,
      gateway: {
        async bill(day, sub_mchid) {
          asking.push(`${day} ${sub_mchid ?? 'all'}`)
          return given.shift() ?? noAnswer('timeout')
        },
      },
      store: {
        find: async (key) => orders.find((order) => same(order, key)) ?? null,
        // Newest first, one on a page less than what fits: the last page is a whole one, too.
        list: async ({ states = [] }, { before, limit }) =>
          orders
            .filter((order) => states.includes(order.state))
            .map((order, i) => ({ ...order, id: i + 1 }))
            .toReversed()
            .filter(({ id }) => before === null || id < before)
            .slice(0, limit),
      },
      ask: async ({ out_trade_no }, by) => void asked.push(`${out_trade_no}: ${by}`),
    },
  )
  result.catch(() => {})
  await clock.advance(60_000)
  return { ...(await result), asked, asking }
}

describe('orders that were paid on the day', () => {
  it('and are not in the bill are told; those of another day, and those in it, are not', async () => {
    const yesterday = paid('before')
    if (!isFinal(yesterday)) throw new Error('it is final')
    const before = {
      ...yesterday,
      verdict: { ...yesterday.verdict, success_time: '2026-06-07T23:59:59+08:00' },
    } as Order
    const { differing, differences } = await reconciled({
      ...{ bills: [bill(line({ 商户订单号: 'A1' }))], orders: [paid('A1'), paid('A2'), before] },
    })
    expect(differing).toEqual({ not_in_bill: 1 })
    expect(differences).toMatchObject([
      { kind: 'not_in_bill', line: null, out_trade_no: 'A2', here: 'SUCCESS 8800 HKD' },
    ])
  })

  it('are all looked for, on every page', async () => {
    const orders = Array.from({ length: 1_201 }, (_, i) => paid(`A${i}`))
    const { differing, differences } = await reconciled({ bills: [bill(line({ 商户订单号: 'A7' }))], orders })
    expect(differing).toEqual({ not_in_bill: 1_200 })
    expect(differences).toHaveLength(1_000)
  })

  it('have their refunds in it, too', async () => {
    const refund = {
      state: 'SUCCESS',
      amount: 100,
      createdAtMs: Date.parse(NOON),
      success_time: NOON,
      refund_id: null,
    }
    const refunds = ['R1', 'R2'].map((out_refund_no) => ({ ...refund, out_refund_no }))
    const order = paid('A1', {
      aftercare: { late: null, compareAtMs: null, refunds },
    } as unknown as Partial<Order>)
    const refunded = {
      商户订单号: 'A1',
      交易状态: 'REFUND',
      商户退款单号: 'R1',
      退款状态: 'SUCCESS',
      申请退款金额: '1.00',
    }
    const found = await reconciled({
      bills: [bill(line({ 商户订单号: 'A1' }), line(refunded))],
      orders: [order],
    })
    expect(found).toMatchObject({ agreed: 2, differing: { refund_not_in_bill: 1 } })
    expect(found.differences).toMatchObject([
      { out_trade_no: 'A1', out_refund_no: 'R2', here: 'refunded 100 HKD' },
    ])
  })
})

describe('a line', () => {
  it('that stands there twice, of another merchant, or of a state that nobody knows, is told', async () => {
    const lines = [{}, {}, { 商户号: '1900000002' }, { 交易状态: 'PAID' }].map((more) =>
      line({ 商户订单号: 'A1', ...more }),
    )
    const found = await reconciled({ bills: [bill(...lines, '`x')], orders: [paid('A1')] })
    expect(found).toMatchObject({ agreed: 1, differing: { twice: 1, unreadable: 3 }, lines: { payment: 2 } })
    expect(found.differences.map(({ line: nth, kind }) => [nth, kind])).toEqual([
      [3, 'twice'],
      [4, 'unreadable'],
      [5, 'unreadable'],
      [6, 'unreadable'],
    ])
  })

  it('of an institution is about its sub-merchant', async () => {
    const ofSub = (sub_mchid: string): Order => ({ ...paid('A1'), account: '1900000100', sub_mchid })
    const wish = { account: '1900000100', mode: 'institutional' } as const
    const lines = ['1', '3'].map((子商户号) => line({ 商户号: '1900000100', 子商户号, 商户订单号: 'A1' }))
    const found = await reconciled({ bills: [bill(...lines)], orders: ['1', '2'].map(ofSub), wish })
    expect(found.differences.map(({ kind, sub_mchid }) => [kind, sub_mchid])).toEqual([
      ['unknown_order', '3'],
      ['not_in_bill', '2'],
    ])
    expect(found.asking).toEqual(['20260608 all'])
  })

  it('that is paid makes WeChat Pay asked about orders that are open, or ended unpaid, once each', async () => {
    const lines = ['open', 'closed', 'closed', 'paid', 'unknown'].map((number) =>
      line({ 商户订单号: number }),
    )
    const orders = [
      tracked('native', { out_trade_no: 'open' }),
      final('CLOSED', { out_trade_no: 'closed' }),
      paid('paid'),
    ]
    const { asked } = await reconciled({ bills: [bill(...lines)], orders })
    expect(asked).toEqual(['open: bill of 2026-06-08', 'closed: bill of 2026-06-08'])
  })
})

describe('the amounts of a bill', () => {
  const found = (...amounts: readonly string[]) =>
    reconciled({
      bills: [bill(...amounts.map((订单金额, i) => line({ 商户订单号: `A${i}`, 订单金额 })))],
      orders: amounts.map((_, i) => paid(`A${i}`)),
    })

  it.each([
    ['with decimals', ['88.00', '88.0'], 'major'],
    ['in the smallest unit', ['8800', '8800'], 'minor'],
    ['that are whole, in the currency itself', ['88', '88'], 'major'],
  ] as const)('agree %s', async (_, amounts, unit) => {
    const { differing, bill: facts, agreed } = await found(...amounts)
    expect({ differing, unit: facts?.unit, agreed }).toEqual({ differing: {}, unit, agreed: 2 })
  })

  it('are of one unit: the odd one is told', async () => {
    expect(await found('88.00', '88.00', '8800')).toMatchObject({ agreed: 2, differing: { amount: 1 } })
    expect(await found('8800', '8800', '88')).toMatchObject({ agreed: 2, differing: { amount: 1 } })
  })

  it('that agree in neither are told', async () => {
    const { differences, agreed } = await found('88.01')
    expect({ differences, agreed }).toMatchObject({
      ...{
        agreed: 0,
        differences: [{ kind: 'amount', line: 2, billed: 'SUCCESS 88.01 HKD', here: 'SUCCESS 8800 HKD' }],
      },
    })
  })
})

describe('without a bill', () => {
  const early = NEXT_MORNING_MS - 1
  it.each([
    ['that there is none is final from 10:00 on', refusal('NO_STATEMENT_EXIST'), NEXT_MORNING_MS, null],
    ['that there is none may change until then', refusal('NO_STATEMENT_EXIST'), early, 'BILL_NOT_READY'],
    ['an empty one may fill until then', bill(), early, 'BILL_NOT_READY'],
    ['one that is being made is not there', refusal('STATEMENT_CREATING'), NEXT_MORNING_MS, 'BILL_NOT_READY'],
    ['another refusal is told', refusal('NO_AUTH'), NEXT_MORNING_MS, 'BILL_FAILS'],
    [
      'one without a head can not be read',
      answer({ csv: Buffer.from('x'), sha1: '' }),
      NEXT_MORNING_MS,
      'BILL_FAILS',
    ],
  ] as const)('%s', async (_, outcome, nowMs, code) => {
    const found = reconciled({ bills: [outcome], nowMs })
    if (code === null) expect(await found).toMatchObject({ bill: null, differing: {} })
    else await expect(found).rejects.toMatchObject({ code })
  })

  it('what was paid here on that day is told', async () => {
    const found = await reconciled({ bills: [refusal('NO_STATEMENT_EXIST')], orders: [paid('A1')] })
    expect(found).toMatchObject({ bill: null, differing: { not_in_bill: 1 } })
  })

  it('it is asked for again, four times in all', async () => {
    const silences = [noAnswer('timeout'), noAnswer('forged'), noAnswer('unreadable')]
    const found = await reconciled({
      bills: [...silences, bill(line({ 商户订单号: 'A1' }))],
      orders: [paid('A1')],
    })
    expect(found).toMatchObject({ agreed: 1, asking: Array.from({ length: 4 }, () => '20260608 all') })
    await expect(reconciled({ bills: [] })).rejects.toMatchObject({ code: 'BILL_FAILS' })
  })
})
