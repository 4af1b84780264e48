import { afterEach, expect, it } from 'vitest'
import { KINDS } from '../../src/core/order.ts'
import type { Gateway } from '../../src/gateway/gateway.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { Verdict } from '../../src/verdict.ts'
import { hkd, orderOf, Shop, TOTAL } from '../support/shop.ts'
import { losing } from '../support/watched.ts'

/** A day at a shop, its bill on the next morning, and what becomes of an order because of it. */
let shop: Shop
afterEach(() => shop.close())

const HOUR = 3_600_000
const DAY = '2026-06-08'

/** 10:00 Beijing time on the next day: the shop opens at 10:00. */
async function untilNextMorning(): Promise<void> {
  await shop.clock.advance(24 * HOUR)
}

async function reconciled(verdict: Verdict, date = DAY) {
  const reconciling = verdict.reconcile({ date })
  reconciling.catch(() => {})
  await shop.clock.advance(60_000)
  return reconciling
}

async function paid(verdict: Verdict, out_trade_no: string, total = 1_234): Promise<void> {
  await shop.clock.during(verdict.place(orderOf('native', { out_trade_no, ...hkd(total) })))
  await shop.pay(out_trade_no)
}

it('a day on which all went well agrees to the last line', async () => {
  shop = await Shop.open()
  const verdict = await shop.verdict()
  await paid(verdict, 'N1')
  await paid(verdict, 'N2', 500)
  await shop.clock.during(verdict.place(orderOf('native', { out_trade_no: 'unpaid' })))
  await shop.clock.during(verdict.place(orderOf('quick_pay', { out_trade_no: 'Q1' })))
  await shop.clock.during(verdict.place(orderOf('quick_pay', { out_trade_no: 'Q2', ...hkd(TOTAL.never) })))
  await shop.clock.advance(60_000)
  await shop.clock.during(verdict.refund({ out_trade_no: 'N1' }, { idempotencyKey: 'r1', amount: 34 }))
  await untilNextMorning()
  const found = await reconciled(verdict)
  expect(found).toMatchObject({
    ...{ account: '1900000001', sub_mchid: null, date: DAY, asked: 0, agreed: 4 },
    ...{ lines: { payment: 3, refund: 1, reversal: 0 }, differing: {}, differences: [] },
    bill: { unit: 'major', sha1: expect.stringMatching(/^[0-9a-f]{40}$/) },
  })
  expect(found.bill?.evidence.body).toBe(`{"sha1":"${found.bill?.sha1}"}`)
  expect(await shop.wrong()).toEqual([])
})

it('an order that nobody could hear of is found paid, asked about, and settled by what WeChat Pay signs', async () => {
  shop = await Shop.open()
  const deaf = await shop.verdict({ between: losing(/out-trade-no/) })
  await paid(deaf, 'N1')
  await untilNextMorning()
  await shop.clock.during(deaf.close())
  const verdict = await shop.verdict()
  const { order } = await verdict.order({ out_trade_no: 'N1' })
  expect(order.state).toBe('waiting')
  expect(Number(order.dueAtMs) - shop.clock.nowMs()).toBeGreaterThan(60_000)
  expect(await reconciled(verdict)).toMatchObject({
    ...{ differing: { order_open: 1 }, agreed: 0, asked: 1 },
    differences: [{ kind: 'order_open', out_trade_no: 'N1', here: 'waiting 1234 HKD' }],
  })
  const settled = await verdict.settled({ out_trade_no: 'N1' }, { waitMs: 1 })
  expect(settled).toMatchObject({ state: 'SUCCESS', learntBy: 'query' })
  expect(await reconciled(verdict)).toMatchObject({ differing: {}, agreed: 1, asked: 0 })
})

it('an order that was taken for closed is late money', async () => {
  shop = await Shop.open()
  const lying = await shop.verdict({ sabotage: (gateway) => withQuery(gateway, 'CLOSED') })
  await paid(lying, 'N1')
  await shop.clock.advance(60_000)
  expect((await lying.order({ out_trade_no: 'N1' })).order.state).toBe('CLOSED')
  await shop.clock.during(lying.close())
  const verdict = await shop.verdict()
  await untilNextMorning()
  // Refunds are paid from what came in on the day.
  await paid(verdict, 'N2', 5_000)
  expect(await reconciled(verdict)).toMatchObject({
    differing: { order_unpaid: 1 },
    differences: [
      {
        kind: 'order_unpaid',
        line: 2,
        out_trade_no: 'N1',
        billed: 'SUCCESS 12.34 HKD',
        here: 'CLOSED 1234 HKD',
      },
    ],
    asked: 1,
  })
  await shop.clock.advance(10 * 60_000)
  const { lateMoney, journal } = await verdict.order({ out_trade_no: 'N1' })
  expect(lateMoney).toMatchObject({ phase: 'returned' })
  expect(journal.some(({ note = '', said = '' }) => `${note} ${said}`.includes(`bill of ${DAY}`))).toBe(true)
  expect((await shop.truth('N1'))?.refunds).toMatchObject([{ refund: 1_234, status: 'SUCCESS' }])
})

it.each([1, 2, 3, 4, 5, 6])(
  'a day on which everything went wrong agrees to the last line: seed %i',
  async (seed) => {
    shop = await Shop.open({ seed, customers: 'seeded', faults: 'harsh', latencyMs: 20 })
    const verdict = await shop.verdict()
    const orders = KINDS.flatMap((kind) =>
      Array.from({ length: 8 }, (_, i) => orderOf(kind, { out_trade_no: `${kind}${i}`, ...hkd(500 + i) })),
    )
    for (const order of orders) {
      verdict.place(order).catch(() => {})
      await shop.clock.advance(5_000)
    }
    await shop.clock.advance(HOUR)
    for (const { out_trade_no } of orders.filter((_, i) => i % 3 === 0)) {
      verdict.refund({ out_trade_no }, { idempotencyKey: 'r', amount: 100 }).catch(() => {})
      await shop.clock.advance(1_000)
    }
    await untilNextMorning()
    await shop.faults({})
    const found = await reconciled(verdict)
    expect(found).toMatchObject({ differing: {}, asked: 0 })
    const { payment, refund } = found.lines
    expect([payment > orders.length / 2, refund > 5]).toEqual([true, true])
    expect(found.agreed).toBe(payment + refund + found.lines.reversal)
    expect(await shop.wrong()).toEqual([])
  },
)

it('what others made is told: an order of their own, and a refund on the merchant platform, which is entered here', async () => {
  shop = await Shop.open()
  const theirs = await sqliteStore({ file: ':memory:' })
  const elsewhere = await shop.verdict({ store: theirs })
  await paid(elsewhere, 'theirs')
  const verdict = await shop.verdict()
  await paid(verdict, 'N1')
  await shop.clock.advance(60_000)
  await shop.refundElsewhere('N1', 100)
  await untilNextMorning()
  const { differing, differences, asked, agreed } = await reconciled(verdict)
  expect({ differing, asked, agreed }).toEqual({
    ...{ differing: { unknown_order: 1, unknown_refund: 1 }, asked: 1, agreed: 1 },
  })
  expect(differences).toMatchObject([
    { kind: 'unknown_order', out_trade_no: 'theirs', here: null },
    {
      kind: 'unknown_refund',
      out_trade_no: 'N1',
      billed: 'refund SUCCESS 1.00 HKD',
      here: 'SUCCESS 1234 HKD',
    },
  ])
  const { refunds } = await verdict.order({ out_trade_no: 'N1' })
  expect(refunds).toMatchObject([{ origin: 'elsewhere', amount: 100, state: 'SUCCESS' }])
  expect(await reconciled(verdict)).toMatchObject({ differing: { unknown_order: 1 }, asked: 0, agreed: 2 })
  await shop.clock.during(elsewhere.close())
  await theirs.close()
})

it('a bill is not there before the morning, and there is none of a day without trades', async () => {
  shop = await Shop.open()
  const verdict = await shop.verdict()
  await paid(verdict, 'N1')
  await shop.clock.advance(60_000)
  await expect(reconciled(verdict)).rejects.toMatchObject({
    code: 'BILL_NOT_READY',
    message: expect.stringContaining('expected from 2026-06-09T09:00:00+08:00 on'),
  })
  await untilNextMorning()
  expect(await reconciled(verdict, '20260607')).toMatchObject({
    ...{ date: '2026-06-07', bill: null, lines: { payment: 0, refund: 0, reversal: 0 }, differing: {} },
  })
})

it('replies that are lost, forged or cut are asked for again; twin: for ever so, nothing is compared', async () => {
  shop = await Shop.open({ seed: 5 })
  const verdict = await shop.verdict()
  await paid(verdict, 'N1')
  await untilNextMorning()
  await shop.faults({ wrongSignature: 0.3, unreadableBody: 0.3 })
  expect(await reconciled(verdict)).toMatchObject({ agreed: 1, differing: {} })
  await shop.faults({ wrongSignature: 1 })
  await expect(reconciled(verdict)).rejects.toMatchObject({
    ...{ code: 'BILL_FAILS', message: expect.stringContaining('in 4 attempts') },
  })
})

it('two at a time are one after the other, and an ending Verdict ends both', async () => {
  shop = await Shop.open()
  let [asked, answers] = [0, () => {}]
  const held = new Promise<void>((resolve) => {
    answers = resolve
  })
  const between: Parameters<Shop['verdict']>[0] = {
    between: (transport) => async (request) => {
      if (!request.path.includes('/statements')) return transport(request)
      asked += 1
      if (asked === 1) await held
      return asked === 1 ? transport(request) : new Promise(() => {})
    },
  }
  const verdict = await shop.verdict(between)
  await paid(verdict, 'N1')
  await untilNextMorning()
  const both = [verdict.reconcile({ date: DAY }), verdict.reconcile({ date: DAY })]
  for (const one of both) one.catch(() => {})
  await shop.clock.advance(1_000)
  expect(asked).toBe(1)
  answers()
  await shop.clock.advance(1_000)
  expect(await both[0]).toMatchObject({ agreed: 1 })
  expect(asked).toBe(2)
  const third = verdict.reconcile({ date: DAY })
  third.catch(() => {})
  await shop.clock.during(verdict.close())
  for (const one of [both[1], third, verdict.reconcile({ date: DAY })])
    await expect(one).rejects.toMatchObject({ code: 'CLOSED' })
})

it.each(['2026-06-31', '', 'yesterday'])('the day %j is refused', async (date) => {
  shop = await Shop.open()
  const verdict = await shop.verdict()
  await expect(verdict.reconcile({ date })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  expect((await shop.statistics()).calls).toEqual({})
})

it('a sub-merchant is refused where the account is in common mode', async () => {
  shop = await Shop.open()
  const verdict = await shop.verdict()
  const wish = { date: DAY, sub_mchid: '1700000001' }
  await expect(verdict.reconcile(wish)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
})

/** A gateway whose queries say something else than WeChat Pay does. */
function withQuery(gateway: Gateway, trade_state: string): Gateway {
  return new Proxy(gateway, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'query') return value.bind(target)
      return async (...args: Parameters<Gateway['query']>) => {
        const outcome = await target.query(...args)
        return outcome.kind === 'answer' ? { ...outcome, value: { ...outcome.value, trade_state } } : outcome
      }
    },
  })
}
