import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tracked } from '../../src/core/testing.ts'
import type { HttpRequest, HttpResult } from '../../src/gateway/wechatpay/transport.ts'
import type { NewOrder } from '../../src/store/store.ts'
import { hkd, orderOf, Shop, TOTAL } from '../support/shop.ts'
import { type Around, forever, watchedStore, watchedWire, withOther } from '../support/watched.ts'

/** When calls leave: budget, breaker, sleep, and who goes first. */
let shop: Shop
beforeEach(async () => {
  shop = await Shop.open()
})
afterEach(() => shop.close())

interface Sent {
  readonly atMs: number
  readonly what: string
}

/** A wire that notes when what left. */
function noting(sent: Sent[]) {
  return watchedWire((what, call) => {
    sent.push({ atMs: shop.clock.nowMs(), what })
    return call()
  })
}

/** Puts orders of somebody else's into the store, due at the given moments and claimed by nobody. */
async function enter(dueAtMs: readonly number[], kind: 'native' | 'quick_pay' = 'native'): Promise<void> {
  const account = shop.account.mchid
  const orders = dueAtMs.map((ms, i): NewOrder => {
    const { id: _, ...order } = tracked(kind, { account, out_trade_no: `E${i}`, windowEndAtMs: ms + 900_000 })
    const created = { createdAtMs: ms, latestPlacingAtMs: ms, dueAtMs: ms, state: 'waiting' } as const
    return { order: { ...order, ...created }, fingerprint: 'f', body: null, journal: [] }
  })
  const inserted = await shop.store.insert(orders, { worker: 'test', untilMs: shop.clock.nowMs() })
  const ids = inserted.flatMap((one) => (one.outcome === 'inserted' ? [one.order.id] : []))
  await shop.store.release(ids, 'test')
}

async function during<Result>(ms: number, call: Promise<Result>): Promise<Result> {
  call.catch(() => {})
  await shop.clock.advance(ms)
  return call
}

function mostInOneSecond(atMs: readonly number[]): number {
  return Math.max(0, ...atMs.map((from) => atMs.filter((ms) => ms >= from && ms < from + 1_000).length))
}

describe('the budget of an account', () => {
  it('no second holds more than budget and burst, however much is due; and all of it is used', async () => {
    const sent: Sent[] = []
    await enter(Array.from({ length: 300 }, () => shop.clock.nowMs()))
    await shop.verdict({ between: noting(sent), account: { limits: { query: 50 } } })
    await shop.clock.advance(4_000)
    const atMs = sent.map((one) => one.atMs)
    expect(mostInOneSecond(atMs)).toBeLessThanOrEqual(55)
    expect(atMs.length).toBeGreaterThanOrEqual(4 * 50 - 1)
  })

  it('placings of callers and of the loop share one budget', async () => {
    const sent: Sent[] = []
    // Unsigned replies prove nothing, so every placing is repeated; the breaker sees that somebody is there.
    const between = watchedWire(async (what, call) => {
      sent.push({ atMs: shop.clock.nowMs(), what })
      const result = await call()
      return what.includes('POST') ? { ...result, headers: {} } : result
    })
    const verdict = await shop.verdict({ between, account: { limits: { place: 10 } } })
    const placing = Promise.all(Array.from({ length: 25 }, () => verdict.place(orderOf('native'))))
    await during(60_000, placing)
    const placed = sent.filter(({ what }) => what.includes('POST')).map(({ atMs }) => atMs)
    expect(placed.length).toBe(25 * 4)
    expect(mostInOneSecond(placed)).toBeLessThanOrEqual(11)
  })

  it('nor when a slow write lets go of all that waited for it', async () => {
    const sent: Sent[] = []
    let written: Promise<void> | null = null
    const store = watchedStore(shop.store, async (what, call) => {
      if (what === 'insert') await written
      return call()
    })
    const verdict = await shop.verdict({ between: noting(sent), store, account: { limits: { place: 10 } } })
    const slow = Promise.withResolvers<void>()
    written = slow.promise
    const placing = Promise.all(Array.from({ length: 60 }, () => verdict.place(orderOf('native'))))
    await shop.clock.advance(5_000)
    expect(sent).toEqual([])
    slow.resolve()
    await during(120_000, placing)
    const placings = sent.filter(({ what }) => what.includes('POST')).map(({ atMs }) => atMs)
    expect(placings.length).toBeGreaterThanOrEqual(60)
    expect(mostInOneSecond(placings)).toBeLessThanOrEqual(10 + 1)
  })

  it('an exhausted budget for closes holds up no query', async () => {
    const sent: Sent[] = []
    const verdict = await shop.verdict({ between: noting(sent), account: { limits: { close: 0.05 } } })
    const orders = Array.from({ length: 10 }, () => orderOf('native'))
    await during(1_000, Promise.all(orders.map((order) => verdict.place(order))))
    for (const order of orders) await during(10, verdict.giveUp(order))
    await shop.clock.advance(300_000)
    const other = orderOf('native')
    await during(100, verdict.place(other))
    await shop.pay(other.out_trade_no)
    await shop.clock.advance(12_000)
    expect(await verdict.settled(other)).toMatchObject({ state: 'SUCCESS' })
    await shop.clock.advance(600_000)
    const closes = sent.filter(({ what }) => what.includes('/close')).map(({ atMs }) => atMs)
    expect(closes).toHaveLength(10)
    expect(Math.min(...closes.slice(1).map((ms, i) => ms - (closes[i] ?? 0)))).toBeGreaterThanOrEqual(19_000)
    expect(await shop.wrong()).toEqual([])
  })

  it('429 halves it', async () => {
    const sent: Sent[] = []
    await shop.faults({ rateLimited: 1 })
    await enter(Array.from({ length: 200 }, () => shop.clock.nowMs()))
    await shop.verdict({ between: noting(sent), account: { limits: { query: 20 } } })
    await shop.clock.advance(4_000)
    expect(sent.length).toBeLessThanOrEqual(2 + 4 * 12)
    expect(sent.length).toBeGreaterThan(30)
  })
})

describe('the breaker', () => {
  it('in an outage only probes leave; afterwards every order is finished, none lost', async () => {
    const sent: Sent[] = []
    let isOut = false
    const between = watchedWire((what, call) => {
      sent.push({ atMs: shop.clock.nowMs(), what })
      return isOut ? forever() : call()
    })
    const verdict = await shop.verdict({ between: hanging(between), account: { readTimeoutMs: 2_000 } })
    const orders = Array.from({ length: 40 }, () => orderOf('native'))
    await during(1_000, Promise.all(orders.map((order) => verdict.place(order))))
    isOut = true
    await shop.clock.advance(60_000)
    sent.length = 0
    await shop.clock.advance(600_000)
    expect(sent.length).toBeGreaterThanOrEqual(600 / 19 - 1)
    expect(sent.length).toBeLessThanOrEqual(600 / 11 + 1)
    isOut = false
    for (const { out_trade_no } of orders) await shop.pay(out_trade_no)
    await shop.clock.advance(120_000)
    expect(await shop.store.countByState()).toEqual({ SUCCESS: 40 })
  })

  /** Time limits lie in the wire below; a hanging watcher needs its own. */
  function hanging(between: ReturnType<typeof watchedWire>): ReturnType<typeof watchedWire> {
    return (wire) => (request: HttpRequest) =>
      new Promise((resolve, reject) => {
        const timeout = { kind: 'failure', reason: 'timeout', sent: true, detail: 'no reply' } as const
        const cancel = shop.clock.after(request.readTimeoutMs, () => resolve(timeout))
        between(wire)(request).then((result) => {
          cancel()
          resolve(result)
        }, reject)
      })
  }

  it('an outage longer than the claims does not use its probes up on giving them back', async () => {
    const sent: Sent[] = []
    let isOut = true
    const between = watchedWire((what, call) => {
      sent.push({ atMs: shop.clock.nowMs(), what })
      return isOut ? forever() : call()
    })
    await enter(Array.from({ length: 1_000 }, () => shop.clock.nowMs()))
    await shop.verdict({ between: hanging(between), account: { readTimeoutMs: 1_000, concurrency: 20 } })
    await shop.clock.advance(600_000)
    const before = sent.length
    await shop.clock.advance(600_000)
    expect(sent.length - before).toBeGreaterThan(600 / 20)
    isOut = false
    await shop.clock.advance(40_000)
    expect(sent.length).toBeGreaterThan(1_000)
  })
})

describe('sleep', () => {
  it('without orders no timer is armed, from the first minute on', async () => {
    await shop.verdict()
    await shop.clock.advance(61_000)
    expect(shop.clock.timers).toBe(0)
  })

  it('with one order the one timer is that of its due time', async () => {
    const verdict = await shop.verdict()
    await shop.clock.advance(61_000)
    await during(100, verdict.place(orderOf('native')))
    expect(shop.clock.timers).toBe(1)
    await shop.clock.advance(30_000)
    expect(shop.clock.timers).toBe(1)
  })

  it('an order that is due in three days wakes nothing before', async () => {
    const DAYS_3 = 3 * 86_400_000
    const calls: string[] = []
    await enter([shop.clock.nowMs() + DAYS_3])
    const store = watchedStore(shop.store, (what, call) => {
      calls.push(what)
      return call()
    })
    await shop.verdict({ store })
    await shop.clock.advance(61_000)
    calls.length = 0
    await shop.clock.advance(DAYS_3 - 63_000)
    expect([calls, shop.clock.timers]).toEqual([[], 1])
    await shop.clock.advance(3_000)
    expect(calls).toContain('claimDue')
    expect((await shop.statistics()).calls).toMatchObject({ query: 1 })
  })

  it('paused by the budget, by the breaker, or with all places taken: no store call and few timers', async () => {
    const calls: string[] = []
    await enter(Array.from({ length: 2_000 }, () => shop.clock.nowMs()))
    const store = watchedStore(shop.store, (what, call) => {
      calls.push(what)
      return call()
    })
    const account = { concurrency: 10 }
    await shop.verdict({ store, between: () => () => forever(), account, isMortal: true })
    await shop.clock.advance(10_000)
    expect(calls.filter((what) => what === 'claimDue').length).toBeLessThanOrEqual(2)
    expect(shop.clock.timers).toBeLessThanOrEqual(2)
  })

  it('due orders that somebody else holds are not asked for in a circle', async () => {
    const calls: string[] = []
    await enter([shop.clock.nowMs()])
    const claimsNothing = async () => {
      calls.push('claimDue')
      return []
    }
    // As a row that another worker has locked in this moment: due, free, and not to be had.
    const stubborn = withOther(shop.store, { claimDue: claimsNothing })
    await shop.verdict({ store: stubborn })
    await shop.clock.advance(10_000)
    expect(calls.filter((what) => what === 'claimDue').length).toBeLessThanOrEqual(10_000 / 50 + 2)
  })

  it('a claim that is shorter than the slowest call is not given and taken back in a circle', async () => {
    const calls: string[] = []
    await enter([shop.clock.nowMs()])
    const store = watchedStore(shop.store, (what, call) => {
      calls.push(what)
      return call()
    })
    // With certificates a call can take twice its limits.
    const slow = { readTimeoutMs: 20_000, certificates: 'download' } as const
    await shop.verdict({ store, account: slow })
    await shop.clock.advance(5_000)
    expect((await shop.statistics()).calls).toMatchObject({ query: 1 })
    expect(calls.filter((what) => what === 'release')).toHaveLength(0)
  })

  it('a jump of the clock: whatever fell due is done at the next wake-up, and nothing is stuck', async () => {
    const verdict = await shop.verdict()
    const orders = Array.from({ length: 5 }, () => orderOf('native'))
    await during(200, Promise.all(orders.map((order) => verdict.place(order))))
    await during(0, verdict.close())
    for (const { out_trade_no } of orders) await shop.pay(out_trade_no)
    await shop.clock.advance(7 * 86_400_000)
    await shop.verdict()
    await shop.clock.advance(1_000)
    expect(await shop.store.countByState()).toEqual({ SUCCESS: 5 })
  })
})

const UNSIGNED: HttpResult = { kind: 'reply', status: 404, headers: {}, body: Buffer.from('{}') }

function later<Result>(ms: number, result: Result): Promise<Result> {
  return new Promise((resolve) => void shop.clock.after(ms, () => resolve(result)))
}

describe('who goes first', () => {
  /** A till at work while thousands of others are due; returns the longest wait of a Quick Pay query past its moment. */
  async function latenessAtTheTill(flood: number, account: { limits?: object; concurrency?: number }) {
    const sent: Sent[] = []
    await enter(Array.from({ length: flood }, (_, i) => shop.clock.nowMs() - i))
    // The crowd's replies prove nothing and cost nothing: what counts is when the questions leave.
    const between = watchedWire((what, call) => {
      sent.push({ atMs: shop.clock.nowMs(), what })
      return /no.E[0-9]+/.test(what) ? later(30, UNSIGNED as Awaited<ReturnType<typeof call>>) : call()
    })
    const verdict = await shop.verdict({ between, account })
    await shop.clock.advance(500)
    const order = orderOf('quick_pay', hkd(TOTAL.never))
    const fromMs = shop.clock.nowMs()
    const placing = verdict.place(order)
    await shop.clock.advance(20_000)
    await placing
    const own = sent.filter(({ what }) => what.includes(order.out_trade_no) || what.includes('micropay'))
    const gaps = own.map(({ atMs }, i) => atMs - (own[i - 1]?.atMs ?? fromMs))
    return { first: gaps[0] ?? Infinity, longest: Math.max(...gaps), calls: own.length }
  }

  it('a flood of 5,000 due orders does not delay a Quick Pay order at the till', async () => {
    const { first, longest, calls } = await latenessAtTheTill(5_000, {})
    expect(first).toBeLessThanOrEqual(20)
    expect(longest).toBeLessThanOrEqual(5_100)
    expect(calls).toBeGreaterThanOrEqual(5)
  })

  it('nor where the budget is small', async () => {
    const { first, longest } = await latenessAtTheTill(2_000, { limits: { query: 5 } })
    expect(first).toBeLessThanOrEqual(20)
    expect(longest).toBeLessThanOrEqual(5_300)
  })

  it('the others still get their share', async () => {
    const sent: Sent[] = []
    const nowMs = shop.clock.nowMs()
    await enter(Array.from({ length: 20 }, () => nowMs))
    const verdict = await shop.verdict({
      between: noting(sent),
      account: { limits: { query: 10 }, concurrency: 50 },
    })
    const till = Array.from({ length: 60 }, () => orderOf('quick_pay', hkd(TOTAL.never)))
    const placing = Promise.all(till.map((order) => verdict.place(order)))
    await during(12_000, placing)
    const others = sent.filter(({ what }) => /out-trade-no\/E/.test(what))
    expect(others.length).toBeGreaterThanOrEqual(15)
  })

  it('after a week of downtime the living customers are asked before those who left', async () => {
    const sent: Sent[] = []
    const nowMs = shop.clock.nowMs()
    const around: Around = (what, call) => {
      sent.push({ atMs: shop.clock.nowMs(), what })
      return call()
    }
    const weekAgo = Array.from({ length: 300 }, (_, i) => nowMs - 7 * 86_400_000 + i)
    await enter([...weekAgo, nowMs - 1_000, nowMs - 2_000], 'quick_pay')
    await shop.verdict({ between: watchedWire(around), account: { limits: { query: 20 } } })
    await shop.clock.advance(200)
    const first = sent.slice(0, 2).map(({ what }) => /no\/(E\d+)/.exec(what)?.[1])
    expect(first.sort()).toEqual(['E300', 'E301'])
    await shop.clock.advance(30_000)
    expect(new Set(sent.map(({ what }) => what)).size).toBe(302)
  })
})
