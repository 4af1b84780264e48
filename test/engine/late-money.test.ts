import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LateMoneyPolicy } from '../../src/core/policy.ts'
import { TWO_PERIOD_POLICY } from '../../src/core/policy.ts'
import type { PlaceParameters, Verdict } from '../../src/verdict.ts'
import { Listening } from '../support/listening.ts'
import { hkd, orderOf, Shop, TOTAL } from '../support/shop.ts'
import { losing } from '../support/watched.ts'

/** Money for orders that were given up, with the real engine, gateway and store, against the simulator's truth. */
let shop: Shop
let verdict: Verdict
const listening = new Listening()

beforeEach(async () => {
  listening.to = null
  shop = await Shop.open({ send: listening.send, callbackTargets: 'any' })
  verdict = await open('refund')
})
afterEach(() => shop.close())

const MINUTE = 60_000

async function open(lateMoney: LateMoneyPolicy): Promise<Verdict> {
  return shop.verdict({ account: { policies: { native: { ...TWO_PERIOD_POLICY, lateMoney } } } })
}

async function reopen(lateMoney: LateMoneyPolicy): Promise<void> {
  const closing = verdict.close()
  await shop.clock.advance(5_000)
  await closing
  verdict = await open(lateMoney)
}

async function placed(kind: 'native' | 'quick_pay' = 'native', total = 1_234): Promise<PlaceParameters> {
  const order = orderOf(kind, hkd(total))
  const placing = verdict.place(order)
  await shop.clock.advance(100)
  await placing
  return order
}

async function giveUp(order: PlaceParameters): Promise<void> {
  const giving = verdict.giveUp(order)
  await shop.clock.advance(5)
  await giving
}

/** Placed and paid; WeChat Pay's callback was lost, and nobody asked yet. */
async function paidUnheard(): Promise<PlaceParameters> {
  const order = await placed()
  await shop.pay(order.out_trade_no)
  await shop.clock.advance(10)
  return order
}

/**
 * Closed for Verdict, and then paid: WeChat Pay itself never does that, so its word is bent. The order is paid, and the
 * queries of its ending are answered by the state of an unpaid one.
 */
async function closedThenPaid(): Promise<PlaceParameters> {
  const order = await placed()
  await giveUp(order)
  await shop.clock.advance(10 * MINUTE)
  expect((await verdict.order(order)).order.state).toBe('CLOSED')
  return order
}

describe('an order that the merchant gave up and the customer paid', () => {
  it('3.8 is SUCCESS, and the money goes back by itself', async () => {
    const order = await paidUnheard()
    await giveUp(order)
    await shop.clock.advance(5 * MINUTE)
    const { order: settled, lateMoney, refunds, journal } = await verdict.order(order)
    expect(settled).toMatchObject({ state: 'SUCCESS', dueAtMs: null, attention: null })
    expect(lateMoney).toMatchObject({ phase: 'returned' })
    expect(refunds).toMatchObject([{ origin: 'late_money', state: 'SUCCESS', amount: 1_234 }])
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ refunded: 1_234, kept: 0 })
    // The answer that settled it was fresh: no second one is needed. All refunds were asked for before ours was made.
    expect(journal.slice(-10).map(({ event, call, said }) => [event, call ?? said].join(' '))).toEqual([
      'answer query',
      'verdict SUCCESS',
      'late-money compare',
      'answer queryRefunds',
      'refund queued',
      'intent refund',
      'answer refund',
      'answer queryRefund',
      'refund SUCCESS',
      'late-money returned',
    ])
  })

  it('learnt by a callback, is refunded only after a fresh answer that it is paid', async () => {
    listening.to = verdict.callbacks
    const order = await placed()
    await giveUp(order)
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(5 * MINUTE)
    const { journal, refunds, order: settled } = await verdict.order(order)
    expect(settled).toMatchObject({ verdict: { learntBy: 'callback' } })
    const said = journal.map(({ event, call }) => [event, call].join(' '))
    const late = said.findIndex((line) => line.startsWith('late-money'))
    expect(said.slice(late, late + 5)).toEqual([
      'late-money ',
      'answer query',
      'answer queryRefunds',
      'refund ',
      'intent refund',
    ])
    expect(refunds).toMatchObject([{ state: 'SUCCESS', amount: 1_234 }])
  })

  it('accept: the money is kept', async () => {
    await reopen('accept')
    const order = await paidUnheard()
    await giveUp(order)
    await shop.clock.advance(5 * MINUTE)
    const { lateMoney, refunds, order: settled } = await verdict.order(order)
    expect(lateMoney).toMatchObject({ phase: 'accepted' })
    expect([refunds, settled.attention]).toEqual([[], null])
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ refunded: 0, kept: 1_234 })
  })

  it('ask: a person decides, and may refund it', async () => {
    await reopen('ask')
    const order = await paidUnheard()
    await giveUp(order)
    await shop.clock.advance(5 * MINUTE)
    expect(await verdict.order(order)).toMatchObject({
      lateMoney: { phase: 'asked' },
      refunds: [],
      order: { attention: 'late_money', dueAtMs: null },
    })
    const asked = verdict.refund(order, { idempotencyKey: 'by hand' })
    await shop.clock.advance(2 * MINUTE)
    await asked
    expect(await verdict.order(order)).toMatchObject({
      lateMoney: { phase: 'returned' },
      refunds: [{ state: 'SUCCESS', origin: 'asked' }],
      order: { attention: null },
    })
  })

  it('what others refunded already counts: only the rest goes back', async () => {
    const order = await paidUnheard()
    await shop.refundElsewhere(order.out_trade_no, 1_000)
    await giveUp(order)
    await shop.clock.advance(5 * MINUTE)
    expect(await verdict.order(order)).toMatchObject({
      lateMoney: { phase: 'returned' },
      refunds: [
        { origin: 'elsewhere', amount: 1_000, state: 'SUCCESS' },
        { origin: 'late_money', amount: 234, state: 'SUCCESS' },
      ],
    })
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ refunded: 1_234 })
  })

  it('nothing goes back twice where others refunded all of it', async () => {
    const order = await paidUnheard()
    await shop.refundElsewhere(order.out_trade_no, 1_234)
    await giveUp(order)
    await shop.clock.advance(5 * MINUTE)
    expect(await verdict.order(order)).toMatchObject({
      lateMoney: { phase: 'returned' },
      refunds: [{ origin: 'elsewhere' }],
    })
    expect(verdict.statistics.calls.refund).toBe(0)
  })

  it('twin: one that was not given up keeps its money', async () => {
    const order = await paidUnheard()
    await shop.clock.advance(5 * MINUTE)
    expect(await verdict.order(order)).toMatchObject({
      order: { state: 'SUCCESS' },
      lateMoney: null,
      refunds: [],
    })
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ kept: 1_234 })
  })

  it('under a mark about money is left to a person', async () => {
    const order = await paidUnheard()
    listening.to = verdict.callbacks
    await shop.callback(order.out_trade_no, 'callbackOtherAmount')
    listening.to = null
    await shop.clock.advance(5_000)
    const settled = (await verdict.order(order)).order
    expect(settled).toMatchObject({ state: 'SUCCESS', attention: 'amount_mismatch' })
    const other = await placed()
    await shop.pay(other.out_trade_no)
    await shop.clock.advance(10)
    await giveUp(other)
    listening.to = verdict.callbacks
    await shop.callback(other.out_trade_no, 'callbackOtherAmount')
    await shop.clock.advance(5 * MINUTE)
    expect(await verdict.order(other)).toMatchObject({
      order: { state: 'SUCCESS', attention: 'amount_mismatch' },
    })
    expect((await shop.truth(other.out_trade_no))?.refunds).toEqual([])
  })
})

describe('a payment in the last moment', () => {
  it('3.7 between the last query and the close of an order that was given up: SUCCESS, and refunded', async () => {
    await shop.close()
    shop = await Shop.open({ send: listening.send, callbackTargets: 'any' })
    let isPaid = false
    let number = ''
    verdict = await shop.verdict({
      between: (transport) => async (request) => {
        if (request.path.endsWith('/close') && !isPaid) {
          isPaid = true
          await shop.pay(number)
        }
        return transport(request)
      },
    })
    const order = await placed()
    number = order.out_trade_no
    await giveUp(order)
    await shop.clock.advance(20 * MINUTE)
    expect(isPaid).toBe(true)
    expect(await verdict.order(order)).toMatchObject({
      order: { state: 'SUCCESS' },
      lateMoney: { phase: 'returned' },
      refunds: [{ state: 'SUCCESS', amount: 1_234 }],
    })
  })

  it('before the revoke of a Quick Pay that was given up: the money is not kept', async () => {
    const order = await placed('quick_pay', TOTAL.paysBeforeEnding)
    await giveUp(order)
    await shop.clock.advance(20 * MINUTE)
    const truth = await shop.truth(order.out_trade_no)
    expect(truth).toMatchObject({ charged: TOTAL.paysBeforeEnding, kept: 0 })
    expect((await verdict.order(order)).order.state).toBe(truth?.moneyReturned ? 'REVOKED' : 'SUCCESS')
  })

  it('a lost reply to the refund of late money does not make a second one', async () => {
    await shop.close()
    shop = await Shop.open({ send: listening.send, callbackTargets: 'any' })
    verdict = await shop.verdict({ between: losing(/global.refunds$/, 2) })
    const order = await paidUnheard()
    await giveUp(order)
    await shop.clock.advance(30 * MINUTE)
    expect((await shop.truth(order.out_trade_no))?.refunds).toHaveLength(1)
    expect((await verdict.order(order)).lateMoney).toMatchObject({ phase: 'returned' })
  })
})

describe('a callback that comes after CLOSED', () => {
  it('makes nothing by itself: WeChat Pay does not say that it is paid, and a person is told', async () => {
    const order = await closedThenPaid()
    const { account } = shop
    const paid = await shop.signedCallback({
      mchid: account.mchid,
      out_trade_no: order.out_trade_no,
      transaction_id: '4200000001202611250000000001',
      trade_state: 'SUCCESS',
      success_time: '2026-06-08T10:34:56+08:00',
      amount: { total: 1_234, currency: 'HKD' },
    })
    expect(await shop.clock.during(verdict.callbacks(paid))).toEqual({ status: 204, body: '' })
    expect(await verdict.order(order)).toMatchObject({
      order: { state: 'CLOSED' },
      lateMoney: { phase: 'confirm' },
    })
    await shop.clock.advance(20 * MINUTE)
    expect(await verdict.order(order)).toMatchObject({
      order: { state: 'CLOSED', attention: 'late_money', dueAtMs: null },
      lateMoney: { phase: 'asked' },
      refunds: [],
    })
    expect(verdict.statistics.calls.refund).toBe(0)
    // A repeat changes nothing more.
    expect(await shop.clock.during(verdict.callbacks(paid))).toMatchObject({ status: 401 })
  })

  it('and is confirmed by a fresh answer: the verdict stays CLOSED, and the money goes back', async () => {
    // Somebody at WeChat Pay closed it by mistake, and it is paid after all: our close is accepted and has no effect.
    await shop.close()
    shop = await Shop.open({ send: listening.send, callbackTargets: 'any' })
    let lies = true
    verdict = await shop.verdict({
      sabotage: (gateway) => ({
        ...boundTo(gateway),
        query: async (key) => {
          const outcome = await gateway.query(key)
          if (!lies || outcome.kind !== 'answer') return outcome
          return { ...outcome, value: { ...outcome.value, trade_state: 'CLOSED' } }
        },
      }),
    })
    const order = await placed()
    await shop.clock.advance(15_000)
    expect((await verdict.order(order)).order.state).toBe('CLOSED')
    lies = false
    listening.to = verdict.callbacks
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(5 * MINUTE)
    expect(listening.answers.at(-1)?.status).toBe(204)
    expect(await verdict.order(order)).toMatchObject({
      order: { state: 'CLOSED' },
      lateMoney: { phase: 'returned', transaction_id: expect.stringMatching(/^42/) },
      refunds: [{ origin: 'late_money', state: 'SUCCESS', amount: 1_234 }],
    })
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ kept: 0 })
  })
})

function boundTo<T extends object>(target: T): T {
  return new Proxy(target, {
    get: (object, name) => {
      const value: unknown = Reflect.get(object, name)
      return typeof value === 'function' ? value.bind(object) : value
    },
    ownKeys: (object) => [...Reflect.ownKeys(Object.getPrototypeOf(object)), ...Reflect.ownKeys(object)],
    getOwnPropertyDescriptor: (object, name) => ({
      configurable: true,
      enumerable: name !== 'constructor',
      value: Reflect.get(object, name),
    }),
  })
}
