import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TWO_PERIOD_POLICY } from '../../src/core/policy.ts'
import type { Delivered, Message, Target } from '../../src/delivery/target.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { Commit, Delivery, Store } from '../../src/store/store.ts'
import type { PlaceParameters, Verdict } from '../../src/verdict.ts'
import { Listening } from '../support/listening.ts'
import { hkd, type OpenSettings, orderOf, Shop, TOTAL } from '../support/shop.ts'
import { forever, watchedStore } from '../support/watched.ts'
import { bareEngine, placementOf } from './bare-engine.ts'

/** What the merchant's system is told, with the real engine and store. Webhooks over HTTP are tested beside their code. */
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

let shop: Shop
beforeEach(async () => {
  shop = await Shop.open()
})
afterEach(() => shop.close())

interface Heard {
  readonly atMs: number
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly payload: string
}

/** Handlers for everything, that keep what they hear and then do what the test says. */
function hearing(heard: Heard[], then: (message: Message, nth: number) => unknown = () => {}) {
  const handler = (event: object, message: Message): unknown => {
    const { id, type, payload } = message
    heard.push({ atMs: shop.clock.nowMs(), id, type, data: { ...event }, payload })
    return then(message, heard.length)
  }
  return { onVerdict: handler, onRefund: handler, onLateMoney: handler }
}

async function open(
  heard: Heard[],
  then?: (message: Message, nth: number) => unknown,
  settings: OpenSettings = {},
): Promise<Verdict> {
  return shop.verdict({ ...settings, options: { ...hearing(heard, then), ...settings.options } })
}

async function placed(verdict: Verdict, more: Partial<PlaceParameters> = {}): Promise<PlaceParameters> {
  const order = orderOf('native', more)
  await shop.clock.during(verdict.place(order))
  return order
}

async function paid(verdict: Verdict, more: Partial<PlaceParameters> = {}): Promise<PlaceParameters> {
  const order = await placed(verdict, more)
  await shop.pay(order.out_trade_no)
  await shop.clock.advance(15 * SECOND)
  return order
}

function refund(verdict: Verdict, order: PlaceParameters, amount: number, idempotencyKey = 'r1') {
  return shop.clock.during(verdict.refund(order, { amount, idempotencyKey }))
}

async function deliveriesOf(verdict: Verdict, order: PlaceParameters): Promise<readonly Delivery[]> {
  return (await verdict.order(order)).deliveries
}

const told = (heard: readonly Heard[]): readonly unknown[] =>
  heard.map(({ type, data }) => [type, data.out_trade_no])

const failing = (): never => {
  throw new Error('the shop is down')
}

describe('a verdict', () => {
  it('is told once, as soon as it is committed, and written down as sent', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard)
    const order = await paid(verdict)
    const { order: settled, deliveries } = await verdict.order(order)
    if (!('verdict' in settled)) throw new Error('no verdict')
    expect(told(heard)).toEqual([['order.verdict', order.out_trade_no]])
    expect(heard[0]?.atMs).toBeGreaterThanOrEqual(settled.verdict.atMs)
    expect((heard[0]?.atMs ?? 0) - settled.verdict.atMs).toBeLessThanOrEqual(30)
    expect(deliveries).toMatchObject([
      { target: 'handlers', state: 'sent', attempts: 1, message: { id: heard[0]?.id } },
    ])
    await shop.clock.advance(DAY)
    expect(heard).toHaveLength(1)
    expect(verdict.statistics.deliveries).toEqual({ sent: 1, missed: 0 })
  })

  it('is written in the transaction that settles the order', async () => {
    const written: Array<readonly [state: string, messages: number]> = []
    const store = watchedStore(shop.store, (what, call, args) => {
      if (what === 'commit') {
        for (const { change, deliveries = [] } of args[0] as readonly Commit[])
          written.push([change.order.state, deliveries.length])
      }
      return call()
    })
    const verdict = await open([], () => {}, { store })
    await paid(verdict)
    expect(written.filter(([state]) => state === 'SUCCESS')).toEqual([['SUCCESS', 1]])
    expect(written.filter(([state]) => state !== 'SUCCESS').every(([, messages]) => messages === 0)).toBe(
      true,
    )
  })

  async function heardWhile(hangs: boolean): Promise<readonly Heard[]> {
    const heard: Heard[] = []
    const store = watchedStore(shop.store, (what, call, args) => {
      const commits = what === 'commit' ? (args[0] as readonly Commit[]) : []
      return hangs && commits.some(({ change }) => change.order.state === 'SUCCESS') ? forever() : call()
    })
    const verdict = await open(heard, () => {}, { store, isMortal: hangs })
    await paid(verdict)
    await shop.clock.advance(MINUTE)
    return heard
  }

  it('is not told while its commit hangs', async () => {
    expect(await heardWhile(true)).toEqual([])
  })

  it('twin: when the commit ends it is told', async () => {
    expect(await heardWhile(false)).toHaveLength(1)
  })

  it('of every kind is told: paid, closed, revoked, never created', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard)
    await paid(verdict)
    await placed(verdict)
    await shop.clock.during(verdict.place(orderOf('quick_pay', hkd(TOTAL.never))))
    await shop.clock.during(verdict.place(orderOf('quick_pay')))
    // Written, and never sent.
    const late = watchedStore(shop.store, async (what, call) => {
      const result = await call()
      if (what === 'insert') await new Promise<void>((resolve) => void shop.clock.after(11_000, resolve))
      return result
    })
    const slow = await open(heard, () => {}, { store: late })
    slow.place(orderOf('quick_pay')).catch(() => {})
    await shop.clock.advance(30 * MINUTE)
    const states = heard.map(({ data }) => [data.state, data.learntBy].join(' ')).sort()
    expect(states).toEqual([
      'CLOSED query',
      'NOT_CREATED query',
      'REVOKED query',
      'SUCCESS place',
      'SUCCESS query',
    ])
  })
})

describe('what a message says', () => {
  const orderFields = (order: PlaceParameters, state: string, attention: string | null = null) => ({
    account: shop.account.mchid,
    sub_mchid: null,
    out_trade_no: order.out_trade_no,
    kind: 'native',
    purchase: 'cart 7',
    amount: order.amount,
    state,
    attention,
  })
  const RFC3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$/)
  const NUMBER = expect.stringMatching(/^42\d+$/)

  /** The payload is the event, and nothing else. */
  function dataIn({ payload, data, type }: Heard): unknown {
    const envelope = JSON.parse(payload)
    expect(Object.keys(envelope)).toEqual(['type', 'timestamp', 'data'])
    expect(envelope).toEqual({ type, timestamp: expect.stringMatching(/^2026-.*Z$/), data })
    return envelope.data
  }

  it('about a verdict: the order, how it was learnt, and WeChat Pay’s own words', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard)
    const order = await paid(verdict, { purchase: 'cart 7' })
    expect(heard.map(dataIn)).toStrictEqual([
      {
        ...orderFields(order, 'SUCCESS'),
        ...{ learntBy: 'query', transaction_id: NUMBER, success_time: RFC3339 },
      },
    ])
  })

  it('about one that ended unpaid: no number and no moment of payment that WeChat Pay did not name', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard)
    const order = await placed(verdict, { purchase: 'cart 7' })
    await shop.clock.advance(20 * MINUTE)
    expect(heard.map(dataIn)).toStrictEqual([
      {
        ...orderFields(order, 'CLOSED'),
        learntBy: 'query',
        transaction_id: expect.toSatisfy((id) => id === null || /^42\d+$/.test(id)),
        success_time: null,
      },
    ])
  })

  it.each([
    [700, { state: 'SUCCESS', status: 'SUCCESS' }, null],
    [9_102, { state: 'CLOSED', status: 'REFUNDCLOSE' }, 'refund_closed'],
    [9_101, { state: 'processing', status: 'ABNORMAL' }, 'refund_abnormal'],
  ] as const)('about a refund of %d: its number, key and end', async (amount, end, attention) => {
    const heard: Heard[] = []
    const verdict = await open(heard)
    const order = await paid(verdict, { purchase: 'cart 7', ...hkd(50_000) })
    const wish = { amount, reason: '尺码不合适', idempotencyKey: 'r1' }
    const { out_refund_no } = await shop.clock.during(verdict.refund(order, wish))
    await shop.clock.advance(2 * MINUTE)
    const facts = { out_refund_no, idempotencyKey: 'r1', origin: 'asked', amount, reason: '尺码不合适' }
    const success_time = end.state === 'SUCCESS' ? RFC3339 : null
    const refund = { ...facts, ...end, refund_id: expect.stringMatching(/^50\d+$/), success_time }
    expect(heard.slice(1).map(dataIn)).toStrictEqual([
      { ...orderFields(order, 'SUCCESS', attention), refund },
    ])
  })

  it('about a refund that others made: without a key', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard)
    const order = await placed(verdict, { purchase: 'cart 7' })
    await shop.pay(order.out_trade_no)
    await shop.refundElsewhere(order.out_trade_no, 1_000)
    await shop.clock.during(verdict.giveUp(order))
    await shop.clock.advance(5 * MINUTE)
    const refunds = heard.flatMap(({ type, data }) => (type === 'order.refund' ? [data.refund] : []))
    expect(refunds).toMatchObject([
      { origin: 'elsewhere', idempotencyKey: null, amount: 1_000, state: 'SUCCESS' },
      { origin: 'late_money', idempotencyKey: 'late money', amount: 234, state: 'SUCCESS' },
    ])
  })

  it.each(['refund', 'accept', 'ask'] as const)('about late money: %s', async (lateMoney) => {
    const heard: Heard[] = []
    const policies = { native: { ...TWO_PERIOD_POLICY, lateMoney } }
    const verdict = await open(heard, () => {}, { account: { policies } })
    const order = await placed(verdict, { purchase: 'cart 7' })
    await shop.pay(order.out_trade_no)
    await shop.clock.during(verdict.giveUp(order))
    await shop.clock.advance(5 * MINUTE)
    const attention = lateMoney === 'ask' ? 'late_money' : null
    const fields = orderFields(order, 'SUCCESS', attention)
    const learnt = { learntBy: 'query', transaction_id: NUMBER, success_time: RFC3339 }
    const late = { action: lateMoney, transaction_id: NUMBER, success_time: RFC3339 }
    const refunds = lateMoney === 'refund' ? ['order.refund'] : []
    expect(heard.map(({ type }) => type)).toEqual(['order.verdict', 'order.late_money', ...refunds])
    expect(heard.slice(0, 2).map(dataIn)).toStrictEqual([
      { ...fields, ...learnt },
      { ...fields, lateMoney: late },
    ])
  })
})

describe('the name of a message', () => {
  it('can be kept by any receiver: 1 to 64 letters, digits, _ and -', async () => {
    const heard: Heard[] = []
    await paid(await open(heard))
    expect(heard[0]?.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
  })

  it('is the same after a database was restored: what is told again is known to the receiver', async () => {
    const [first, second]: [Heard[], Heard[]] = [[], []]
    const verdict = await open(first)
    const order = await paid(verdict)
    await refund(verdict, order, 700)
    await shop.clock.advance(MINUTE)
    const restored = await sqliteStore({ file: ':memory:' })
    const other = await open(second, () => {}, { store: restored })
    const { out_trade_no, amount } = order
    const tracking = other.track({ out_trade_no, kind: 'native', amount })
    await shop.clock.advance(HOUR)
    await tracking
    await refund(other, order, 700)
    await shop.clock.advance(MINUTE)
    expect(second.map(({ id }) => id)).toEqual(first.map(({ id }) => id))
    expect(new Set(first.map(({ id }) => id)).size).toBe(2)
    expect(second.map(({ payload }) => payload)).not.toEqual(first.map(({ payload }) => payload))
    await shop.clock.during(other.close())
    await restored.close()
  })

  it('differs for two refunds of one amount, and for ABNORMAL and SUCCESS of one refund', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard)
    const order = await paid(verdict, hkd(50_000))
    await refund(verdict, order, 9_101, 'r1')
    await shop.clock.advance(2 * MINUTE)
    await refund(verdict, order, 9_101, 'r2')
    await shop.clock.advance(2 * MINUTE)
    const [one] = (await verdict.order(order)).refunds
    await shop.mend(one?.out_refund_no ?? '')
    await shop.clock.advance(4 * HOUR)
    expect(heard.map(({ data }) => (data.refund as { status?: string } | undefined)?.status)).toEqual([
      undefined,
      'ABNORMAL',
      'ABNORMAL',
      'SUCCESS',
    ])
    expect(new Set(heard.map(({ id }) => id)).size).toBe(4)
  })

  it('differs from order to order', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard)
    for (let i = 0; i < 5; i++) await paid(verdict)
    expect(new Set(heard.map(({ id }) => id)).size).toBe(5)
  })
})

describe('the sequence', () => {
  it('of one order is kept: what follows waits until its verdict is taken; other orders do not', async () => {
    const heard: Heard[] = []
    let isDown = true
    let number = ''
    const verdict = await open(heard, ({ payload }) => {
      if (isDown && payload.includes(number)) failing()
    })
    const order = await placed(verdict)
    number = order.out_trade_no
    await shop.pay(order.out_trade_no)
    await shop.clock.during(verdict.giveUp(order))
    await shop.clock.advance(MINUTE)
    const other = await paid(verdict)
    await shop.clock.advance(4 * MINUTE)
    expect((await verdict.order(order)).lateMoney).toMatchObject({ phase: 'returned' })
    expect((await deliveriesOf(verdict, order)).map(({ state }) => state)).toEqual([
      'pending',
      'queued',
      'queued',
    ])
    expect(new Set(heard.flatMap(({ data, type }) => (data.out_trade_no === number ? [type] : [])))).toEqual(
      new Set(['order.verdict']),
    )
    expect(told(heard)).toContainEqual(['order.verdict', other.out_trade_no])
    isDown = false
    heard.length = 0
    await shop.clock.advance(20 * MINUTE)
    expect(told(heard)).toEqual([
      ['order.verdict', number],
      ['order.late_money', number],
      ['order.refund', number],
    ])
    // The first one took, the others follow at once.
    expect((heard[2]?.atMs ?? 0) - (heard[0]?.atMs ?? 0)).toBeLessThan(SECOND)
  })

  it('goes on past a message that was given up', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard, ({ type }) => type === 'order.verdict' && failing())
    const order = await paid(verdict)
    await refund(verdict, order, 700)
    await shop.clock.advance(30 * HOUR)
    expect((await deliveriesOf(verdict, order)).map(({ state }) => state)).toEqual(['failed', 'sent'])
  })
})

describe('a handler that throws', () => {
  it('is called again with the same message, ever more slowly, for a day; then it can be sent by hand', async () => {
    const heard: Heard[] = []
    const notices: string[] = []
    let isDown = true
    const then = (): unknown => isDown && failing()
    const verdict = await open(heard, then, { notify: (message) => notices.push(message) })
    const order = await paid(verdict)
    await shop.clock.advance(DAY + 8 * HOUR)
    expect(heard).toHaveLength(11)
    expect(new Set(heard.map(({ id, payload }) => id + payload)).size).toBe(1)
    const gaps = heard.slice(1).map(({ atMs }, i) => atMs - (heard[i]?.atMs ?? 0))
    expect(gaps.every((gap, i) => i === 0 || gap > (gaps[i - 1] ?? 0))).toBe(true)
    const lastedMs = (heard.at(-1)?.atMs ?? 0) - (heard[0]?.atMs ?? 0)
    expect(lastedMs).toBeGreaterThan(21 * HOUR)
    expect(lastedMs).toBeLessThan(27 * HOUR)
    const [delivery] = await deliveriesOf(verdict, order)
    expect(delivery).toMatchObject({ state: 'failed', attempts: 11, why: 'the shop is down' })
    expect(notices).toEqual([
      'handlers: a message did not arrive; it is sent again later',
      'handlers: a message was not taken for a day and is kept as failed',
    ])

    isDown = false
    const resent = await shop.clock.during(verdict.resend(delivery?.id ?? 0))
    expect(resent).toMatchObject({ id: delivery?.id, state: 'pending', attempts: 0 })
    await shop.clock.advance(SECOND)
    expect(heard).toHaveLength(12)
    expect(heard[11]).toMatchObject({ id: heard[0]?.id, payload: heard[0]?.payload })
    expect(await deliveriesOf(verdict, order)).toMatchObject([{ state: 'sent', attempts: 1 }])
    expect(notices.at(-1)).toBe('handlers: messages arrive again')
  })

  it('or whose promise rejects, or that throws nothing at all, is called again', async () => {
    const heard: Heard[] = []
    const moods: ReadonlyArray<() => unknown> = [
      () => Promise.reject(new Error('no')),
      () => Promise.reject(undefined),
      failing,
    ]
    const verdict = await open(heard, (_, nth) => moods[nth - 1]?.())
    const order = await paid(verdict)
    await shop.clock.advance(10 * MINUTE)
    expect(heard).toHaveLength(4)
    expect(await deliveriesOf(verdict, order)).toMatchObject([{ state: 'sent', attempts: 4 }])
  })

  it('goes on counting after a restart: time in which nobody tried uses nothing up', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard, failing)
    const order = await paid(verdict)
    await shop.clock.advance(MINUTE)
    const before = heard.length
    expect(before).toBeGreaterThan(2)
    await shop.clock.during(verdict.close())
    await shop.clock.advance(7 * DAY)
    const next = await open(heard, failing)
    await shop.clock.advance(SECOND)
    expect(heard).toHaveLength(before + 1)
    expect(await deliveriesOf(next, order)).toMatchObject([{ state: 'pending', attempts: before + 1 }])
  })

  it('is answered for: a message that is on its way, or that nobody knows, is not sent by hand', async () => {
    const verdict = await open([], failing)
    const order = await paid(verdict)
    const [delivery] = await deliveriesOf(verdict, order)
    for (const id of [delivery?.id ?? 0, 1_000_000])
      await expect(verdict.resend(id)).rejects.toMatchObject({ code: 'DELIVERY_UNKNOWN' })
    await shop.clock.during(verdict.close())
    await expect(verdict.resend(delivery?.id ?? 0)).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a handler that hangs', () => {
  it('delays no other order, and is given up and called again after a minute', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard, (_, nth) => (nth === 1 ? forever() : undefined))
    const stuck = await paid(verdict)
    const other = await paid(verdict)
    expect(told(heard)).toEqual([
      ['order.verdict', stuck.out_trade_no],
      ['order.verdict', other.out_trade_no],
    ])
    await shop.clock.advance(2 * MINUTE)
    expect(await deliveriesOf(verdict, stuck)).toMatchObject([{ state: 'sent', attempts: 2 }])
    expect(heard[2]?.id).toBe(heard[0]?.id)
  })

  it('for every message delays no poll: orders are settled in time all the same', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard, () => forever())
    const orders: PlaceParameters[] = []
    for (let i = 0; i < 40; i++) orders.push(await placed(verdict))
    for (const { out_trade_no } of orders) await shop.pay(out_trade_no)
    await shop.clock.advance(15 * SECOND)
    expect(await shop.store.countByState()).toEqual({ SUCCESS: 40 })
    expect(heard).toHaveLength(16)
    await shop.clock.advance(10 * MINUTE)
    expect(new Set(heard.map(({ id }) => id)).size).toBe(40)
  })

  it('delays closing by two seconds at most, and is called again by the next process', async () => {
    const heard: Heard[] = []
    const verdict = await open(heard, () => forever())
    const order = await paid(verdict)
    const fromMs = shop.clock.nowMs()
    let closedAtMs: number | null = null
    void verdict.close().then(() => {
      closedAtMs = shop.clock.nowMs()
    })
    await shop.clock.advance(10 * SECOND)
    expect((closedAtMs ?? Infinity) - fromMs).toBeLessThanOrEqual(2_100)
    expect(shop.clock.timers).toBe(0)
    expect(await shop.store.countDeliveries()).toEqual({ pending: 1 })
    const next = await open(heard)
    await shop.clock.advance(10 * SECOND)
    expect(await deliveriesOf(next, order)).toMatchObject([{ state: 'sent' }])
    expect(heard.map(({ id }) => id)).toEqual([heard[0]?.id, heard[0]?.id])
  })

  it('twin: one that ends within two seconds is waited for, and its message is sent', async () => {
    const later = (): Promise<void> => new Promise((resolve) => void shop.clock.after(1_500, resolve))
    const verdict = await open([], later)
    const order = await placed(verdict)
    await shop.pay(order.out_trade_no)
    while ((await deliveriesOf(verdict, order)).length === 0) await shop.clock.advance(100)
    await shop.clock.during(verdict.close())
    expect(await shop.store.countDeliveries()).toEqual({ sent: 1 })
  })
})

describe('a handler that calls Verdict from inside', () => {
  it('may refund, look and wait: nothing stands still', async () => {
    const heard: Heard[] = []
    const seen: unknown[] = []
    const verdict: Verdict = await open(heard, async ({ type, payload }) => {
      if (type !== 'order.verdict') return
      const { out_trade_no } = JSON.parse(payload).data
      const { order, deliveries } = await verdict.order({ out_trade_no })
      const settled = await verdict.settled({ out_trade_no })
      const refunded = await verdict.refund({ out_trade_no }, { amount: 100, idempotencyKey: 'r' })
      seen.push([order.state, deliveries.length, settled.state, refunded.state])
      await expect(verdict.giveUp({ out_trade_no })).rejects.toMatchObject({ code: 'ORDER_STATE' })
    })
    const order = await paid(verdict)
    await shop.clock.advance(MINUTE)
    expect(seen).toEqual([['SUCCESS', 1, 'SUCCESS', 'queued']])
    expect((await deliveriesOf(verdict, order)).map(({ state }) => state)).toEqual(['sent', 'sent'])
    expect(heard.map(({ type }) => type)).toEqual(['order.verdict', 'order.refund'])
  })

  it.each(['awaits', 'begins'])('and %s close(): it closes', async (how) => {
    const heard: Heard[] = []
    let isClosed = false
    const verdict: Verdict = await open(heard, async () => {
      const closing = verdict.close().then(() => {
        isClosed = true
      })
      if (how === 'awaits') await closing
    })
    await paid(verdict)
    await shop.clock.advance(5 * SECOND)
    expect([isClosed, shop.clock.timers]).toEqual([true, 0])
    // One that waits for the end that waits for it is not done in time: it is called again.
    expect(await shop.store.countDeliveries()).toEqual(how === 'awaits' ? { pending: 1 } : { sent: 1 })
  })

  it('and sends its own message again: a person who does that in a circle is not stopped, nor is anything else', async () => {
    const heard: Heard[] = []
    const verdict: Verdict = await open(heard, async (_, nth) => {
      if (nth > 3) return
      const failure = await verdict.resend(1).catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'DELIVERY_UNKNOWN' })
    })
    await paid(verdict)
    expect(heard).toHaveLength(1)
  })
})

describe('who is told', () => {
  it('nobody, where nobody asked: then nothing is written', async () => {
    const verdict = await shop.verdict()
    const order = await paid(verdict)
    expect(await deliveriesOf(verdict, order)).toEqual([])
    expect(await shop.store.countDeliveries()).toEqual({})
  })

  it('a handler for refunds alone hears of refunds alone', async () => {
    const heard: Heard[] = []
    const { onRefund } = hearing(heard)
    const verdict = await shop.verdict({ options: { onRefund } })
    const order = await paid(verdict)
    await refund(verdict, order, 700)
    await shop.clock.advance(MINUTE)
    expect(heard.map(({ type }) => type)).toEqual(['order.refund'])
    expect(await deliveriesOf(verdict, order)).toHaveLength(1)
  })

  it('nobody yet, with `start: false`: it is written, and told by whoever starts next', async () => {
    await shop.close()
    const listening = new Listening()
    shop = await Shop.open({ send: listening.send, callbackTargets: 'any' })
    const heard: Heard[] = []
    const idle = await open(heard, () => {}, { options: { start: false } })
    const placing = await shop.verdict()
    const order = await placed(placing)
    await shop.clock.during(placing.close())
    listening.to = idle.callbacks
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(HOUR)
    expect(listening.answers.map(({ status }) => status)).toEqual([204])
    expect(heard).toEqual([])
    expect(await deliveriesOf(idle, order)).toMatchObject([{ state: 'pending', attempts: 0 }])
    expect(shop.clock.timers).toBe(0)
    await refund(idle, order, 700)
    await shop.clock.during(idle.close())
    await open(heard)
    await shop.clock.advance(MINUTE)
    expect(heard.map(({ type }) => type)).toEqual(['order.verdict', 'order.refund'])
  })
})

/** Several targets: a Verdict has one for its handlers, and one for each webhook. */
describe('several targets', () => {
  interface Spy extends Target {
    readonly got: Array<{ readonly atMs: number; readonly id: string }>
    readonly ends: number[]
  }

  function spy(name: string, answer: () => Delivered | Promise<Delivered> = () => ({ ok: true })): Spy {
    const got: Array<{ readonly atMs: number; readonly id: string }> = []
    const ends: number[] = []
    let end: (delivered: Delivered) => void = () => {}
    const ended = new Promise<Delivered>((resolve) => {
      end = resolve
    })
    return {
      ...{ name, got, ends },
      wants: (type) => name !== 'refunds' || type === 'order.refund',
      deliver: async ({ id }) => {
        got.push({ atMs: shop.clock.nowMs(), id })
        return Promise.race([answer(), ended])
      },
      end: async () => {
        ends.push(shop.clock.nowMs())
        end({ ok: false, why: 'closed' })
      },
    }
  }

  async function settle(engine: Engine, count = 1): Promise<void> {
    const orders = Array.from({ length: count }, () => placementOf(shop, 'native'))
    await shop.clock.during(Promise.all(orders.map((order) => engine.place(order))))
    for (const { out_trade_no } of orders) await shop.pay(out_trade_no)
    await shop.clock.advance(15 * SECOND)
  }

  async function closed(engine: Engine): Promise<number> {
    const fromMs = shop.clock.nowMs()
    await shop.clock.during(engine.close())
    return shop.clock.nowMs() - fromMs
  }

  it('hear the same message under the same name, each what it wants', async () => {
    const [a, b, refunds] = [spy('a'), spy('b'), spy('refunds')]
    const engine = bareEngine(shop, { targets: [a, b, refunds] })
    engine.start()
    await settle(engine)
    expect(a.got).toHaveLength(1)
    expect(b.got.map(({ id }) => id)).toEqual(a.got.map(({ id }) => id))
    expect(refunds.got).toEqual([])
    await closed(engine)
    expect([a.ends.length, b.ends.length]).toEqual([1, 1])
  })

  it('do not wait for one that hangs or is dead, nor does closing longer than two seconds for all', async () => {
    const hanging = spy('hanging', () => forever())
    const dead = spy('dead', () => ({ ok: false, why: 'ECONNREFUSED' }))
    const fine = spy('fine')
    const engine = bareEngine(shop, { targets: [hanging, dead, fine] })
    engine.start()
    await settle(engine, 60)
    expect(fine.got).toHaveLength(60)
    expect(hanging.got).toHaveLength(16)
    expect(dead.got.length).toBeGreaterThanOrEqual(60)
    expect(await closed(engine)).toBeLessThanOrEqual(2_100)
    expect(shop.clock.timers).toBe(0)
  })

  it('of which one answers late are written each by itself, whatever the others do', async () => {
    const late = spy(
      'late',
      () => new Promise((resolve) => void shop.clock.after(5_000, () => resolve({ ok: true }))),
    )
    const fine = spy('fine')
    const engine = bareEngine(shop, { targets: [late, fine] })
    engine.start()
    await settle(engine, 3)
    await shop.clock.advance(10 * SECOND)
    expect(await shop.store.countDeliveries()).toEqual({ sent: 6 })
    await closed(engine)
  })

  it('that are no longer there keep their messages: nobody else gets them', async () => {
    const old = spy('old', () => ({ ok: false, why: 'answered 500' }))
    const engine = bareEngine(shop, { targets: [old] })
    engine.start()
    await settle(engine)
    await closed(engine)
    const fresh = spy('new')
    const next = bareEngine(shop, { targets: [fresh] })
    next.start()
    await shop.clock.advance(HOUR)
    expect(fresh.got).toEqual([])
    await closed(next)
    expect(await shop.store.countDeliveries()).toEqual({ pending: 1 })
  })

  it('are told though the store fails to write what came of it, once', async () => {
    let fails = 1
    const store: Store = watchedStore(shop.store, async (what, call) => {
      if (what === 'finishDeliveries' && fails-- > 0) throw new Error('no space left')
      return call()
    })
    const one = spy('shop')
    const engine = bareEngine(shop, { targets: [one], store })
    engine.start()
    await settle(engine)
    await shop.clock.advance(20 * MINUTE)
    expect(one.got).toHaveLength(1)
    expect(await shop.store.countDeliveries()).toEqual({ sent: 1 })
    await closed(engine)
  })
})
