import { describe, expect, it } from 'vitest'
import { type FinalOrder, isFinal, isStopped, type Order, STOPPED_MS } from '../core/order.ts'
import { NEAR } from './rows/lists.ts'
import type { OrderFilter, Store } from './store.ts'
import {
  ACCOUNT,
  applied,
  due,
  ENDING,
  enter,
  follow,
  HELD,
  lateMoney,
  many,
  newOrder,
  nextOf,
  type Sketch,
  settle,
  settled,
  T0,
} from './testing.ts'

const OTHER = '1900000002'
const LATE_NUMBER = '4200000009'

/** Orders of every sort, whose moments don't grow with their row numbers. */
async function world(store: Store): Promise<readonly Order[]> {
  const [native, quick, sub, twin, ending, marked] = await enter(store, [
    { createdAtMs: T0 + 7, dueAtMs: T0 + 9, state: 'placing' },
    { createdAtMs: T0 + 3, kind: 'quick_pay', dueAtMs: T0 - 1, windowEndAtMs: T0 + 9 },
    { createdAtMs: T0 + 9, out_trade_no: 'A1', sub_mchid: '1900000007', kind: 'h5', total: 7 },
    { createdAtMs: T0 + 1, out_trade_no: 'A1', account: OTHER, dueAtMs: T0 - 9 },
    { createdAtMs: T0 + 2, out_trade_no: 'A2', dueAtMs: T0 - 5 },
    { createdAtMs: T0 + 8, account: OTHER, kind: 'h5', attention: 'overdue', dueAtMs: T0 - 3 },
    { createdAtMs: T0 + 4, kind: 'h5', dueAtMs: STOPPED_MS },
    { createdAtMs: T0 + 5, account: OTHER, attention: 'vanished', dueAtMs: STOPPED_MS },
    { createdAtMs: T0 + 6, sub_mchid: '1900000007', total: 7, dueAtMs: STOPPED_MS },
  ])
  const change = nextOf(ending, { dueAtMs: T0 - 5 })
  const order = { ...change.order, state: 'ending', ending: ENDING } as const
  await applied(store, { change: { ...change, order } })
  const finals: FinalOrder[] = []
  for (const [nth, state] of (['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED', 'SUCCESS'] as const).entries())
    finals.push(await settled(store, state, { createdAtMs: T0 + ((nth * 3) % 7), total: 7 + (nth % 2) }))
  const [, closed, revoked] = finals
  if (closed === undefined || revoked === undefined) throw new Error('expected five')
  // Something is to be done about a final order: it is due, and not open.
  const late = lateMoney({ transaction_id: LATE_NUMBER })
  await follow(store, closed, { late, dueAtMs: T0 - 7 })
  await settle(store, marked, 'CLOSED')
  await enter(store, [{ createdAtMs: T0, total: 7 }])
  const all = await store.page(0, 100)
  expect(all.map(({ id }) => id)).toEqual(
    expect.arrayContaining([native, quick, sub, twin, ending, marked].map(({ id }) => id)),
  )
  return all.toReversed()
}

/** Filters of one field each, and what they mean. */
const FILTERS: ReadonlyArray<readonly [OrderFilter, (order: Order) => boolean]> = [
  [{}, () => true],
  [{ account: OTHER }, ({ account }) => account === OTHER],
  [{ account: '1900000003' }, () => false],
  [{ sub_mchid: null }, ({ sub_mchid }) => sub_mchid === null],
  [{ sub_mchid: '1900000007' }, ({ sub_mchid }) => sub_mchid === '1900000007'],
  [{ out_trade_no: 'A1' }, ({ out_trade_no }) => out_trade_no === 'A1'],
  [{ out_trade_no: "A1' OR 1=1 --" }, () => false],
  [{ transaction_id: '4200000001' }, (order) => order.state === 'SUCCESS'],
  [{ transaction_id: LATE_NUMBER }, (order) => isFinal(order) && order.aftercare !== null],
  [{ states: [] }, () => false],
  [{ states: ['waiting'] }, ({ state }) => state === 'waiting'],
  [{ states: ['ending'] }, ({ state }) => state === 'ending'],
  [{ states: ['NOT_CREATED'] }, ({ state }) => state === 'NOT_CREATED'],
  [{ states: ['SUCCESS', 'placing', 'waiting'] }, ({ state }) => /SUCCESS|placing|waiting/.test(state)],
  [{ kinds: [] }, () => false],
  [{ kinds: ['h5', 'quick_pay'] }, ({ kind }) => kind === 'h5' || kind === 'quick_pay'],
  [{ isOpen: true }, (order) => !isFinal(order)],
  [{ isOpen: false }, isFinal],
  [{ needsAttention: true }, ({ attention }) => attention !== null],
  [{ needsAttention: false }, ({ attention }) => attention === null],
  [{ isStopped: true }, isStopped],
  [{ isStopped: false }, (order) => !isStopped(order)],
  [{ overdueSinceMs: T0 - 4 }, (order) => !isFinal(order) && order.dueAtMs < T0 - 4],
  [{ overdueSinceMs: T0 }, (order) => !isFinal(order) && order.dueAtMs < T0],
  [{ createdFromMs: T0 + 3 }, ({ createdAtMs }) => createdAtMs >= T0 + 3],
  [{ createdToMs: T0 + 3 }, ({ createdAtMs }) => createdAtMs < T0 + 3],
  [
    { createdFromMs: T0 + 2, createdToMs: T0 + 8 },
    ({ createdAtMs }) => createdAtMs >= T0 + 2 && createdAtMs < T0 + 8,
  ],
  [{ createdFromMs: T0 + 100 }, () => false],
  [{ total: 7 }, ({ total }) => total === 7],
]

/** Filters of two fields. */
const PAIRS: typeof FILTERS = FILTERS.flatMap(([one, fitsOne], nth) =>
  FILTERS.slice(nth + 1).flatMap(([other, fitsOther]) =>
    // Two filters by one field are one filter.
    Object.keys(one).some((field) => field in other)
      ? []
      : [[{ ...one, ...other }, (order: Order) => fitsOne(order) && fitsOther(order)] as const],
  ),
)

/** More than are looked at first, of every sort, and most like nothing that is looked for. */
function newer(): readonly Sketch[] {
  return Array.from({ length: NEAR + 100 }, (_, nth) => ({
    createdAtMs: T0 + 50,
    dueAtMs: T0 + 1_000,
    kind: 'app',
    ...[
      { total: 7 },
      { account: OTHER },
      { sub_mchid: '1900000007' },
      { kind: 'h5' as const },
      { createdAtMs: T0 + 4 },
    ][nth % 100],
  }))
}

const idsOf = (orders: readonly Order[]) => orders.map(({ id }) => id)

/** What every store lists for people. */
export function listsContract(name: string, openStore: () => Promise<Store>): void {
  describe(`${name}: a list`, () => {
    it('holds the orders that fit each filter, whole, newest first', async () => {
      const store = await openStore()
      const all = await world(store)
      for (const [filter, fits] of FILTERS)
        expect(await store.list(filter, { before: null, limit: 100 })).toEqual(all.filter(fits))
    })

    it('holds those that fit any two filters at once, from any row number on', async () => {
      const store = await openStore()
      const all = await world(store)
      const before = all[3]?.id ?? 0
      for (const [filter, fits] of PAIRS) {
        const fitting = all.filter((order) => order.id < before && fits(order))
        const found = await store.list(filter, { before, limit: 100 })
        expect({ filter, found: idsOf(found) }).toEqual({ filter, found: idsOf(fitting) })
      }
    })

    it.each<OrderFilter>([
      {},
      { isOpen: true },
      { isOpen: false },
      { kinds: ['native', 'h5'] },
      { isStopped: true },
    ])('comes in pages, each from below the last row number: %j', async (filter) => {
      const store = await openStore()
      await world(store)
      const whole = await store.list(filter, { before: null, limit: 100 })
      const pages: Order[] = []
      for (let before: number | null = null; ; ) {
        const page = await store.list(filter, { before, limit: 2 })
        pages.push(...page)
        if (page.length < 2) break
        before = page[1]?.id ?? 0
      }
      expect(pages).toEqual(whole)
      expect(whole.length).toBeGreaterThan(2)
    })

    it('holds what fits behind more orders than are looked at first, by each filter and any two', async () => {
      const store = await openStore()
      await world(store)
      await enter(store, newer())
      const all = (await store.page(0, 2_000)).toReversed()
      const wanted = [...FILTERS, ...PAIRS]
      for (const [filter, fits] of wanted) {
        const found = await store.list(filter, { before: null, limit: 1_000 })
        expect({ filter, found: idsOf(found) }).toEqual({
          filter,
          found: idsOf(all.filter(fits)).slice(0, 1_000),
        })
      }
    })

    it('is right where more orders are due than are looked up one by one', async () => {
      const store = await openStore()
      const sketches = [{ dueAtMs: T0 - 9 }, ...many(1_100, { dueAtMs: T0 - 5 }), { dueAtMs: T0 + 1 }]
      const orders = (await enter(store, sketches)).toReversed()
      const [newest, ...others] = idsOf(orders)
      const final = await settled(store)
      const page = { before: null, limit: 3 }
      expect(idsOf(await store.list({ isOpen: true }, page))).toEqual([newest, ...others.slice(0, 2)])
      expect(idsOf(await store.list({ states: ['waiting', 'SUCCESS'] }, page))).toEqual([
        final.id,
        newest,
        others[0],
      ])
      expect(idsOf(await store.list({ overdueSinceMs: T0 }, page))).toEqual(others.slice(0, 3))
      expect(idsOf(await store.list({ overdueSinceMs: T0 - 5 }, page))).toEqual(others.slice(-1))
      expect(await store.list({ overdueSinceMs: T0, account: OTHER }, page)).toEqual([])
    })

    it('is empty where there are no orders', async () => {
      const store = await openStore()
      for (const [filter] of FILTERS)
        expect(await store.list(filter, { before: null, limit: 10 })).toEqual([])
    })

    it('follows an order from state to state, and what marks it', async () => {
      const store = await openStore()
      const [placing] = await enter(store, [{ state: 'placing' }])
      const listed = async (filter: OrderFilter) =>
        idsOf(await store.list(filter, { before: null, limit: 9 }))
      const waiting = nextOf(placing)
      await applied(store, { change: waiting })
      expect(await listed({ states: ['placing'] })).toEqual([])
      expect(await listed({ states: ['waiting'] })).toEqual([placing.id])
      const marked = nextOf(waiting.order)
      await applied(store, { change: { ...marked, order: { ...marked.order, attention: 'overdue' } } })
      expect(await listed({ needsAttention: true })).toEqual([placing.id])
      expect(await store.countAttention()).toBe(1)
      const polled = nextOf({ ...marked.order, attention: 'overdue' }, { queries: 4 })
      await applied(store, { change: polled })
      expect(await listed({ needsAttention: true })).toEqual([placing.id])
      expect(await store.byId(placing.id)).toEqual(polled.order)
      const clear = nextOf({ ...polled.order, attention: null })
      await applied(store, { change: clear })
      expect(await listed({ needsAttention: true })).toEqual([])
      await settle(store, clear.order, 'CLOSED')
      expect(await listed({ isOpen: true })).toEqual([])
      expect(await listed({ states: ['CLOSED'] })).toEqual([placing.id])
    })
  })

  describe(`${name}: many keys`, () => {
    it('find each its order, or none, in their sequence', async () => {
      const store = await openStore()
      const orders = await world(store)
      const unknown = [
        { account: ACCOUNT, sub_mchid: null, out_trade_no: 'nobody' },
        { account: '1900000003', sub_mchid: null, out_trade_no: 'A2' },
        { account: ACCOUNT, sub_mchid: '1900000008', out_trade_no: 'A1' },
        { account: ACCOUNT, sub_mchid: null, out_trade_no: '1900000007/A1' },
        { account: ACCOUNT, sub_mchid: null, out_trade_no: `A1','x"\\\\{}` },
        { account: ACCOUNT, sub_mchid: null, out_trade_no: 'A\0' },
      ]
      const mixed = [...orders, ...unknown, ...orders.slice(0, 2)]
      const found = await store.findAll(mixed)
      expect(found).toEqual([...orders, ...unknown.map(() => null), ...orders.slice(0, 2)])
      expect(await Promise.all(mixed.map((key) => store.find(key)))).toEqual(found)
      expect(await store.findAll([])).toEqual([])
      expect(await store.findAll(unknown)).toEqual(unknown.map(() => null))
    })

    it('may be a thousand', async () => {
      const store = await openStore()
      await enter(store, many(1_000, {}))
      const orders = await store.page(0, 1_000)
      expect(orders).toHaveLength(1_000)
      expect(await store.findAll(orders.toReversed())).toEqual(orders.toReversed())
    })
  })

  describe(`${name}: orders that are overdue`, () => {
    it('are counted as they are listed: open, and due before the moment', async () => {
      const store = await openStore()
      expect(await store.countOverdue(T0)).toBe(0)
      await world(store)
      for (const overdueSinceMs of [T0 - 9, T0 - 4, T0, T0 + 100]) {
        const listed = await store.list({ overdueSinceMs }, { before: null, limit: 100 })
        expect(await store.countOverdue(overdueSinceMs)).toBe(listed.length)
      }
      expect(await store.countOverdue(T0)).toBeGreaterThan(2)
    })
  })

  describe(`${name}: orders that a person has stopped`, () => {
    it('are counted as they are listed, and no longer once they go on', async () => {
      const store = await openStore()
      expect(await store.countStopped()).toBe(0)
      const all = await world(store)
      const [stopped, ...others] = all.filter(isStopped)
      expect(await store.countStopped()).toBe(1 + others.length)
      if (stopped === undefined || isFinal(stopped)) throw new Error('expected open ones')
      await applied(store, { change: nextOf(stopped) })
      expect(await store.countStopped()).toBe(others.length)
      const page = { before: null, limit: 100 }
      expect(idsOf(await store.list({ isStopped: true }, page))).toEqual(idsOf(others))
    })
  })

  describe(`${name}: the oldest that is due`, () => {
    it('is told for each account that has anything to do, whoever has claimed it', async () => {
      const store = await openStore()
      expect(await store.oldestDue()).toEqual([])
      const all = await world(store)
      await store.claimDue(due())
      const oldestOf = (account: string) =>
        Math.min(...all.filter((order) => order.account === account).flatMap(({ dueAtMs }) => dueAtMs ?? []))
      const expected = [ACCOUNT, OTHER].map((account) => ({ account, dueAtMs: oldestOf(account) }))
      expect(await store.oldestDue()).toEqual(expected)
    })
  })

  describe(`${name}: orders that need a person`, () => {
    it('are counted, open ones and final ones', async () => {
      const store = await openStore()
      expect(await store.countAttention()).toBe(0)
      await store.insert([newOrder({ account: ACCOUNT }), newOrder({ attention: 'overdue' })], HELD)
      const [order] = await enter(store, [{ attention: 'late_money' }])
      await settle(store, order, 'CLOSED')
      expect(await store.countAttention()).toBe(2)
    })
  })
}
