import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/errors.ts'
import type { Verdict } from '../../src/verdict.ts'
import { hkd, orderOf, Shop, TOTAL } from '../support/shop.ts'
import { losing, watchedStore, watchedWire } from '../support/watched.ts'

/** What callers may ask of Verdict, and what they are told. */
let shop: Shop
let verdict: Verdict
beforeEach(async () => {
  shop = await Shop.open()
  verdict = await shop.verdict()
})
afterEach(() => shop.close())

/** Lets a call finish while time goes on. */
async function during<Result>(ms: number, call: Promise<Result>): Promise<Result> {
  call.catch(() => {})
  await shop.clock.advance(ms)
  return call
}

const coded = (code: ErrorCode) => expect.objectContaining({ code })
const placed = (kind: Parameters<typeof orderOf>[0], more = {}) => {
  const order = orderOf(kind, more)
  return during(100, verdict.place(order)).then((result) => ({ order, result }))
}

describe('placing the same number again', () => {
  it('with the same parameters gives the order that exists, with its credential, and sends nothing', async () => {
    const { order, result } = await placed('native')
    const again = await during(100, verdict.place({ ...order }))
    expect(again).toMatchObject({
      repeated: true,
      credential: result.credential,
      order: { id: result.order.id },
    })
    expect(result.credential).toMatchObject({ name: 'code_url' })
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ received: 1 })
  })

  it.each([
    ['amount', { amount: { total: 1235, currency: 'HKD' } }],
    ['description', { description: 'Green tea' }],
    ['kind', { kind: 'app' }],
    ['purchase', { purchase: 'another' }],
  ] as const)('with another %s it is refused, and changes nothing', async (_, other) => {
    const { order } = await placed('native')
    await expect(during(100, verdict.place({ ...order, ...other }))).rejects.toEqual(coded('ORDER_CONFLICT'))
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ received: 1, total: 1234 })
  })

  it('with another auth_code it is refused, whatever became of the first', async () => {
    const { order } = await placed('quick_pay')
    expect(await verdict.settled(order)).toMatchObject({ state: 'SUCCESS' })
    const other = { ...order, payer: { auth_code: '139999999999999999' } }
    await expect(during(100, verdict.place(other))).rejects.toEqual(coded('ORDER_CONFLICT'))
    expect(await during(100, verdict.place(order))).toMatchObject({ repeated: true })
  })

  it('gives the order that exists even when its time_expire has passed since', async () => {
    const time_expire = '2026-06-08T10:10:00+08:00'
    const { order } = await placed('native', { time_expire })
    await shop.clock.advance(3_600_000)
    expect(await during(100, verdict.place(order))).toMatchObject({
      repeated: true,
      order: { state: 'CLOSED' },
    })
    const fresh = orderOf('native', { time_expire })
    await expect(verdict.place(fresh)).rejects.toEqual(coded('ORDER_INVALID'))
  })

  it('while the first is still on its way both get its credential, and one request leaves', async () => {
    const order = orderOf('jsapi')
    const both = await during(100, Promise.all([verdict.place(order), verdict.place({ ...order })]))
    expect(both.map(({ repeated }) => repeated).sort()).toEqual([false, true])
    expect(both[0].credential).toEqual(both[1].credential)
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ received: 1 })
  })

  it('bad input is told before anything is written or sent', async () => {
    const order = orderOf('quick_pay', hkd(0))
    await expect(verdict.place(order)).rejects.toEqual(coded('ORDER_INVALID'))
    await expect(verdict.order(order)).rejects.toEqual(coded('ORDER_UNKNOWN'))
    expect(await shop.truth(order.out_trade_no)).toBeNull()
  })
})

describe('one purchase, one payment', () => {
  it('a second number is refused while the first is open or paid, and taken once it ended unpaid', async () => {
    const purchase = 'cart 1'
    const { order } = await placed('native', { purchase })
    const second = orderOf('native', { purchase })
    await expect(during(100, verdict.place(second))).rejects.toEqual(coded('PURCHASE_TAKEN'))
    expect(await shop.truth(second.out_trade_no)).toBeNull()
    await during(400_000, verdict.giveUp(order))
    expect(await verdict.settled(order)).toMatchObject({ state: 'CLOSED' })
    expect(await during(100, verdict.place(second))).toMatchObject({ repeated: false })
    await shop.pay(second.out_trade_no)
    await shop.clock.advance(20_000)
    expect(await verdict.settled(second)).toMatchObject({ state: 'SUCCESS' })
    const third = orderOf('native', { purchase })
    await expect(during(100, verdict.place(third))).rejects.toEqual(coded('PURCHASE_TAKEN'))
  })

  it('two numbers for it at the same moment: one is placed', async () => {
    const orders = [orderOf('app', { purchase: 'cart 2' }), orderOf('app', { purchase: 'cart 2' })]
    const results = await during(100, Promise.allSettled(orders.map((order) => verdict.place(order))))
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect((await shop.statistics()).orders).toBe(1)
  })
})

describe('tracking what somebody else placed', () => {
  /** An order that is at WeChat Pay and not in this store. */
  async function elsewhere(kind: 'native' | 'quick_pay') {
    const order = orderOf(kind, kind === 'quick_pay' ? hkd(TOTAL.never) : {})
    const other = await Shop.open()
    const elsewhereVerdict = await shop.verdict({ store: other.store })
    await during(100, elsewhereVerdict.place(order))
    await during(0, elsewhereVerdict.close())
    await other.close()
    const { out_trade_no, amount } = order
    return { out_trade_no, amount, kind }
  }

  it('without leave to end it, it is asked ever more slowly, shown to a person, and never closed', async () => {
    const order = await elsewhere('native')
    expect(await during(100, verdict.track(order))).toMatchObject({ origin: 'tracked', mayEnd: false })
    await shop.clock.advance(4 * 3_600_000)
    expect(await verdict.order(order)).toMatchObject({ order: { state: 'waiting', attention: 'unfinished' } })
    expect((await shop.statistics()).calls).not.toHaveProperty('close')
    await shop.pay(order.out_trade_no).catch(() => {})
  })

  it('with `end` it is closed when its window is over', async () => {
    const order = await elsewhere('native')
    await during(100, verdict.track({ ...order, end: true }))
    await shop.clock.advance(1_000_000)
    expect(await verdict.settled(order)).toMatchObject({ state: 'CLOSED' })
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ trade_state: 'CLOSED' })
  })

  it('again with the same parameters gives the same order, with another `end` it is refused', async () => {
    const order = await elsewhere('native')
    const first = await during(100, verdict.track(order))
    expect(await during(100, verdict.track(order))).toMatchObject({ id: first.id })
    await expect(during(100, verdict.track({ ...order, end: true }))).rejects.toEqual(coded('ORDER_CONFLICT'))
  })

  it('a number that Verdict placed is no order of somebody else', async () => {
    const { order } = await placed('native')
    const { out_trade_no, amount } = order
    const tracked = during(100, verdict.track({ out_trade_no, amount, kind: 'native' }))
    await expect(tracked).rejects.toEqual(coded('ORDER_CONFLICT'))
  })

  it.each([0, -1, 1.5, Number.NaN, Date.UTC(2030, 0, 1)])(
    'createdAtMs %d is refused',
    async (createdAtMs) => {
      const order = { out_trade_no: 'T1', kind: 'native', ...hkd(1), createdAtMs } as const
      await expect(verdict.track(order)).rejects.toEqual(coded('ORDER_INVALID'))
    },
  )
})

describe('giving up', () => {
  it('a placing that is on its way: ended after its reply', async () => {
    const slow = await shop.verdict({ between: slowWire })
    const order = orderOf('native')
    const placing = slow.place(order)
    await shop.clock.advance(1_000)
    expect(await during(100, slow.giveUp(order))).toMatchObject({ state: 'ending' })
    await shop.clock.advance(400_000)
    await placing
    expect(await slow.settled(order)).toMatchObject({ state: 'CLOSED' })
    expect(await shop.wrong()).toEqual([])
  })

  it('an order that waits: asked at once, then ended as soon as WeChat Pay allows', async () => {
    const { order } = await placed('quick_pay', hkd(TOTAL.never))
    const before = (await shop.statistics()).calls.query ?? 0
    expect(await during(100, verdict.giveUp(order))).toMatchObject({ state: 'ending' })
    expect((await shop.statistics()).calls.query).toBe(before + 1)
    await shop.clock.advance(16_000)
    expect(await verdict.settled(order)).toMatchObject({ state: 'REVOKED' })
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ trade_state: 'REVOKED' })
  })

  it('an order in its ending, and one that was given up before, stay as they are', async () => {
    const { order } = await placed('native')
    const first = await during(100, verdict.giveUp(order))
    const second = await during(100, verdict.giveUp(order))
    expect(second).toMatchObject({ state: 'ending', givenUpAtMs: first.givenUpAtMs })
  })

  it('an order that ended unpaid stays as it is', async () => {
    const { order } = await placed('native')
    await during(400_000, verdict.giveUp(order))
    expect(await verdict.giveUp(order)).toMatchObject({ state: 'CLOSED' })
  })

  it('a paid order is refused', async () => {
    const { order } = await placed('quick_pay')
    await expect(verdict.giveUp(order)).rejects.toEqual(coded('ORDER_STATE'))
  })

  it('a tracked order without leave to end it: the merchant ends it by giving it up', async () => {
    const { order } = await placed('native')
    const { out_trade_no, amount } = order
    const other = await Shop.open()
    const second = await shop.verdict({ store: other.store })
    await during(100, second.track({ out_trade_no, amount, kind: 'native' }))
    await during(400_000, second.giveUp(order))
    expect(await second.settled(order)).toMatchObject({ state: 'CLOSED' })
    await during(0, second.close())
    await other.close()
  })

  it('an unknown number is told so', async () => {
    await expect(verdict.giveUp({ out_trade_no: 'nobody' })).rejects.toEqual(coded('ORDER_UNKNOWN'))
  })
})

const slowWire = watchedWire(async (_, call) => {
  await delay(3_000)
  return call()
})
const delay = (ms: number): Promise<void> => new Promise((resolve) => void shop.clock.after(ms, resolve))

describe('waiting for the verdict', () => {
  it('resolves for all who wait, in the moment of the commit', async () => {
    const { order } = await placed('native')
    const waiting = [verdict.settled(order), verdict.settled(order, { waitMs: 60_000 })]
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(12_000)
    const verdicts = await Promise.all(waiting)
    expect(verdicts[0]).toMatchObject({ state: 'SUCCESS' })
    expect(verdicts[1]).toEqual(verdicts[0])
  })

  it('ends after waitMs, leaves no timer behind, and the order goes on', async () => {
    const { order } = await placed('native')
    const timers = shop.clock.timers
    const waiting = verdict.settled(order, { waitMs: 1_000 })
    waiting.catch(() => {})
    await shop.clock.advance(999)
    expect(shop.clock.timers).toBe(timers + 1)
    await shop.clock.advance(1)
    await expect(waiting).rejects.toEqual(coded('NOT_SETTLED_YET'))
    expect(shop.clock.timers).toBe(timers)
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(15_000)
    expect(await verdict.settled(order)).toMatchObject({ state: 'SUCCESS' })
  })

  it('leaves no timer behind when the verdict comes first', async () => {
    const { order } = await placed('quick_pay', hkd(TOTAL.after5s))
    const waiting = verdict.settled(order, { waitMs: 3_600_000 })
    await shop.clock.advance(10_000)
    await waiting
    await shop.clock.advance(60_000)
    expect(shop.clock.timers).toBe(0)
  })

  it('a number nobody knows, and an account that is not open, are told so', async () => {
    await expect(verdict.settled({ out_trade_no: 'nobody' })).rejects.toEqual(coded('ORDER_UNKNOWN'))
    const foreign = { account: '1999999999', out_trade_no: 'A1' }
    await expect(verdict.settled(foreign)).rejects.toEqual(coded('ACCOUNT_UNKNOWN'))
    await expect(verdict.place({ ...orderOf('native'), ...foreign })).rejects.toEqual(
      coded('ACCOUNT_UNKNOWN'),
    )
    await expect(verdict.giveUp(foreign)).rejects.toEqual(coded('ACCOUNT_UNKNOWN'))
  })
})

describe('a placing without a reply', () => {
  it('resolves after the last repeat, without a credential, and leaves no timer of its own', async () => {
    const deaf = await shop.verdict({ between: losing(/native$/) })
    const order = orderOf('native')
    const result = await during(40_000, deaf.place(order))
    expect(result).toMatchObject({ credential: null, order: { state: 'waiting', placings: 4 } })
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(120_000)
    expect(await deaf.settled(order)).toMatchObject({ state: 'SUCCESS' })
    expect(shop.clock.timers).toBe(0)
  })
})

describe('closing', () => {
  it('whoever waits hears CLOSED, and whoever comes later too', async () => {
    const { order } = await placed('native')
    const settled = verdict.settled(order)
    settled.catch(() => {})
    await during(0, verdict.close())
    await expect(settled).rejects.toEqual(coded('CLOSED'))
    await expect(verdict.place(orderOf('native'))).rejects.toEqual(coded('CLOSED'))
    await expect(verdict.settled(order)).rejects.toEqual(coded('CLOSED'))
    await expect(verdict.giveUp(order)).rejects.toEqual(coded('CLOSED'))
    await expect(verdict.track({ ...order })).rejects.toEqual(coded('CLOSED'))
    await verdict.close()
  })

  it('finishes what is under way: the reply to a placing is written and its caller told', async () => {
    const slow = await shop.verdict({ between: slowWire })
    const order = orderOf('quick_pay')
    const placing = slow.place(order)
    await shop.clock.advance(1_000)
    let isClosed = false
    const closing = slow.close().then(() => {
      isClosed = true
    })
    await shop.clock.advance(1_900)
    expect(isClosed).toBe(false)
    await shop.clock.advance(200)
    await closing
    expect(await placing).toMatchObject({ order: { state: 'SUCCESS' } })
  })

  it('a placing that is just being written is sent and finished, not lost between the two', async () => {
    const order = orderOf('quick_pay')
    const placing = verdict.place(order)
    await shop.clock.advance(1)
    await during(100, verdict.close())
    expect(await placing).toMatchObject({ order: { state: 'SUCCESS' } })
    expect(await shop.truth(order.out_trade_no)).toMatchObject({ received: 1 })
  })

  it('a placing that waits for its budget hears CLOSED, and nothing was written', async () => {
    const thrifty = await shop.verdict({ account: { limits: { place: 0.01 } } })
    await during(100, thrifty.place(orderOf('native')))
    const order = orderOf('native')
    const waiting = thrifty.place(order)
    waiting.catch(() => {})
    await shop.clock.advance(50_000)
    await during(0, thrifty.close())
    await expect(waiting).rejects.toEqual(coded('CLOSED'))
    await expect(verdict.order(order)).rejects.toEqual(coded('ORDER_UNKNOWN'))
  })

  it('a placing whose repeats are still to come hears CLOSED, and another Verdict goes on with it at once', async () => {
    const deaf = await shop.verdict({ between: losing(/native$/) })
    const order = orderOf('native')
    const placing = deaf.place(order)
    placing.catch(() => {})
    await shop.clock.advance(100)
    await during(0, verdict.close())
    await during(100, deaf.close())
    await expect(placing).rejects.toEqual(coded('CLOSED'))
    const next = await shop.verdict()
    await shop.clock.advance(3_000)
    expect(await during(0, next.place(order))).toMatchObject({
      repeated: true,
      credential: { name: 'code_url' },
    })
  })

  it('claims are given back: another Verdict asks at the due time, not when they are over', async () => {
    const { order } = await placed('quick_pay', hkd(TOTAL.after5s))
    await during(0, verdict.close())
    const next = await shop.verdict()
    await shop.clock.advance(10_000)
    expect(await next.settled(order)).toMatchObject({ state: 'SUCCESS' })
  })

  it('resolves and ends the connections even if the store cannot take the claims back', async () => {
    let isEnded = false
    const store = watchedStore(shop.store, async (what, call) => {
      if (what === 'release') throw new Error('no store')
      return call()
    })
    const between = (transport: Parameters<ReturnType<typeof losing>>[0]) =>
      Object.assign((...args: Parameters<typeof transport>) => transport(...args), {
        end: async () => {
          isEnded = true
        },
      })
    const stubborn = await shop.verdict({ store, between })
    await during(100, stubborn.place(orderOf('quick_pay', hkd(TOTAL.after5s))))
    await during(0, stubborn.close())
    expect(isEnded).toBe(true)
  })

  it('leaves no timer behind', async () => {
    await placed('native')
    await placed('quick_pay', hkd(TOTAL.never))
    await during(100, verdict.close())
    expect(shop.clock.timers).toBe(0)
  })

  it('twin: without close the timers stay', async () => {
    await placed('native')
    expect(shop.clock.timers).toBeGreaterThan(0)
  })
})
