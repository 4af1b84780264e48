import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type DueOrder,
  type FinalOrder,
  isAtTheTill,
  isDue,
  isFinal,
  type OpenOrder,
} from '../../core/order.ts'
import type { Store } from '../store.ts'
import { applied, enterFree, finalOf, followed, nextOf, T0, verdictOf } from '../testing.ts'
import { sqliteStore } from './index.ts'

/*
 * Claims remember where they need not look again. The model remembers nothing: it goes through all orders every time.
 */

interface World {
  readonly store: Store
  readonly orders: Map<number, OpenOrder | FinalOrder>
  readonly claims: Map<number, { readonly worker: string; readonly untilMs: number }>
  nowMs: number
}

const ACCOUNT = '1900000001'
const DUES = { min: T0 - 200_000, max: T0 + 100_000 }

type Act = (world: World) => Promise<void>

const worker = fc.constantFrom('a', 'b')
const dueAtMs = fc.integer(DUES)
const windowEndAtMs = fc.constantFrom(T0 - 250_000, T0 + 250_000)
const sketch = fc.record({
  dueAtMs,
  windowEndAtMs,
  kind: fc.constantFrom('quick_pay' as const, 'native' as const),
})

const enter = sketch.map(
  (sketch): Act =>
    async ({ store, orders }) => {
      const [order] = await enterFree(store, [sketch])
      orders.set(order.id, order)
    },
)

const claim = fc
  .record({ worker, limit: fc.integer({ min: 1, max: 12 }), passMs: fc.nat(9_000), aheadMs: fc.nat(60_000) })
  .map(
    ({ worker, limit, passMs, aheadMs }): Act =>
      async (world) => {
        world.nowMs += passMs
        const { store, claims, nowMs } = world
        const untilMs = nowMs + 20_000
        const dueUntilMs = nowMs + aheadMs
        const expected = expectedClaim(world, dueUntilMs, limit)
        const claimed = await store.claimDue({ account: ACCOUNT, worker, nowMs, dueUntilMs, untilMs, limit })
        expect(claimed).toEqual(expected)
        for (const { id } of claimed) claims.set(id, { worker, untilMs })
      },
  )

const release = fc.tuple(fc.nat(), worker).map(
  ([nth, worker]): Act =>
    async ({ store, orders, claims }) => {
      const order = pick(orders, nth)
      if (order === undefined) return
      await store.release([order.id], worker)
      if (claims.get(order.id)?.worker === worker) claims.delete(order.id)
    },
)

/** Due or not, with its verdict or on the way there: whatever may become of an order. */
const commit = fc.tuple(fc.nat(), dueAtMs, fc.constantFrom('open', 'settled', 'done'), fc.boolean()).map(
  ([nth, dueAtMs, next, keepClaim]): Act =>
    async ({ store, orders, claims }) => {
      const order = pick(orders, nth)
      if (order === undefined) return
      const change = isFinal(order)
        ? followed(order, { dueAtMs: next === 'done' ? null : dueAtMs })
        : next === 'open'
          ? nextOf(order, { dueAtMs })
          : settling(order, next === 'done' ? null : dueAtMs)
      await applied(store, { change, keepClaim })
      orders.set(order.id, change.order)
      if (!keepClaim || !isDue(change.order)) claims.delete(order.id)
    },
)

function settling(open: OpenOrder, dueAtMs: number | null) {
  const verdict = verdictOf('SUCCESS')
  const order = { ...finalOf(nextOf(open).order, verdict), dueAtMs }
  return { from: open.version, order, journal: [], evidence: [verdict.evidence], events: [] }
}

const askNext = fc.constant<Act>(async ({ store, orders, claims }) => {
  const dues = [...orders.values()]
    .filter(isDue)
    .flatMap(({ id, dueAtMs }) => (claims.has(id) ? [] : [dueAtMs]))
  expect(await store.nextDueAtMs(ACCOUNT)).toBe(dues.length === 0 ? null : Math.min(...dues))
})

function expectedClaim({ orders, claims, nowMs }: World, dueUntilMs: number, limit: number): DueOrder[] {
  for (const [id, { untilMs }] of claims) if (untilMs <= nowMs) claims.delete(id)
  const due = [...orders.values()]
    .filter(isDue)
    .filter((order) => order.dueAtMs <= dueUntilMs && !claims.has(order.id))
    .sort((a, b) => a.dueAtMs - b.dueAtMs || a.id - b.id)
  const isHere = (order: DueOrder) => isAtTheTill(order) && order.dueAtMs > nowMs - 60_000
  const atTill = due.filter(isHere)
  const others = due.filter((order) => !isHere(order))
  const room = Math.max(Math.floor(limit / 5), limit - atTill.length)
  const served = others.slice(0, room)
  return [...atTill.slice(0, limit - served.length), ...served]
}

function pick(orders: World['orders'], nth: number): OpenOrder | FinalOrder | undefined {
  return [...orders.values()][nth % Math.max(orders.size, 1)]
}

it('claims what a search through all orders would find, whatever happened before', async () => {
  const act = fc.oneof(
    { weight: 4, arbitrary: enter },
    { weight: 4, arbitrary: claim },
    { weight: 2, arbitrary: release },
    { weight: 3, arbitrary: commit },
    { weight: 2, arbitrary: askNext },
  )
  const property = fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 60 }), async (acts) => {
    const world: World = {
      store: await sqliteStore({ file: ':memory:' }),
      orders: new Map(),
      claims: new Map(),
      nowMs: T0,
    }
    for (const act of acts) await act(world)
    await world.store.close()
  })
  await fc.assert(property, { numRuns: 300 })
})
