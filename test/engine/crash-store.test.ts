import { afterEach, describe, expect, it } from 'vitest'
import type { PlaceParameters, Verdict } from '../../src/verdict.ts'
import { Listening } from '../support/listening.ts'
import { orderOf, Shop } from '../support/shop.ts'
import { type Around, forever, watchedStore } from '../support/watched.ts'

/**
 * A payment that a callback tells, a refund, and messages about both, with a store that fails at its first, second, third …
 * call, before the effect or after it. Whoever was refused asks again; everything ends all the same.
 */
let shop: Shop
afterEach(() => shop.close())

const SECOND = 1_000
const MINUTE = 60 * SECOND

/** Once it is open: what `open` can't read or write it says itself. */
async function live(around: Around) {
  let isOpen = false
  const listening = new Listening()
  shop = await Shop.open({ send: listening.send, callbackTargets: 'any' })
  const heard: string[] = []
  const handler = (_: unknown, { type }: { readonly type: string }): void => void heard.push(type)
  const order = orderOf('native', { out_trade_no: 'N1' })
  const verdict = await shop.verdict({
    store: watchedStore(shop.store, (what, call, args) => (isOpen ? around(what, call, args) : call())),
    options: { onVerdict: handler, onRefund: handler },
  })
  isOpen = true
  listening.to = verdict.callbacks
  await persistently(() => verdict.place(order))
  await shop.pay('N1')
  await shop.clock.advance(20 * SECOND)
  await persistently(() => refundOf(verdict, order))
  // Claims of which nobody knows end in the meantime.
  await shop.clock.advance(40 * MINUTE)
  isOpen = false
  const ended = await verdict.order(order)
  return {
    heard,
    state: ended.order.state,
    dueAtMs: ended.order.dueAtMs,
    refunds: ended.refunds.map(({ state }) => state),
    made: (await shop.truth('N1'))?.refunds.length,
    deliveries: ended.deliveries.map(({ state }) => state),
    verdicts: ended.journal.filter(({ event }) => event === 'verdict').length,
    strays: (await shop.store.strays(10)).length,
    wrong: await shop.wrong(),
    timers: shop.clock.timers,
  }
}

function refundOf(verdict: Verdict, order: PlaceParameters): Promise<unknown> {
  return verdict.refund(order, { amount: 700, idempotencyKey: 'r1' })
}

/** As a caller who is told of a failure asks again, and who waits as long as Verdict may need. */
async function persistently(call: () => Promise<unknown>): Promise<void> {
  let outcome = 'failed'
  for (let times = 0; times < 3 && outcome === 'failed'; times++) {
    outcome = 'open'
    call().then(
      () => {
        outcome = 'done'
      },
      () => {
        outcome = 'failed'
      },
    )
    for (let s = 0; s < 70 && outcome === 'open'; s++) await shop.clock.advance(SECOND)
  }
  expect(outcome).toBe('done')
}

/** Fails once, at the n-th call; counts the calls. */
function failingAt(nth: number, isDone: boolean) {
  const calls: string[] = []
  const around: Around = async (what, call) => {
    calls.push(what)
    const fails = calls.length === nth
    if (fails && isDone) await call()
    if (fails) throw new Error('no space left')
    return call()
  }
  return { around, calls }
}

const WHOLE = {
  ...{ state: 'SUCCESS', dueAtMs: null, verdicts: 1, refunds: ['SUCCESS'], made: 1 },
  ...{ deliveries: ['sent', 'sent'], strays: 0, wrong: [], timers: 0 },
}

describe('a store that fails once', () => {
  it.each([
    ['before it wrote', false],
    ['after it wrote', true],
  ])('%s, at any call: everything ends, and once', async (_, isDone) => {
    const { around, calls } = failingAt(0, isDone)
    expect(await live(around)).toMatchObject({ ...WHOLE, heard: ['order.verdict', 'order.refund'] })
    const count = calls.length
    expect(count).toBeGreaterThan(30)
    await shop.close()
    for (let nth = 1; nth <= count; nth++) {
      const failing = failingAt(nth, isDone)
      const { heard, ...ended } = await live(failing.around)
      const failed = `${failing.calls[nth - 1]}, call ${nth}`
      expect({ failed, ...ended }).toEqual({ failed, ...WHOLE })
      expect({ failed, told: [...new Set(heard)] }).toEqual({
        failed,
        told: ['order.verdict', 'order.refund'],
      })
      await shop.close()
    }
    shop = await Shop.open()
  })
})

describe('a store that hangs', () => {
  it.each(['claimDeliveries', 'nextDeliveryAtMs', 'finishDeliveries'])(
    'at %s stops messages and nothing else: orders are settled and refunded',
    async (hangs) => {
      const listening = new Listening()
      shop = await Shop.open({ send: listening.send, callbackTargets: 'any' })
      const verdict = await shop.verdict({
        isMortal: true,
        store: watchedStore(shop.store, (what, call) => (what === hangs ? forever() : call())),
        options: { onVerdict: () => {} },
      })
      listening.to = verdict.callbacks
      for (let i = 0; i < 3; i++) {
        const order = orderOf('native')
        await shop.clock.during(verdict.place(order))
        await shop.pay(order.out_trade_no)
        await shop.clock.advance(20 * SECOND)
        await shop.clock.during(refundOf(verdict, order))
        await shop.clock.advance(MINUTE)
        expect(await verdict.order(order)).toMatchObject({
          order: { state: 'SUCCESS' },
          refunds: [{ state: 'SUCCESS' }],
        })
      }
    },
  )

  it.each(['straysToTell', 'keepStray'])(
    'at %s stops only what waits for its order: callbacks of others are applied',
    async (hangs) => {
      const listening = new Listening()
      shop = await Shop.open({ send: listening.send, callbackTargets: 'any' })
      const stuck = watchedStore(shop.store, (what, call) => (what === hangs ? forever() : call()))
      const verdict = await shop.verdict({ isMortal: true, store: stuck })
      listening.to = verdict.callbacks
      const { account } = shop
      const unknown = await shop.signedCallback({
        ...{ mchid: account.mchid, out_trade_no: 'nobody', trade_state: 'SUCCESS' },
        ...{ amount: { total: 1, currency: 'HKD' }, transaction_id: '42' },
      })
      const answered = verdict.callbacks(unknown)
      await shop.clock.advance(5 * SECOND)
      expect((await answered).status).toBe(hangs === 'keepStray' ? 503 : 404)
      const order = orderOf('native')
      await shop.clock.during(verdict.place(order))
      await shop.pay(order.out_trade_no)
      await shop.clock.advance(SECOND)
      expect((await verdict.order(order)).order).toMatchObject({ state: 'SUCCESS', queries: 0 })
    },
  )
})
