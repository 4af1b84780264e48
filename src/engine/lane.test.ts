import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Listening } from '../../test/support/listening.ts'
import { hkd, type OpenSettings, orderOf, Shop } from '../../test/support/shop.ts'
import { watchedStore, watchedWire } from '../../test/support/watched.ts'
import { tracked } from '../core/testing.ts'
import type { PlaceParameters, Verdict } from '../verdict.ts'

/** Who works on an order, and that it is one: claims, the agenda, and what is under way. */
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

let shop: Shop
let listening: Listening

beforeEach(async () => {
  listening = new Listening()
  shop = await Shop.open({ send: listening.send, callbackTargets: 'any' })
})
afterEach(() => shop.close())

interface Sent {
  readonly atMs: number
  readonly what: string
}

/** A wire that notes what leaves, and holds it up as the test says. */
function noting(sent: Sent[], heldMs: (what: string) => number = () => 0) {
  return watchedWire(async (what, call) => {
    sent.push({ atMs: shop.clock.nowMs(), what })
    const ms = heldMs(what)
    if (ms > 0) await new Promise<void>((resolve) => void shop.clock.after(ms, resolve))
    return call()
  })
}

const isQuery = (what: string): boolean => /GET .*out-trade-no/.test(what)
const isRefund = (what: string): boolean => /POST .*refunds$/.test(what)
const isAboutRefund = (what: string): boolean => /GET .*refunds/.test(what)

async function place(verdict: Verdict, more: Partial<PlaceParameters> = {}): Promise<PlaceParameters> {
  const order = orderOf('native', more)
  await shop.clock.during(verdict.place(order))
  return order
}

async function paid(verdict: Verdict, total = 20_000): Promise<PlaceParameters> {
  const order = await place(verdict, hkd(total))
  await shop.pay(order.out_trade_no)
  await shop.clock.advance(15 * SECOND)
  return order
}

/** Orders of somebody else's that nobody has claimed, due at these moments. */
async function enter(dueAtMs: readonly number[], name = 'E'): Promise<void> {
  const nowMs = shop.clock.nowMs()
  const { account } = shop
  const orders = dueAtMs.map((ms, nth) => {
    const facts = { account: account.mchid, out_trade_no: `${name}${nth}`, windowEndAtMs: nowMs + HOUR }
    const { id: _, ...order } = tracked('native', { ...facts, createdAtMs: nowMs, latestPlacingAtMs: nowMs })
    return {
      order: { ...order, state: 'waiting' as const, dueAtMs: ms },
      fingerprint: '',
      body: null,
      journal: [],
    }
  })
  await shop.store.insert(orders, { worker: 'x', untilMs: nowMs })
}

describe('an order is worked on by one at a time', () => {
  it('a refund that is asked for while a query is under way waits for its end, and leaves alone', async () => {
    const sent: Sent[] = []
    let isSlow = false
    const between = noting(sent, (what) => (isSlow && isQuery(what) ? 2_000 : isRefund(what) ? 3_000 : 0))
    const verdict: Verdict = await shop.verdict({
      between,
      options: { onVerdict: (event) => verdict.refund(event, { amount: 100, idempotencyKey: 'k' }) },
    })
    listening.to = verdict.callbacks
    const order = await place(verdict)
    isSlow = true
    while (!sent.some(({ what }) => isQuery(what))) await shop.clock.advance(50)
    // The callback leaves nothing to be done, so the query's claim ends; the refund makes the order due again.
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(10 * SECOND)
    const { journal, refunds } = await verdict.order(order)
    expect(refunds).toMatchObject([{ state: 'SUCCESS', attempts: 1 }])
    expect(sent.filter(({ what }) => isAboutRefund(what))).toEqual([])
    expect(journal.filter(({ event }) => event === 'refusal')).toEqual([])
  })

  it('also if the refund is asked for while its order is still being placed', async () => {
    const sent: Sent[] = []
    const between = noting(sent, (what) => (/native$/.test(what) ? 3_000 : isRefund(what) ? 4_000 : 0))
    const verdict: Verdict = await shop.verdict({
      between,
      options: { onVerdict: (event) => verdict.refund(event, { amount: 100, idempotencyKey: 'k' }) },
    })
    const order = orderOf('native')
    const placing = verdict.place(order)
    await shop.clock.advance(100)
    const { account } = shop
    const paid = await shop.signedCallback({
      ...{ mchid: account.mchid, out_trade_no: order.out_trade_no, trade_state: 'SUCCESS' },
      ...{ amount: order.amount, transaction_id: '42', success_time: '2026-06-08T10:00:01+08:00' },
    })
    expect(await shop.clock.during(verdict.callbacks(paid))).toMatchObject({ status: 204 })
    await shop.clock.advance(1_000)
    expect(sent.map(({ what }) => what.split(' ')[1])).toEqual(['POST'])
    await shop.clock.advance(2_500)
    await placing
    await shop.clock.advance(3_000)
    expect(sent.filter(({ what }) => isRefund(what))).toHaveLength(1)
    expect(sent.filter(({ what }) => isAboutRefund(what))).toEqual([])
  })

  it('after an outage that outlasts the claims each is asked once', async () => {
    const sent: Sent[] = []
    let isOut = true
    const noted = noting(sent)
    const between: OpenSettings['between'] = (wire) => (request) => {
      if (!isOut) return noted(wire)(request)
      const timeout = { kind: 'failure', reason: 'timeout', sent: true, detail: 'no reply' } as const
      return new Promise((resolve) => void shop.clock.after(1_000, () => resolve(timeout)))
    }
    const nowMs = shop.clock.nowMs()
    // Some fall due while the claims of the others end: each such claim would take those up a second time.
    await enter(Array.from({ length: 20 }, (_, nth) => nowMs + (nth < 15 ? 0 : nth * 20 * SECOND)))
    await shop.verdict({ between, account: { readTimeoutMs: 1_000 } })
    await shop.clock.advance(10 * MINUTE)
    isOut = false
    await shop.clock.advance(20 * SECOND)
    const numbers = sent.map(({ what }) => /E\d+/.exec(what)?.[0])
    expect(numbers).toHaveLength(20)
    expect(new Set(numbers).size).toBe(20)
  })

  it('that a callback puts off while it stands on the agenda is asked about once, at its new moment', async () => {
    const sent: Sent[] = []
    const limits = { queryRefund: 0.01 }
    const verdict = await shop.verdict({ between: noting(sent), account: { limits } })
    const [first, second] = [await paid(verdict), await paid(verdict)]
    await shop.clock.during(verdict.refund(first, { amount: 9_104, idempotencyKey: 'r' }))
    await shop.clock.during(verdict.refund(second, { amount: 9_101, idempotencyKey: 'r' }))
    // The one query that the budget allows goes to the first; the second stands on the agenda for its turn.
    await shop.clock.advance(45 * SECOND)
    expect(sent.filter(({ what }) => isAboutRefund(what))).toHaveLength(1)
    listening.to = verdict.callbacks
    await shop.callback(second.out_trade_no, null)
    expect((await verdict.order(second)).refunds).toMatchObject([{ said: 'ABNORMAL' }])
    const { dueAtMs } = (await verdict.order(second)).order
    sent.length = 0
    await shop.clock.advance(5 * HOUR)
    const atMs = sent.flatMap(({ what, atMs }) =>
      isAboutRefund(what) && what.includes(second.out_trade_no) ? [atMs] : [],
    )
    expect(atMs.length).toBeGreaterThan(1)
    // Work begins a little ahead of its moment.
    expect(atMs[0]).toBeGreaterThanOrEqual((dueAtMs ?? 0) - 5)
    expect(Math.min(...atMs.slice(1).map((ms, i) => ms - (atMs[i] ?? 0)))).toBeGreaterThanOrEqual(HOUR)
  })
})

describe('an order is never left to nobody', () => {
  it('what is asked every few seconds is claimed once in a lease, and what others leave is found beside it', async () => {
    const sent: Sent[] = []
    let claimed = 0
    const store = watchedStore(shop.store, async (what, call) => {
      const result = await call()
      if (what === 'claimDue') claimed += (result as readonly unknown[]).length
      return result
    })
    const everyFourSeconds = {
      policy: 'fixed',
      firstMs: 4_000,
      everyMs: 4_000,
      jitterMs: 0,
      windowMs: HOUR,
    } as const
    const policies = { native: everyFourSeconds }
    const nowMs = shop.clock.nowMs()
    await enter(Array.from({ length: 300 }, (_, nth) => nowMs + 10 * nth))
    await shop.verdict({ store, between: noting(sent), account: { policies } })
    await shop.clock.advance(40 * SECOND)
    expect(sent.length).toBeGreaterThan(2_500)
    expect(claimed).toBe(300)
    const dueAtMs = shop.clock.nowMs() + 3 * SECOND
    await enter([dueAtMs], 'L')
    await shop.clock.advance(4 * SECOND)
    const left = sent.find(({ what }) => what.includes('/L0?'))
    expect(left?.atMs).toBeGreaterThanOrEqual(dueAtMs)
    expect(left?.atMs).toBeLessThan(dueAtMs + 10)
    await shop.clock.advance(20 * SECOND)
    expect(claimed).toBe(601)
  })

  it('orders that callbacks put off for hours do not keep the others from being claimed', async () => {
    let isOut = false
    const between: OpenSettings['between'] = (wire) => (request) => {
      if (!isOut) return wire(request)
      const timeout = { kind: 'failure', reason: 'timeout', sent: true, detail: 'no reply' } as const
      return new Promise((resolve) => void shop.clock.after(1_000, () => resolve(timeout)))
    }
    const verdict = await shop.verdict({ between, account: { readTimeoutMs: 1_000 } })
    const orders: PlaceParameters[] = []
    for (let i = 0; i < 100; i++) orders.push(await paid(verdict))
    const wish = { amount: 9_101, idempotencyKey: 'r' }
    for (const order of orders) await shop.clock.during(verdict.refund(order, wish))
    await shop.clock.advance(15 * SECOND)
    // WeChat Pay can't be asked, so they stand on the agenda. What it says by itself puts them off.
    isOut = true
    await shop.clock.advance(15 * SECOND)
    listening.to = verdict.callbacks
    for (const { out_trade_no } of orders) await shop.callback(out_trade_no, null)
    listening.to = null
    isOut = false
    await shop.clock.advance(30 * SECOND)
    const order = await place(verdict)
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(15 * SECOND)
    expect((await verdict.order(order)).order.state).toBe('SUCCESS')
  })

  it.each([
    ['a pool that is too small', 9_103, 0],
    ['the pace at which refunds may fail', 100, 5_000],
  ])(
    'many refunds that wait because of %s do not keep orders from being asked about',
    async (_, amount, heldMs) => {
      const verdict = await shop.verdict({ between: noting([], (what) => (isRefund(what) ? heldMs : 0)) })
      const orders: PlaceParameters[] = []
      for (let i = 0; i < 200; i++) orders.push(await place(verdict, hkd(20_000)))
      for (const { out_trade_no } of orders) await shop.pay(out_trade_no)
      await shop.clock.advance(15 * SECOND)
      const wish = { amount, idempotencyKey: 'r' }
      await shop.clock.during(Promise.all(orders.map((order) => verdict.refund(order, wish))))
      await shop.clock.advance(2 * SECOND)
      for (let i = 0; i < 3; i++) {
        const order = await place(verdict)
        await shop.pay(order.out_trade_no)
        await shop.clock.advance(15 * SECOND)
        expect((await verdict.order(order)).order.state).toBe('SUCCESS')
      }
    },
  )

  it('many more refunds than the line for them holds are all made, at their pace', async () => {
    const verdict = await shop.verdict({ account: { limits: { failingRefund: 1 } } })
    const orders: PlaceParameters[] = []
    for (let i = 0; i < 150; i++) orders.push(await place(verdict, hkd(20_000)))
    for (const { out_trade_no } of orders) await shop.pay(out_trade_no)
    await shop.clock.advance(15 * SECOND)
    const wish = { amount: 100, idempotencyKey: 'r' }
    await shop.clock.during(Promise.all(orders.map((order) => verdict.refund(order, wish))))
    await shop.clock.advance(6 * MINUTE)
    const all = await Promise.all(orders.map((order) => verdict.order(order)))
    expect(all.filter(({ refunds }) => refunds[0]?.state === 'SUCCESS')).toHaveLength(150)
  })

  it('many closes at once go at their pace, and what is due later is asked about meanwhile', async () => {
    const verdict = await shop.verdict({ account: { limits: { close: 2 } } })
    const orders = Array.from({ length: 150 }, () => orderOf('native'))
    await shop.clock.during(Promise.all(orders.map((order) => verdict.place(order))))
    await shop.clock.advance(6 * MINUTE)
    await shop.clock.during(Promise.all(orders.map((order) => verdict.giveUp(order))))
    const order = await place(verdict)
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(15 * SECOND)
    expect((await verdict.order(order)).order.state).toBe('SUCCESS')
    await shop.clock.advance(66 * SECOND)
    expect(await shop.store.countByState()).toEqual({ CLOSED: 150, SUCCESS: 1 })
  })

  it('a refund whose write is not confirmed is sent all the same', async () => {
    let isBroken = false
    const store = watchedStore(shop.store, async (what, call) => {
      const result = await call()
      if (!isBroken || what !== 'commit') return result
      isBroken = false
      throw new Error('the connection broke')
    })
    const verdict = await shop.verdict({ store })
    const order = await paid(verdict)
    await shop.clock.advance(5 * MINUTE)
    isBroken = true
    const wish = { amount: 100, idempotencyKey: 'r1' }
    await expect(shop.clock.during(verdict.refund(order, wish))).rejects.toThrow('the connection broke')
    await shop.clock.advance(MINUTE)
    expect((await verdict.order(order)).refunds).toMatchObject([{ state: 'SUCCESS' }])
  })

  it('a verdict from a callback whose write is not confirmed is told to the merchant', async () => {
    let isBroken = false
    const store = watchedStore(shop.store, async (what, call) => {
      const result = await call()
      if (!isBroken || what !== 'commit') return result
      isBroken = false
      throw new Error('the connection broke')
    })
    const told: string[] = []
    const verdict = await shop.verdict({
      store,
      options: { onVerdict: ({ out_trade_no }) => told.push(out_trade_no) },
    })
    listening.to = verdict.callbacks
    await shop.clock.advance(20 * MINUTE)
    const order = await place(verdict)
    isBroken = true
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(MINUTE)
    expect(listening.answers.map(({ status }) => status)).toEqual([500, 204])
    expect(told).toEqual([order.out_trade_no])
  })

  it('many refunds at once leave at the pace at which they may fail, and none waits longer', async () => {
    const sent: Sent[] = []
    const verdict = await shop.verdict({ between: noting(sent, (what) => (isRefund(what) ? 5_000 : 0)) })
    const orders: PlaceParameters[] = []
    for (let i = 0; i < 30; i++) orders.push(await paid(verdict))
    const wish = { amount: 100, idempotencyKey: 'r' }
    await shop.clock.during(Promise.all(orders.map((order) => verdict.refund(order, wish))))
    await shop.clock.advance(30 * SECOND)
    const atMs = sent.flatMap(({ what, atMs }) => (isRefund(what) ? [atMs] : []))
    const inSecondFrom = (ms: number): number => atMs.filter((at) => at >= ms && at < ms + SECOND).length
    expect(atMs).toHaveLength(30)
    expect(Math.max(...atMs.map(inSecondFrom))).toBeLessThanOrEqual(6)
    expect((atMs.at(-1) ?? 0) - (atMs[0] ?? 0)).toBeLessThan(6 * SECOND)
  })

  it('refunds that stand in line because the pool was too small go as soon as one is accepted', async () => {
    const verdict = await shop.verdict({ between: noting([], (what) => (isRefund(what) ? 200 : 0)) })
    const orders: PlaceParameters[] = []
    for (let i = 0; i < 11; i++) orders.push(await paid(verdict))
    const wished = (order: PlaceParameters, amount: number) =>
      verdict.refund(order, { amount, idempotencyKey: 'r' })
    const [short, ...others] = orders as [PlaceParameters, ...PlaceParameters[]]
    await shop.clock.during(wished(short, 9_103))
    await shop.clock.advance(2 * MINUTE)
    // All at once: the first is tried, the others stand behind it.
    await shop.clock.during(Promise.all(others.map((order) => wished(order, 100))))
    await shop.clock.advance(2 * MINUTE)
    const ended = await Promise.all(
      others.map(async (order) => (await verdict.order(order)).refunds[0]?.state),
    )
    expect(ended).toEqual(Array(10).fill('SUCCESS'))
  })
})

describe('closing', () => {
  it('gives back at once what nobody works on, and waits for its calls afterwards', async () => {
    const nowMs = shop.clock.nowMs()
    await enter([nowMs, nowMs + 900])
    const released: number[] = []
    const store = watchedStore(shop.store, (what, call) => {
      if (what === 'release') released.push(shop.clock.nowMs() - nowMs)
      return call()
    })
    const sent: Sent[] = []
    const between = noting(sent, (what) => (isQuery(what) ? 8 * SECOND : 0))
    const verdict = await shop.verdict({ store, between })
    await shop.clock.advance(300)
    expect(sent.filter(({ what }) => isQuery(what))).toHaveLength(1)
    let isClosed = false
    const closing = verdict.close().then(() => {
      isClosed = true
    })
    await shop.clock.advance(100)
    expect({ released, isClosed }).toEqual({ released: [300], isClosed: false })
    await shop.clock.advance(20 * SECOND)
    await closing
  })

  it('waits for what a caller has begun: nothing is written after it', async () => {
    let isClosed = false
    const late: string[] = []
    let moves = 1
    const store = watchedStore(shop.store, async (what, call) => {
      if (isClosed) late.push(what)
      if (what === 'byId') await new Promise<void>((resolve) => void shop.clock.after(200, resolve))
      const result = await call()
      // As if somebody else had changed it in between.
      return what === 'commit' && moves-- === 0 ? (['moved'] as typeof result) : result
    })
    const verdict = await shop.verdict({ store })
    const order = await place(verdict)
    moves = 0
    const giving = verdict.giveUp(order)
    giving.catch(() => {})
    await shop.clock.advance(3)
    const closing = verdict.close().then(() => {
      isClosed = true
    })
    await shop.clock.advance(5 * SECOND)
    await closing
    await giving.catch(() => {})
    expect(late).toEqual([])
    expect(shop.clock.timers).toBe(0)
  })

  it('with a callback under way writes it and answers it', async () => {
    const verdict = await shop.verdict({
      store: watchedStore(shop.store, async (what, call) => {
        if (what === 'find') await new Promise<void>((resolve) => void shop.clock.after(500, resolve))
        return call()
      }),
    })
    listening.to = verdict.callbacks
    const order = await place(verdict)
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(10)
    const closing = verdict.close()
    await shop.clock.advance(5 * SECOND)
    await closing
    expect(listening.answers.map(({ status }) => status)).toEqual([204])
    expect(await shop.store.countByState()).toEqual({ SUCCESS: 1 })
  })

  it('refuses a callback that comes later: WeChat Pay keeps it', async () => {
    const verdict = await shop.verdict()
    const order = await place(verdict)
    await shop.clock.during(verdict.close())
    listening.to = verdict.callbacks
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(SECOND)
    expect(listening.answers.map(({ status }) => status)).toEqual([500])
    const next = await shop.verdict()
    listening.to = next.callbacks
    await shop.clock.advance(15 * SECOND)
    expect(await shop.store.countByState()).toEqual({ SUCCESS: 1 })
  })
})
