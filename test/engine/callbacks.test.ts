import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PlaceParameters, Verdict } from '../../src/verdict.ts'
import { Listening } from '../support/listening.ts'
import { hkd, orderOf, Shop, type ShopSettings } from '../support/shop.ts'
import { forever, watchedStore } from '../support/watched.ts'

/** The real receiver, engine, gateway and store, and the simulator's courier, all on one virtual clock. */
let shop: Shop
let listening: Listening
let verdict: Verdict

async function open(settings: ShopSettings = {}): Promise<void> {
  listening = new Listening()
  shop = await Shop.open({ send: listening.send, callbackTargets: 'any', ...settings })
  verdict = await shop.verdict()
  listening.to = verdict.callbacks
}
beforeEach(() => open())
afterEach(() => shop.close())

async function placed(more: Partial<PlaceParameters> = {}, kind: 'native' | 'jsapi' = 'native') {
  const order = orderOf(kind, more)
  const placing = verdict.place(order)
  await shop.clock.advance(100)
  await placing
  return order
}

/** Nothing finds out by asking any more: what follows is the callbacks' own doing. */
async function receiveOnly(): Promise<void> {
  await verdict.close()
  verdict = await shop.verdict({ options: { start: false } })
  listening.to = verdict.callbacks
}

const statuses = (): number[] => listening.answers.map(({ status }) => status)

describe('a callback', () => {
  it('makes the verdict at once, with its evidence, and 204 is answered after the commit', async () => {
    const order = await placed()
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(100)
    expect(statuses()).toEqual([204])
    const { order: settled, journal, evidence, proof } = await verdict.order(order)
    expect(settled).toMatchObject({
      state: 'SUCCESS',
      queries: 0,
      verdict: { learntBy: 'callback', transaction_id: expect.stringMatching(/^42/) },
    })
    expect(journal.map(({ event, said }) => [event, said])).toEqual([
      ['entered', 'placed'],
      ['intent', undefined],
      ['answer', 'code_url'],
      ['callback', 'SUCCESS'],
      ['verdict', 'SUCCESS'],
    ])
    expect(evidence.map(({ source }) => source)).toEqual(['callback'])
    expect(proof).toMatchObject({ holds: true })
    expect(verdict.statistics.callbacks).toEqual({
      received: 1,
      applied: 1,
      repeated: 0,
      refused: 0,
      hints: 0,
    })
  })

  it('2.6, 2.7 that is repeated is answered with success and changes nothing', async () => {
    const order = await placed()
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(100)
    const before = await verdict.order(order)
    await shop.callback(order.out_trade_no, 'callbackTwice')
    await shop.callback(order.out_trade_no, 'callbackParallel')
    expect(statuses()).toEqual([204, 204, 204, 204, 204])
    expect(await verdict.order(order)).toEqual(before)
    expect(verdict.statistics.callbacks).toMatchObject({ applied: 1, repeated: 4 })
  })

  it('2.8 that comes twice at the same time is booked once', async () => {
    const order = await placed()
    await shop.faults({ callbackParallel: 1 })
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(100)
    expect(statuses()).toEqual([204, 204])
    const { journal, evidence } = await verdict.order(order)
    expect(journal.filter(({ event }) => event === 'verdict')).toHaveLength(1)
    expect(evidence).toHaveLength(1)
    expect(verdict.statistics.callbacks).toMatchObject({ received: 2, applied: 1, repeated: 1 })
  })

  it('whose query was under way leads to one verdict', async () => {
    await shop.close()
    await open({ latencyMs: 500 })
    const order = orderOf('native')
    const placing = verdict.place(order)
    await shop.clock.advance(1_000)
    await placing
    // The first query leaves 10 s after creation, and is answered a second later.
    await shop.clock.advance(10_200)
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(3_000)
    const { order: settled, journal } = await verdict.order(order)
    expect(settled).toMatchObject({ state: 'SUCCESS', verdict: { learntBy: 'callback' } })
    expect(journal.filter(({ event }) => event === 'verdict')).toHaveLength(1)
    expect(verdict.statistics.calls.query).toBe(1)
  })
})

/** Every bad kind has a twin: the same order, right after it, with the callback as it should be. */
const BAD = [
  ['callbackForged', 401],
  ['callbackWrongSerial', 401],
  ['callbackChanged', 401],
  ['callbackOldTimestamp', 401],
  ['callbackProbe', 401],
  ['callbackOtherAmount', 409],
  ['callbackOtherCurrency', 409],
  ['callbackUnknownOrder', 404],
] as const

describe('a bad callback is refused and makes no verdict, and the true one is accepted', () => {
  it.each(BAD)('2.2, 2.3, 2.4 %s: %i', async (fault, status) => {
    const order = await placed()
    listening.to = null
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(10)
    await receiveOnly()
    await shop.callback(order.out_trade_no, fault)
    const { order: after } = await verdict.order(order)
    expect(statuses()).toEqual([status])
    expect(after.state).toBe('waiting')
    expect(JSON.parse(listening.answers[0]?.body ?? '')).toMatchObject({ code: 'FAIL' })

    await shop.callback(order.out_trade_no, null)
    expect(statuses()).toEqual([status, 204])
    expect((await verdict.order(order)).order).toMatchObject({
      state: 'SUCCESS',
      verdict: { learntBy: 'callback' },
    })
  })

  it('with another amount marks the order, makes a query due and stops what is automatic', async () => {
    const order = await placed()
    listening.to = null
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(10)
    listening.to = verdict.callbacks
    await shop.callback(order.out_trade_no, 'callbackOtherAmount')
    await shop.clock.advance(100)
    const { journal } = await verdict.order(order)
    const marked = journal.find(({ event }) => event === 'attention')
    expect(marked).toMatchObject({ said: 'amount_mismatch', note: expect.stringContaining('expected 1234') })
    // The signed answer to the query names the right amount: paid, and still for a person to look at.
    expect((await verdict.order(order)).order).toMatchObject({
      state: 'SUCCESS',
      attention: 'amount_mismatch',
      verdict: { learntBy: 'query' },
    })
  })
})

describe('a callback that nobody can verify', () => {
  it('is a hint if our APIv3 key opens it: a query at once, at most one in 10 s', async () => {
    const order = await placed()
    listening.to = null
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(10)
    listening.to = verdict.callbacks
    await shop.callback(order.out_trade_no, 'callbackProbe')
    await shop.callback(order.out_trade_no, 'callbackProbe')
    await shop.clock.advance(100)
    expect(statuses()).toEqual([401, 401])
    expect((await verdict.order(order)).order).toMatchObject({
      state: 'SUCCESS',
      verdict: { learntBy: 'query' },
    })
    expect(verdict.statistics.callbacks).toEqual({
      received: 2,
      applied: 0,
      repeated: 0,
      refused: 2,
      hints: 1,
    })
  })

  it('twin: is none if our APIv3 key does not open it', async () => {
    const order = await placed()
    listening.to = null
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(10)
    const body = JSON.stringify({
      id: 'x',
      create_time: 'x',
      event_type: 'TRANSACTION.SUCCESS',
      resource: {},
    })
    expect(await verdict.callbacks({ headers: [], body: Buffer.from(body) })).toMatchObject({ status: 401 })
    await shop.clock.advance(100)
    expect((await verdict.order(order)).order.state).toBe('waiting')
    expect(verdict.statistics.callbacks).toMatchObject({ refused: 1, hints: 0 })
  })
})

describe('a callback for an order that is not there yet', () => {
  it('is kept, and applied when the order is tracked', async () => {
    const order = await placed()
    listening.to = null
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(10)
    const other = await emptyVerdict()
    listening.to = other.verdict.callbacks
    await shop.callback(order.out_trade_no, null)
    expect(statuses()).toEqual([404])
    expect(await other.store.strays(10)).toHaveLength(1)
    const tracking = other.verdict.track({ out_trade_no: order.out_trade_no, kind: 'native', ...hkd(1234) })
    await shop.clock.advance(20)
    await tracking
    expect(await other.store.strays(10)).toEqual([])
    expect((await other.verdict.order(order)).order).toMatchObject({
      state: 'SUCCESS',
      verdict: { learntBy: 'callback' },
    })
    await other.close()
  })

  it('is shown to a person after ten minutes, once', async () => {
    const order = await placed()
    listening.to = null
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(10)
    const other = await emptyVerdict()
    listening.to = other.verdict.callbacks
    await shop.callback(order.out_trade_no, null)
    listening.to = null
    await shop.clock.advance(9 * 60_000)
    expect(other.notices).toEqual([])
    await shop.clock.advance(10 * 60_000)
    expect(other.notices).toEqual([expect.stringMatching(/nobody has placed or tracked/)])
    expect(other.notices[0]).toContain(order.out_trade_no)
    await other.close()
  })

  it('is only counted where the account says so', async () => {
    const order = await placed()
    listening.to = null
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(10)
    const other = await emptyVerdict({ unknownCallbacks: 'count' })
    listening.to = other.verdict.callbacks
    await shop.callback(order.out_trade_no, null)
    expect(statuses()).toEqual([404])
    expect(other.verdict.statistics.callbacks).toMatchObject({ received: 1, refused: 1 })
    expect(await other.store.strays(10)).toEqual([])
    await other.close()
  })
})

describe('a callback about a refund that somebody else made', () => {
  it('of an order that we do not know to be paid settles it, and the refund is counted', async () => {
    const order = await placed()
    listening.to = null
    await shop.pay(order.out_trade_no)
    await shop.refundElsewhere(order.out_trade_no, 1_000)
    await shop.clock.advance(6_000)
    listening.to = verdict.callbacks
    await shop.callback(order.out_trade_no, null)
    await shop.clock.advance(1_000)
    expect(statuses()).toEqual([204])
    expect(await verdict.order(order)).toMatchObject({
      order: { state: 'SUCCESS', dueAtMs: null },
      refunds: [{ origin: 'elsewhere', amount: 1_000, state: 'SUCCESS' }],
    })
    await expect(verdict.refund(order, { amount: 235, idempotencyKey: 'r1' })).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS',
    })
  })
})

describe('when the store is slow or fails', () => {
  it('answers 503 within 5 s and never success before the commit; the repeat finds it done', async () => {
    const order = await placed()
    await verdict.close()
    let isSlow = true
    const slow = watchedStore(shop.store, async (what, call) => {
      if (what === 'commit' && isSlow) await new Promise<void>((resolve) => shop.clock.after(30_000, resolve))
      return call()
    })
    verdict = await shop.verdict({ store: slow })
    listening.to = verdict.callbacks
    await shop.clock.advance(10)
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(4_100)
    expect(statuses()).toEqual([503])
    isSlow = false
    await shop.clock.advance(60_000)
    expect((await verdict.order(order)).order.state).toBe('SUCCESS')
    expect(statuses().at(-1)).toBe(204)
  })

  it('answers 500 if it fails, and WeChat Pay comes again', async () => {
    const order = await placed()
    await verdict.close()
    let fails = true
    const failing = watchedStore(shop.store, async (what, call) => {
      if (what === 'commit' && fails) throw new Error('disk full')
      return call()
    })
    verdict = await shop.verdict({ store: failing })
    listening.to = verdict.callbacks
    await shop.clock.advance(10)
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(1_000)
    expect(statuses()).toEqual([500])
    fails = false
    await shop.clock.advance(30_000)
    expect(statuses().at(-1)).toBe(204)
    expect((await verdict.order(order)).order.state).toBe('SUCCESS')
  })

  it('answers 503 in time if the store hangs for ever', async () => {
    const order = await placed()
    await verdict.close()
    const hanging = watchedStore(shop.store, (what, call) => (what === 'find' ? forever() : call()))
    const stuck = await shop.verdict({ store: hanging, isMortal: true })
    listening.to = stuck.callbacks
    await shop.pay(order.out_trade_no)
    await shop.clock.advance(4_100)
    expect(statuses()).toEqual([503])
  })
})

async function emptyVerdict(account: { unknownCallbacks?: 'keep' | 'count' } = {}) {
  const { sqliteStore } = await import('../../src/store/sqlite/index.ts')
  const store = await sqliteStore({ file: ':memory:' })
  const notices: string[] = []
  const other = await shop.verdict({ store, account, notify: (message) => notices.push(message) })
  const close = async (): Promise<void> => {
    const closing = other.close()
    await shop.clock.advance(5_000)
    await closing
    await store.close()
  }
  return { verdict: other, store, notices, close }
}
