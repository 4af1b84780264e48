import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hkd, orderOf, Shop, TOTAL } from '../support/shop.ts'
import { losing, watchedStore, watchedWire } from '../support/watched.ts'

/** Quick Pay leaves at most once, whoever asks how often, and whatever fails. */
let shop: Shop
beforeEach(async () => {
  shop = await Shop.open()
})
afterEach(() => shop.close())

const received = async (out_trade_no: string): Promise<number> =>
  (await shop.truth(out_trade_no))?.received ?? 0

describe('Quick Pay is sent at most once', () => {
  it('by twenty callers at the same moment, of whom all are told the same', async () => {
    const verdict = await shop.verdict()
    const order = orderOf('quick_pay')
    const placing = Promise.all(Array.from({ length: 20 }, () => verdict.place({ ...order })))
    await shop.clock.advance(5_000)
    const placed = await placing
    expect(placed.filter(({ repeated }) => !repeated)).toHaveLength(1)
    expect(new Set(placed.map(({ order: { state } }) => state))).toEqual(new Set(['SUCCESS']))
    expect(await received(order.out_trade_no)).toBe(1)
  })

  it('by two Verdicts on one store', async () => {
    const both = await Promise.all([shop.verdict(), shop.verdict()])
    const order = orderOf('quick_pay', hkd(TOTAL.after5s))
    const placing = Promise.all(both.map((verdict) => verdict.place({ ...order })))
    await shop.clock.advance(120_000)
    expect((await placing).map(({ repeated }) => repeated).sort()).toEqual([false, true])
    expect(await received(order.out_trade_no)).toBe(1)
    expect(await shop.wrong()).toEqual([])
  })

  it('when its reply is lost and its caller asks again and again', async () => {
    const verdict = await shop.verdict({ between: losing(/micropay.*pay$/) })
    const order = orderOf('quick_pay', hkd(TOTAL.after5s))
    for (let i = 0; i < 5; i++) {
      const placing = verdict.place(order)
      await shop.clock.advance(2_000)
      await placing
    }
    expect(await verdict.settled(order)).toMatchObject({ state: 'SUCCESS' })
    expect(await received(order.out_trade_no)).toBe(1)
  })

  it('when it could not be sent in time: never then, and the number ends NOT_CREATED', async () => {
    const store = watchedStore(shop.store, async (what, call) => {
      const result = await call()
      if (what === 'insert') await new Promise<void>((resolve) => void shop.clock.after(11_000, resolve))
      return result
    })
    const verdict = await shop.verdict({ store })
    const order = orderOf('quick_pay')
    verdict.place(order).catch(() => {})
    await shop.clock.advance(600_000)
    expect(await verdict.settled(order)).toMatchObject({ state: 'NOT_CREATED' })
    expect((await shop.statistics()).calls).not.toHaveProperty('place')
    expect(await shop.wrong()).toEqual([])
    // A query that is signed ahead of its moment still counts as asked at it: none comes twice in a row.
    const { journal } = await verdict.order(order)
    const askedAtMs = journal.filter(({ call }) => call === 'query').map(({ atMs }) => atMs)
    const gapsMs = askedAtMs.slice(1).map((atMs, i) => atMs - (askedAtMs[i] ?? 0))
    expect(gapsMs.length).toBeGreaterThan(5)
    expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(3_000)
  })

  /** Lives one Quick Pay with the store failing at its n-th write, once; returns how many writes there were. */
  async function failingAt(nth: number, isDone: boolean, sent: string[] = []): Promise<number> {
    let writes = 0
    const store = watchedStore(shop.store, async (what, call) => {
      if (what !== 'insert' && what !== 'commit') return call()
      writes += 1
      const fails = writes === nth
      if (fails && isDone) await call()
      if (fails) throw new Error('no space left')
      return call()
    })
    const between = watchedWire((what, call) => {
      sent.push(what)
      return call()
    })
    const verdict = await shop.verdict({ store, between })
    const order = orderOf('quick_pay', hkd(TOTAL.never))
    for (let i = 0; i < 2; i++) {
      verdict.place(order).catch(() => {})
      await shop.clock.advance(300_000)
    }
    await shop.clock.advance(600_000)
    expect(await shop.wrong()).toEqual([])
    expect(await verdict.settled(order)).toMatchObject({
      state: expect.stringMatching(/REVOKED|NOT_CREATED/),
    })
    expect(sent.filter((what) => /micropay.*pay$/.test(what)).length).toBeLessThanOrEqual(1)
    return writes
  }

  it('with the store failing at any write, its caller asking again', async () => {
    const writes = await failingAt(0, false)
    expect(writes).toBeGreaterThan(8)
    for (const isDone of [false, true]) {
      for (let nth = 1; nth <= writes; nth++) {
        await shop.close()
        shop = await Shop.open()
        await failingAt(nth, isDone)
      }
    }
  })

  it('twin: the requests of a native order are repeated, and counted', async () => {
    const verdict = await shop.verdict({ between: losing(/native$/) })
    const order = orderOf('native')
    verdict.place(order).catch(() => {})
    await shop.clock.advance(60_000)
    expect(await received(order.out_trade_no)).toBe(4)
  })
})
