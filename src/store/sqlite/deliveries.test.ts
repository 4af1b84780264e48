import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { FinalOrder } from '../../core/order.ts'
import type { DeliveryResult, DeliveryState, Store } from '../store.ts'
import { dueDeliveries, settled, T0, tell } from '../testing.ts'
import { sqliteStore } from './index.ts'

/*
 * Messages wait behind each other in their rows, and who sends which is remembered beside them. The model remembers all
 * messages in one list and goes through it every time.
 */

interface Sent {
  readonly id: number
  readonly orderId: number
  readonly target: string
  state: DeliveryState
  dueAtMs: number | null
  attempts: number
  heldUntilMs: number | null
}

interface World {
  readonly store: Store
  readonly orders: FinalOrder[]
  readonly messages: Sent[]
  nowMs: number
}

type Act = (world: World) => Promise<void>

const target = fc.constantFrom('shop', 'books')
const lineOf = ({ messages }: World, one: Pick<Sent, 'orderId' | 'target'>): Sent[] =>
  messages.filter(({ orderId, target }) => orderId === one.orderId && target === one.target)

const write = fc.tuple(fc.nat(), fc.array(target, { minLength: 1, maxLength: 3 })).map(
  ([nth, targets]): Act =>
    async (world) => {
      const { store, orders, nowMs } = world
      const at = nth % orders.length
      const order = orders[at]
      if (order === undefined) return
      const told = await tell(
        store,
        order,
        targets.map((target) => ({ target, createdAtMs: nowMs })),
      )
      orders[at] = told.order
      for (const { id, target } of told.deliveries) {
        const isFirst = lineOf(world, { orderId: order.id, target }).every(isDone)
        const state = isFirst ? 'pending' : 'queued'
        const rest = { dueAtMs: isFirst ? nowMs : null, attempts: 0, heldUntilMs: null }
        world.messages.push({ id, orderId: order.id, target, state, ...rest })
      }
    },
)

const claim = fc.tuple(target, fc.integer({ min: 1, max: 5 }), fc.nat(40_000)).map(
  ([target, limit, passMs]): Act =>
    async (world) => {
      world.nowMs += passMs
      const { store, messages, nowMs } = world
      for (const one of messages) if ((one.heldUntilMs ?? Infinity) <= nowMs) one.heldUntilMs = null
      const expected = messages
        .filter(
          (one) => one.target === target && one.heldUntilMs === null && (one.dueAtMs ?? Infinity) <= nowMs,
        )
        .sort((a, b) => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0) || a.id - b.id)
        .slice(0, limit)
      const untilMs = nowMs + 30_000
      const claimed = await store.claimDeliveries(dueDeliveries({ target, nowMs, untilMs, limit }))
      expect(claimed.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
      for (const one of expected) one.heldUntilMs = untilMs
    },
)

/** What came of an attempt; `stale` of one that somebody else has made since. */
const finish = fc
  .tuple(fc.nat(), fc.constantFrom('sent', 'pending', 'failed'), fc.nat(60_000), fc.boolean())
  .map(
    ([nth, state, pauseMs, isStale]): Act =>
      async (world) => {
        const { store, messages, nowMs } = world
        const one = messages[nth % Math.max(1, messages.length)]
        if (one === undefined) return
        const attempts = isStale ? one.attempts : one.attempts + 1
        const dueAtMs = nowMs + pauseMs
        const outcome = { state, dueAtMs, why: 'x' } as DeliveryResult['outcome']
        await store.finishDeliveries([{ id: one.id, nowMs, firstAtMs: nowMs, attempts, outcome }])
        one.heldUntilMs = null
        if (isStale || one.state !== 'pending') return
        Object.assign(one, { state, attempts, dueAtMs: state === 'pending' ? dueAtMs : null })
        if (state !== 'pending') advance(world, one)
      },
  )

const resend = fc.nat().map(
  (nth): Act =>
    async ({ store, messages, nowMs }) => {
      const one = messages[nth % Math.max(1, messages.length)]
      if (one === undefined) return
      const may = isDone(one)
      expect((await store.resend(one.id, nowMs)) !== null).toBe(may)
      if (may) Object.assign(one, { state: 'pending', dueAtMs: nowMs, attempts: 0 })
    },
)

const askNext = target.map(
  (target): Act =>
    async ({ store, messages }) => {
      const dues = messages.flatMap((one) =>
        one.target === target && one.heldUntilMs === null && one.dueAtMs !== null ? [one.dueAtMs] : [],
      )
      expect(await store.nextDeliveryAtMs(target)).toBe(dues.length === 0 ? null : Math.min(...dues))
    },
)

function advance(world: World, done: Sent): void {
  const line = lineOf(world, done)
  if (line.some(({ state }) => state === 'pending')) return
  const next = line.find(({ state }) => state === 'queued')
  if (next !== undefined) Object.assign(next, { state: 'pending', dueAtMs: world.nowMs })
}

function isDone({ state }: Sent): boolean {
  return state === 'sent' || state === 'failed'
}

it('messages are given out as a list of all of them would say, whatever happened before', async () => {
  const act = fc.oneof(
    { weight: 4, arbitrary: write },
    { weight: 5, arbitrary: claim },
    { weight: 5, arbitrary: finish },
    { weight: 1, arbitrary: resend },
    { weight: 2, arbitrary: askNext },
  )
  const property = fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 60 }), async (acts) => {
    const store = await sqliteStore({ file: ':memory:' })
    const orders = [await settled(store), await settled(store), await settled(store)]
    const world: World = { store, orders, messages: [], nowMs: T0 }
    for (const act of acts) await act(world)
    for (const { id } of orders) {
      const known = world.messages.filter(({ orderId }) => orderId === id)
      const kept = await store.deliveriesOf(id)
      expect(kept.map(({ state, dueAtMs, attempts }) => [state, dueAtMs, attempts])).toEqual(
        known.map(({ state, dueAtMs, attempts }) => [state, dueAtMs, attempts]),
      )
    }
    await store.close()
  })
  await fc.assert(property, { numRuns: 200 })
})
