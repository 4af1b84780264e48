import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { isFinal, type Order, type OrderKey } from '../core/order.ts'
import type { Outcome } from '../core/outcome.ts'
import { answer, final, noAnswer, refusal, tracked } from '../core/testing.ts'
import { VerdictError } from '../errors.ts'
import type { Bill } from '../gateway/gateway.ts'
import type { OrderFilter } from '../store/store.ts'
import type { BillWish } from './comparison.ts'
import { reconcile } from './reconcile.ts'

const COLUMNS =
  '交易时间,商户号,子商户号,微信订单号,商户订单号,交易状态,微信退款单号,商户退款单号,退款状态,标价币种,订单金额,申请退款金额'
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
  readonly ask?: (out_trade_no: string) => Promise<unknown>
  /** What happens at each look into the store. */
  readonly onLook?: () => void
  readonly signal?: AbortSignal
}

async function reconciled(given: Given) {
  const { orders = [], nowMs = NEXT_MORNING_MS, wish, onLook = () => {}, ask = async () => {} } = given
  const asked: string[] = []
  const asking: string[] = []
  const bills = [...given.bills]
  const clock = new VirtualClock(nowMs)
  const same = (a: OrderKey, b: OrderKey): boolean =>
    a.account === b.account && a.out_trade_no === b.out_trade_no && a.sub_mchid === b.sub_mchid
  const result = reconcile(
    { ...WISH, ...wish },
    {
      clock,
      signal: given.signal ?? new AbortController().signal,
      gateway: {
        async bill(day, sub_mchid) {
          asking.push(`${day} ${sub_mchid ?? 'all'}`)
          return bills.shift() ?? noAnswer('timeout')
        },
      },
      store: {
        async findAll(keys) {
          onLook()
          return keys.map((key) => orders.find((order) => same(order, key)) ?? null)
        },
        async list(filter, { before, limit }) {
          onLook()
          return orders
            .map((order, i) => ({ ...order, id: i + 1 }))
            .toReversed()
            .filter((order) => fits(order, filter) && (before === null || order.id < before))
            .slice(0, limit)
        },
      },
      async ask({ out_trade_no }, by) {
        await ask(out_trade_no)
        asked.push(`${out_trade_no}: ${by}`)
      },
    },
  )
  result.catch(() => {})
  await clock.advance(60_000)
  return { ...(await result), asked, asking }
}

/** As every store has it. */
function fits(order: Order, filter: OrderFilter): boolean {
  const { account, sub_mchid, states, createdFromMs = 0, createdToMs = Number.POSITIVE_INFINITY } = filter
  return (
    order.account === account &&
    (sub_mchid === undefined || order.sub_mchid === sub_mchid) &&
    states?.includes(order.state) === true &&
    order.createdAtMs >= createdFromMs &&
    order.createdAtMs < createdToMs
  )
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

  it('are those of this account, and of this sub-merchant if one is named', async () => {
    const ofSub = (sub_mchid: string): Order => ({ ...paid('A1'), account: '1900000100', sub_mchid })
    const orders = [paid('A1'), { ...paid('A2'), account: '1900000002' }, ofSub('1'), ofSub('2')]
    const none = { bills: [refusal('NO_STATEMENT_EXIST')], orders }
    const wish = { account: '1900000100', mode: 'institutional' } as const
    const missing = async (more: Partial<BillWish>) =>
      (await reconciled({ ...none, wish: more })).differences.map((one) => one.sub_mchid ?? one.out_trade_no)
    expect(await missing({})).toEqual(['A1'])
    expect(await missing(wish)).toEqual(['2', '1'])
    expect(await missing({ ...wish, sub_mchid: '1' })).toEqual(['1'])
  })

  it('and entered more than three days before or after it are not looked for', async () => {
    const entered = (days: number): Order => ({
      ...paid(`D${days}`),
      createdAtMs: Date.parse(NOON) + days * 86_400_000,
    })
    const orders = [-4, -3, 0, 3, 4].map(entered)
    const found = await reconciled({ bills: [refusal('NO_STATEMENT_EXIST')], orders })
    expect(found.differences.map(({ out_trade_no }) => out_trade_no)).toEqual(['D3', 'D0', 'D-3'])
  })

  it('after they were given up are looked for as well', async () => {
    const late = { phase: 'accepted', transaction_id: '4300', success_time: NOON }
    const aftercare = { late, compareAtMs: null, refunds: [] }
    const orders = [{ ...final('CLOSED', { out_trade_no: 'A1' }), aftercare } as unknown as Order]
    const found = await reconciled({ bills: [refusal('NO_STATEMENT_EXIST')], orders })
    expect(found.differences).toMatchObject([
      { kind: 'not_in_bill', out_trade_no: 'A1', transaction_id: '4300' },
    ])
  })

  it('within the last minute of a day that is not over may not be in its bill yet', async () => {
    const nowMs = Date.parse(NOON) + 59_999
    const found = (more: number) =>
      reconciled({ bills: [bill(line({ 商户订单号: 'A2' }))], orders: [paid('A1')], nowMs: nowMs + more })
    expect((await found(0)).differing).toEqual({ unknown_order: 1 })
    expect((await found(2)).differing).toEqual({ unknown_order: 1, not_in_bill: 1 })
  })

  it('and reversed in the bill are one difference, not two', async () => {
    const reversed = line({ 商户订单号: 'A1', 交易状态: 'REVOKED' })
    expect(await reconciled({ bills: [bill(reversed)], orders: [paid('A1')] })).toMatchObject({
      differing: { order_reversed: 1 },
    })
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

  it('of another day is told; if all payments are, it is another bill', async () => {
    const of = (number: string, 交易时间: string): string => line({ 商户订单号: number, 交易时间 })
    const orders = [paid('A1'), paid('A2')]
    const lines = [of('A1', '2026-06-08 12:00:00'), of('A2', '2026-06-09 00:00:00')]
    expect(await reconciled({ bills: [bill(...lines)], orders })).toMatchObject({
      agreed: 1,
      differing: { other_day: 1 },
    })
    // One of another day doesn't stand in the way of the one of this day.
    const both = [of('A1', '2026-06-07 12:00:00'), of('A1', '2026-06-08 12:00:00')]
    expect(await reconciled({ bills: [bill(...both)], orders: [paid('A1')] })).toMatchObject({
      ...{ agreed: 1, differing: { other_day: 1 } },
    })
    const before = of('A1', '2026-06-07 12:00:00')
    const all = [before, before, of('A2', '2026-06-09 00:00:00')]
    await expect(reconciled({ bills: [bill(...all)], orders })).rejects.toMatchObject({
      ...{ code: 'BILL_FAILS', message: expect.stringContaining('of another day') },
    })
  })

  it('of another sub-merchant than the one that was asked for is told', async () => {
    const wish = { account: '1900000100', mode: 'institutional', sub_mchid: '1' } as const
    const lines = ['1', '2'].map((子商户号) => line({ 商户号: '1900000100', 子商户号, 商户订单号: 'A1' }))
    const orders = [{ ...paid('A1'), account: '1900000100', sub_mchid: '1' }]
    expect(await reconciled({ bills: [bill(...lines)], orders, wish })).toMatchObject({
      ...{ agreed: 1, differing: { unreadable: 1 } },
      differences: [{ line: 3, billed: 'it is about the sub-merchant "2"' }],
    })
  })

  it('of a payment that was reversed agrees with an order that ended unpaid, wherever the reversal stands', async () => {
    const both = ['REVOKED', 'SUCCESS'].map((交易状态) => line({ 商户订单号: 'A1', 交易状态 }))
    for (const lines of [both, both.toReversed()]) {
      for (const state of ['REVOKED', 'CLOSED'] as const) {
        const orders = [final(state, { out_trade_no: 'A1' })]
        const found = await reconciled({ bills: [bill(...lines)], orders })
        expect(found).toMatchObject({ differing: {}, agreed: 2, asked: [] })
      }
    }
  })

  it('of an order that was reversed soon after midnight accuses nobody, and agrees with nothing either', async () => {
    const order = final('REVOKED', { out_trade_no: 'A1' })
    const verdict = { ...order.verdict, atMs: Date.parse('2026-06-09T00:10:00+08:00') }
    const found = await reconciled({
      bills: [bill(line({ 商户订单号: 'A1' }))],
      orders: [{ ...order, verdict } as Order],
    })
    expect(found).toMatchObject({ differing: {}, agreed: 0, asked: ['A1: bill of 2026-06-08'] })
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

  it('of a common merchant is about his order, whatever stands in a column of sub-merchants', async () => {
    const found = await reconciled({
      bills: [bill(line({ 商户订单号: 'A1', 子商户号: '7' }))],
      orders: [paid('A1')],
    })
    expect(found).toMatchObject({ agreed: 1, differing: {} })
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

  it('of an order that is moved out of the store meanwhile costs the report nothing', async () => {
    const lines = ['gone', 'open'].map((number) => line({ 商户订单号: number }))
    const orders = ['gone', 'open'].map((out_trade_no) => tracked('native', { out_trade_no }))
    const given = { bills: [bill(...lines)], orders }
    const failing = (code: 'ORDER_UNKNOWN' | 'STORE_FAILS') =>
      reconciled({
        ...given,
        ask: async (number) => {
          if (number === 'gone') throw new VerdictError(code, 'it is gone')
        },
      })
    expect(await failing('ORDER_UNKNOWN')).toMatchObject({
      differing: { order_open: 2 },
      asked: ['open: bill of 2026-06-08'],
    })
    await expect(failing('STORE_FAILS')).rejects.toThrow('it is gone')
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

  it('are of the unit that fits the most, where no fraction says another thing', async () => {
    const jpy = { ...paid('J1'), currency: 'JPY' }
    const lines = [
      ...['A0', 'A1'].map((number) => line({ 商户订单号: number, 订单金额: '8800' })),
      line({ 商户订单号: 'J1', 订单金额: '8800.00', 标价币种: 'JPY' }),
    ]
    const orders = [paid('A0'), paid('A1'), jpy]
    expect(await reconciled({ bills: [bill(...lines)], orders })).toMatchObject({
      agreed: 3,
      bill: { unit: 'minor' },
    })
    expect(await found('8800.00', '8800.00')).toMatchObject({ agreed: 2, bill: { unit: 'minor' } })
    // One of two can't be right: a point says which.
    const cents = { ...paid('A1'), total: 88 } as Order
    const tie = [line({ 商户订单号: 'A0', 订单金额: '88.00' }), line({ 商户订单号: 'A1', 订单金额: '88.00' })]
    expect(await reconciled({ bills: [bill(...tie)], orders: [paid('A0'), cents] })).toMatchObject({
      ...{ agreed: 1, bill: { unit: 'major' }, differences: [{ kind: 'amount', out_trade_no: 'A1' }] },
    })
  })

  it('and currencies that differ are counted together', async () => {
    const lines = [line({ 商户订单号: 'A0', 标价币种: 'USD' }), line({ 商户订单号: 'A1', 订单金额: '88.01' })]
    expect(await reconciled({ bills: [bill(...lines)], orders: [paid('A0'), paid('A1')] })).toMatchObject({
      ...{ agreed: 0, differing: { amount: 2 } },
    })
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
    if (code === null) expect(await found).toMatchObject({ agreed: 0, differing: {} })
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

it('an institution is told whose its lines are, or it is no bill', async () => {
  const csv = Buffer.from('商户订单号,交易状态,订单金额\r\n`A1,`SUCCESS,`88.00\r\n')
  const given = { bills: [answer({ csv, sha1: '' })] }
  const wish = { account: '1900000100', mode: 'institutional' } as const
  await expect(reconciled({ ...given, wish })).rejects.toThrow(/no column 子商户号/)
  expect(await reconciled({ ...given, wish: { ...wish, sub_mchid: '1' } })).toMatchObject({
    differing: { unknown_order: 1 },
  })
})

describe('others', () => {
  const many = Array.from({ length: 1_000 }, (_, i) => `A${i}`)

  it.each([
    ['that agree', many.map((number) => line({ 商户订单号: number }))],
    ['that nobody can compare', many.map(() => '`x')],
  ])('have their turn while lines are read %s', async (_, lines) => {
    let turns = 0
    let next = setImmediate(function again() {
      turns += 1
      next = setImmediate(again)
    })
    const given = {
      bills: [bill(line({ 商户订单号: 'first' }), ...lines)],
      orders: many.map((number) => paid(number)),
    }
    await reconciled(given)
    clearImmediate(next)
    expect(turns).toBeGreaterThan(many.length / 100)
  })

  it('may end it at any look into the store', async () => {
    const lines = many.slice(0, 250).map((number) => line({ 商户订单号: number }))
    const orders = many.slice(0, 1_000).map((number) => paid(number))
    for (const looks of [1, 2, 4]) {
      const ending = new AbortController()
      let left = looks
      const onLook = (): void => {
        left -= 1
        if (left === 0) ending.abort(new VerdictError('CLOSED', 'it ends'))
      }
      const found = reconciled({ bills: [bill(...lines)], orders, onLook, signal: ending.signal })
      await expect(found).rejects.toMatchObject({ code: 'CLOSED' })
    }
    const ended = AbortSignal.abort(new VerdictError('CLOSED', 'it ends'))
    await expect(reconciled({ bills: [], signal: ended })).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
