import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Refund } from '../../src/core/aftercare.ts'
import type { PlaceParameters, Verdict } from '../../src/verdict.ts'
import { Listening } from '../support/listening.ts'
import { orderOf, Shop } from '../support/shop.ts'
import { losing } from '../support/watched.ts'

/** Refunds with the real engine, gateway and store, against the simulator's truth. */
let shop: Shop
let verdict: Verdict
const listening = new Listening()

beforeEach(async () => {
  listening.to = null
  shop = await Shop.open({ send: listening.send, callbackTargets: 'any' })
  verdict = await shop.verdict()
})
afterEach(() => shop.close())

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** An order of `total`, paid and settled. */
async function paid(total = 20_000): Promise<PlaceParameters> {
  const order = orderOf('native', { amount: { total, currency: 'HKD' } })
  const placing = verdict.place(order)
  await shop.clock.advance(100)
  await placing
  await shop.pay(order.out_trade_no)
  await shop.clock.advance(15_000)
  return order
}

async function refund(order: PlaceParameters, amount: number | undefined, key: string): Promise<Refund> {
  const asked = verdict.refund(order, { ...(amount !== undefined && { amount }), idempotencyKey: key })
  // The caller stands still while it is written.
  asked.catch(() => {})
  await shop.clock.advance(5)
  return asked
}

async function refundsOf(order: PlaceParameters): Promise<readonly Refund[]> {
  return (await verdict.order(order)).refunds
}

const states = (refunds: readonly Refund[]) => refunds.map(({ state }) => state)

describe('a refund', () => {
  it('4.1 is asked for, sent, followed by queries, and ends SUCCESS', async () => {
    const order = await paid()
    const asked = await refund(order, undefined, 'r1')
    expect(asked).toMatchObject({ state: 'queued', amount: 20_000, origin: 'asked', key: 'r1' })
    expect(asked.out_refund_no).toMatch(/^native_\d+-R[0-9a-f]{24}$/)
    await shop.clock.advance(MINUTE)
    const [ended] = await refundsOf(order)
    expect(ended).toMatchObject({ state: 'SUCCESS', said: 'SUCCESS', attempts: 1 })
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ refunded: 20_000, kept: 0 })
    const { journal, order: after, proof } = await verdict.order(order)
    expect(after).toMatchObject({ state: 'SUCCESS', dueAtMs: null, attention: null })
    expect(proof).toMatchObject({ holds: true })
    expect(journal.slice(-5).map(({ event, call, said }) => [event, call ?? said].join(' '))).toEqual([
      'refund queued',
      'intent refund',
      'answer refund',
      'answer queryRefund',
      'refund SUCCESS',
    ])
  })

  it('is learnt at once from its callback', async () => {
    listening.to = verdict.callbacks
    const order = await paid()
    await refund(order, 500, 'r1')
    await shop.clock.advance(6_000)
    expect(states(await refundsOf(order))).toEqual(['SUCCESS'])
    expect(verdict.statistics.calls.queryRefund).toBe(0)
    expect(listening.answers.at(-1)).toEqual({ status: 204, body: '' })
    await shop.callback(order.out_trade_no, 'callbackTwice')
    expect(verdict.statistics.callbacks.repeated).toBe(2)
  })

  it('4.2 asked for twice with one key is one; two equal ones with two keys are two', async () => {
    const order = await paid()
    const [first, again] = [await refund(order, 700, 'r1'), await refund(order, 700, 'r1')]
    expect(again.out_refund_no).toBe(first.out_refund_no)
    const second = await refund(order, 700, 'r2')
    expect(second.out_refund_no).not.toBe(first.out_refund_no)
    await shop.clock.advance(5 * MINUTE)
    expect(states(await refundsOf(order))).toEqual(['SUCCESS', 'SUCCESS'])
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ refunded: 1_400 })
  })

  it('with the key of another is refused', async () => {
    const order = await paid()
    await refund(order, 700, 'r1')
    await expect(refund(order, 701, 'r1')).rejects.toMatchObject({ code: 'REFUND_CONFLICT' })
  })

  it('never takes more than was paid, whatever is still on its way', async () => {
    const order = await paid()
    await refund(order, 15_000, 'r1')
    await expect(refund(order, 5_001, 'r2')).rejects.toMatchObject({ code: 'REFUND_EXCEEDS' })
    await refund(order, 5_000, 'r3')
    await expect(refund(order, undefined, 'r4')).rejects.toMatchObject({ code: 'REFUND_EXCEEDS' })
    await shop.clock.advance(5 * MINUTE)
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ refunded: 20_000, kept: 0 })
  })

  it('two at once for the same money: one is refused', async () => {
    const order = await paid()
    const both = ['a', 'b'].map((key) => verdict.refund(order, { amount: 12_000, idempotencyKey: key }))
    const ended = Promise.allSettled(both)
    await shop.clock.advance(50)
    const results = await ended
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'REFUND_EXCEEDS' },
    })
  })

  it.each([
    [{ amount: 0, idempotencyKey: 'x' }, 'REFUND_INVALID'],
    [{ amount: 1.5, idempotencyKey: 'x' }, 'REFUND_INVALID'],
    [{ amount: 1, idempotencyKey: '' }, 'REFUND_INVALID'],
    [{ amount: 1, idempotencyKey: 'x', reason: '💸' }, 'REFUND_INVALID'],
    [{ amount: 1, idempotencyKey: 'x', reason: 'r'.repeat(81) }, 'REFUND_INVALID'],
  ])('%j is refused: %s', async (wish, code) => {
    const order = await paid()
    await expect(verdict.refund(order, wish)).rejects.toMatchObject({ code })
    expect(await refundsOf(order)).toEqual([])
  })

  it('of an order that is not paid is refused', async () => {
    const order = orderOf('native')
    const placing = verdict.place(order)
    await shop.clock.advance(100)
    await placing
    await expect(verdict.refund(order, { idempotencyKey: 'x' })).rejects.toMatchObject({
      code: 'ORDER_STATE',
    })
  })
})

describe('several refunds of one order', () => {
  it('are sent a minute apart, in their sequence', async () => {
    const order = await paid()
    for (const key of ['r1', 'r2', 'r3']) await refund(order, 100, key)
    const sentAtMs = async (): Promise<number[]> =>
      (await refundsOf(order)).flatMap((one) => (one.sentAtMs === null ? [] : [one.sentAtMs]))
    await shop.clock.advance(30_000)
    expect(await sentAtMs()).toHaveLength(1)
    await shop.clock.advance(3 * MINUTE)
    const [first = 0, second = 0, third = 0] = await sentAtMs()
    expect(second - first).toBeGreaterThanOrEqual(60_000)
    expect(third - second).toBeGreaterThanOrEqual(60_000)
    expect(states(await refundsOf(order))).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS'])
    // None was refused for coming too soon.
    const { journal } = await verdict.order(order)
    expect(journal.filter(({ event }) => event === 'refusal')).toEqual([])
  })

  it('are at most 50', async () => {
    const order = await paid()
    for (let i = 0; i < 50; i++) await refund(order, 1, `r${i}`)
    await expect(refund(order, 1, 'r50')).rejects.toMatchObject({ code: 'REFUNDS_TOO_MANY' })
    await shop.clock.advance(HOUR)
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ refunded: 50 })
  })
})

describe('when it is not answered', () => {
  it.each([
    ['a lost reply', { between: losing(/global.refunds$/, 1) }, {}],
    ['429 after it was accepted', {}, { rateLimitedAfter: 1 }],
    ['no reply, not done', {}, { noReplyBefore: 0.6 }],
    ['a reset, done', {}, { resetAfter: 0.6 }],
    ['a forged reply', {}, { wrongSignature: 0.6 }],
    ['system error, not done', {}, { systemErrorBefore: 0.6 }],
  ])('%s: the refund is made once, under one number', async (_, settings, faults) => {
    const order = await paid()
    await verdict.close()
    verdict = await shop.verdict(settings)
    await shop.clock.advance(10)
    await shop.faults(faults)
    await refund(order, 300, 'r1')
    await shop.clock.advance(20 * MINUTE)
    await shop.faults({ level: 'none' } as never)
    await shop.clock.advance(2 * HOUR)
    expect(states(await refundsOf(order))).toEqual(['SUCCESS'])
    const truth = await shop.truth(order.out_trade_no)
    expect(truth?.refunds).toHaveLength(1)
    expect(truth).toMatchObject({ refunded: 300 })
  })
})

describe('when WeChat Pay will not, or can not', () => {
  it('4.8 NOT_ENOUGH is no end: the same number again, with growing pauses', async () => {
    const order = await paid()
    await refund(order, 9_103, 'r1')
    await shop.clock.advance(5 * MINUTE)
    const [waiting] = await refundsOf(order)
    expect(waiting).toMatchObject({ state: 'queued', said: 'NOT_ENOUGH', attempts: 1 })
    await shop.clock.advance(30 * MINUTE)
    expect(await refundsOf(order)).toMatchObject([
      { state: 'SUCCESS', out_refund_no: waiting?.out_refund_no, attempts: 2 },
    ])
  })

  it('ABNORMAL marks the order, and is asked about slowly until somebody has mended it', async () => {
    const order = await paid()
    await refund(order, 9_101, 'r1')
    await shop.clock.advance(MINUTE)
    const [abnormal] = await refundsOf(order)
    expect(abnormal).toMatchObject({ state: 'processing', said: 'ABNORMAL' })
    expect((await verdict.order(order)).order.attention).toBe('refund_abnormal')
    await shop.mend(abnormal?.out_refund_no ?? '')
    await shop.clock.advance(3 * HOUR)
    expect(states(await refundsOf(order))).toEqual(['SUCCESS'])
    expect((await verdict.order(order)).order.attention).toBeNull()
  })

  it('REFUNDCLOSE is final for its number, marks the order, and frees the money for another', async () => {
    const order = await paid()
    await refund(order, 9_102, 'r1')
    await shop.clock.advance(2 * MINUTE)
    expect(states(await refundsOf(order))).toEqual(['CLOSED'])
    expect((await verdict.order(order)).order.attention).toBe('refund_closed')
    await refund(order, 20_000, 'r2')
    await shop.clock.advance(2 * MINUTE)
    expect(states(await refundsOf(order))).toEqual(['CLOSED', 'SUCCESS'])
  })

  it('PROCESSING for hours is asked about ever more rarely', async () => {
    const order = await paid()
    await refund(order, 9_104, 'r1')
    await shop.clock.advance(5 * HOUR)
    expect(states(await refundsOf(order))).toEqual(['SUCCESS'])
    expect(verdict.statistics.calls.queryRefund).toBeGreaterThan(5)
    expect(verdict.statistics.calls.queryRefund).toBeLessThan(40)
  })

  it('more than others left of it: refused for good, and what others refunded is counted', async () => {
    const order = await paid()
    await shop.refundElsewhere(order.out_trade_no, 15_000)
    await shop.clock.advance(MINUTE)
    await refund(order, 6_000, 'r1')
    await shop.clock.advance(3 * MINUTE)
    expect(await refundsOf(order)).toMatchObject([
      { state: 'REFUSED', amount: 6_000, said: 'INVALID_REQUEST' },
      { state: 'SUCCESS', origin: 'elsewhere', amount: 15_000, key: null },
    ])
    expect((await verdict.order(order)).order.attention).toBe('refund_refused')
    await expect(refund(order, 5_001, 'r2')).rejects.toMatchObject({ code: 'REFUND_EXCEEDS' })
    await refund(order, undefined, 'r3')
    await shop.clock.advance(3 * MINUTE)
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ refunded: 20_000 })
  })
})

describe('after a crash', () => {
  it('between intent and request the next process asks, and then sends the same number', async () => {
    const order = await paid()
    await verdict.close()
    // The process dies with the request: nothing leaves, and nobody hears of it.
    const dying = await shop.verdict({
      isMortal: true,
      between: (transport) => (request) =>
        request.path.endsWith('/refunds') && request.method === 'POST'
          ? new Promise(() => {})
          : transport(request),
    })
    const asked = dying.refund(order, { amount: 800, idempotencyKey: 'r1' })
    await shop.clock.advance(100)
    const { out_refund_no } = await asked
    verdict = dying
    expect(await refundsOf(order)).toMatchObject([{ state: 'requesting', attempts: 1 }])
    // Its claim is over by then; SQLite would free it at once.
    verdict = await shop.verdict()
    await shop.clock.advance(5 * MINUTE)
    expect(await refundsOf(order)).toMatchObject([{ state: 'SUCCESS', out_refund_no, attempts: 2 }])
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ refunded: 800 })
  })

  it('and a restored backup, the same key asks for the same refund: the money goes back once', async () => {
    const order = await paid()
    const first = await refund(order, 800, 'r1')
    await shop.clock.advance(MINUTE)
    const { sqliteStore } = await import('../../src/store/sqlite/index.ts')
    const restored = await sqliteStore({ file: ':memory:' })
    const other = await shop.verdict({ store: restored })
    const tracking = other.track({ out_trade_no: order.out_trade_no, kind: 'native', amount: order.amount })
    await shop.clock.advance(15_000)
    await tracking
    const again = other.refund(order, { amount: 800, idempotencyKey: 'r1' })
    await shop.clock.advance(MINUTE)
    expect((await again).out_refund_no).toBe(first.out_refund_no)
    expect((await other.order(order)).refunds).toMatchObject([{ state: 'SUCCESS' }])
    expect((await shop.truth(order.out_trade_no))?.refunds).toHaveLength(1)
    const closing = other.close()
    await shop.clock.advance(5_000)
    await closing
    await restored.close()
  })
})
