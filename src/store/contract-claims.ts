import { describe, expect, it } from 'vitest'
import type { OrderIn } from '../core/order.ts'
import type { Store } from './store.ts'
import {
  ACCOUNT,
  atTill,
  DAY_MS,
  due,
  ENDING,
  enter,
  enterFree,
  MINUTE_MS,
  many,
  newOrder,
  nextOf,
  settle,
  T0,
} from './testing.ts'

/** Of two that would work on an order one does, the living customers first. */
export function claimsContract(name: string, openStore: () => Promise<Store>): void {
  describe(`${name}: claims`, () => {
    it('leaves a new order with the worker that wrote it', async () => {
      const store = await openStore()
      await store.insert([newOrder({ dueAtMs: T0 })], { worker: 'a', untilMs: T0 + 1 })
      expect(await store.claimDue(due({ worker: 'b' }))).toEqual([])
      expect(await store.claimDue(due({ worker: 'a' }))).toEqual([])
    })

    it('gives every due order to one of many callers only', async () => {
      const store = await openStore()
      const orders = await enterFree(
        store,
        Array.from({ length: 90 }, () => ({ dueAtMs: T0 })),
      )
      const workers = ['a', 'b', 'c', 'd']
      const claims = await Promise.all(workers.map((worker) => store.claimDue(due({ worker, limit: 40 }))))
      const ids = claims.flat().map(({ id }) => id)
      expect(ids).toHaveLength(90)
      expect(new Set(ids)).toEqual(new Set(orders.map(({ id }) => id)))
      expect(claims.every((claimed) => claimed.length <= 40)).toBe(true)
    })

    it('gives the whole order, whatever its state', async () => {
      const store = await openStore()
      const [placing, waiting, fresh] = await enterFree(store, [
        { state: 'placing', dueAtMs: T0 - 3 },
        { dueAtMs: T0 - 2, sub_mchid: '1900000007' },
        { dueAtMs: T0 - 1 },
      ])
      const change = nextOf(fresh, { dueAtMs: T0 - 1 })
      const ending: OrderIn<'ending'> = { ...change.order, state: 'ending', ending: ENDING }
      await store.commit([{ change: { ...change, order: ending } }])
      expect(await store.claimDue(due())).toEqual([placing, waiting, ending])
    })

    it('gives an order again once its claim is over, not before', async () => {
      const store = await openStore()
      const [order] = await enterFree(store, [{ dueAtMs: T0 }])
      await store.claimDue(due({ worker: 'a', untilMs: T0 + 100 }))
      expect(await store.claimDue(due({ worker: 'b', nowMs: T0 + 99 }))).toEqual([])
      expect(await store.claimDue(due({ worker: 'b', nowMs: T0 + 100 }))).toEqual([order])
    })

    it('takes claims back from the worker that has them, and from nobody else', async () => {
      const store = await openStore()
      const [order] = await enterFree(store, [{ dueAtMs: T0 }])
      await store.claimDue(due({ worker: 'a' }))
      await store.release([order.id, order.id + 1], 'b')
      expect(await store.claimDue(due({ worker: 'b' }))).toEqual([])
      await store.release([order.id], 'a')
      expect(await store.claimDue(due({ worker: 'b' }))).toEqual([order])
    })

    it('gives back the very claim that is meant: what was claimed anew since stays', async () => {
      const store = await openStore()
      const [order] = await enterFree(store, [{ dueAtMs: T0 }])
      await store.claimDue(due({ worker: 'a', untilMs: T0 + 1_000 }))
      await store.claimDue(due({ worker: 'a', nowMs: T0 + 2_000, untilMs: T0 + 9_000 }))
      await store.release([order.id], 'a', [T0 + 1_000])
      const later = { worker: 'b', nowMs: T0 + 3_000 }
      expect(await store.claimDue(due(later))).toEqual([])
      await store.release([order.id], 'a', [T0 + 9_000])
      expect(await store.claimDue(due(later))).toEqual([order])
    })

    it('frees an order when a change is applied, unless the claim is kept', async () => {
      const store = await openStore()
      const [freed, kept] = await enter(store, [{ dueAtMs: T0 }, { dueAtMs: T0 }])
      const changes = [freed, kept].map((order) => nextOf(order, { dueAtMs: T0 }))
      await store.commit(changes.map((change, index) => ({ change, keepClaim: index === 1 })))
      expect((await store.claimDue(due())).map(({ id }) => id)).toEqual([freed.id])
    })

    it('leaves the claim of another: whoever changes an order after his own claim is over gives none back', async () => {
      const store = await openStore()
      const [order] = await enterFree(store, [{ dueAtMs: T0 }])
      await store.claimDue(due({ worker: 'first', untilMs: T0 + 1_000 }))
      const second = { worker: 'second', nowMs: T0 + 2_000, untilMs: T0 + 60_000 }
      expect(await store.claimDue(due(second))).toHaveLength(1)
      const change = nextOf(order, { dueAtMs: T0 + 3_000 })
      await store.commit([{ change, claim: { worker: 'first', untilMs: T0 + 1_000 } }])
      const third = { worker: 'third', nowMs: T0 + 4_000, dueUntilMs: T0 + 4_000, untilMs: T0 + 90_000 }
      expect(await store.claimDue(due(third))).toEqual([])
      await store.release([order.id], 'second')
      expect(await store.claimDue(due(third))).toHaveLength(1)
    })

    it('and none of his own that he made anew', async () => {
      const store = await openStore()
      const [order] = await enterFree(store, [{ dueAtMs: T0 }])
      await store.claimDue(due({ worker: 'a', untilMs: T0 + 1_000 }))
      await store.claimDue(due({ worker: 'a', nowMs: T0 + 2_000, untilMs: T0 + 60_000 }))
      const first = nextOf(order, { dueAtMs: T0 + 3_000 })
      await store.commit([{ change: first, claim: { worker: 'a', untilMs: T0 + 1_000 } }])
      const other = { worker: 'b', nowMs: T0 + 4_000, dueUntilMs: T0 + 4_000, untilMs: T0 + 90_000 }
      expect(await store.claimDue(due(other))).toEqual([])
      const second = nextOf(first.order, { dueAtMs: T0 + 3_500 })
      await store.commit([{ change: second, claim: { worker: 'a', untilMs: T0 + 60_000 } }])
      expect(await store.claimDue(due(other))).toHaveLength(1)
    })

    it('takes orders by due time, not by age', async () => {
      const store = await openStore()
      const dues = [T0 - 1, T0 - 3, T0 + 1, T0 - 2, T0]
      await enterFree(
        store,
        dues.map((dueAtMs) => ({ dueAtMs })),
      )
      const claimed = await store.claimDue(due({ limit: 3 }))
      expect(claimed.map(({ dueAtMs }) => dueAtMs)).toEqual([T0 - 3, T0 - 2, T0 - 1])
      expect((await store.claimDue(due())).map(({ dueAtMs }) => dueAtMs)).toEqual([T0])
    })

    it('reads ahead as far as it is asked', async () => {
      const store = await openStore()
      await enterFree(store, [{ dueAtMs: T0 + 1_000 }, { dueAtMs: T0 + 1_001 }])
      const claimed = await store.claimDue(due({ dueUntilMs: T0 + 1_000 }))
      expect(claimed.map(({ dueAtMs }) => dueAtMs)).toEqual([T0 + 1_000])
    })

    it('has no look-back limit: an order that was due a year ago is claimed', async () => {
      const store = await openStore()
      const longAgo = T0 - 365 * DAY_MS
      const orders = await enterFree(store, [{ dueAtMs: longAgo }, { ...atTill(longAgo) }])
      expect(await store.claimDue(due())).toEqual(orders)
    })

    it('serves customers at the till first, however long the others have been due', async () => {
      const store = await openStore()
      const [waiting, till] = await enterFree(store, [{ dueAtMs: T0 - DAY_MS }, atTill(T0)])
      expect(await store.claimDue(due())).toEqual([till, waiting])
    })

    it('puts an order whose customer left the till a minute ago in line with the others', async () => {
      const store = await openStore()
      const [left, older, still] = await enterFree(store, [
        atTill(T0 - MINUTE_MS),
        { dueAtMs: T0 - MINUTE_MS - 1 },
        atTill(T0 - MINUTE_MS + 1),
      ])
      expect(await store.claimDue(due())).toEqual([still, older, left])
    })

    it('keeps a fifth for the others while the till is flooded', async () => {
      const store = await openStore()
      await enterFree(store, [...many(20, atTill(T0 - 1)), ...many(20, { dueAtMs: T0 })])
      const claimed = await store.claimDue(due({ limit: 10 }))
      expect(claimed.map(({ kind }) => kind)).toEqual([
        ...Array(8).fill('quick_pay'),
        ...Array(2).fill('native'),
      ])
    })

    it('gives the till what the others do not need, and the others what the till does not need', async () => {
      const store = await openStore()
      await enterFree(store, [...many(20, atTill(T0)), { dueAtMs: T0 }])
      const kinds = (await store.claimDue(due({ limit: 10 }))).map(({ kind }) => kind)
      expect(kinds).toEqual([...Array(9).fill('quick_pay'), 'native'])
      await enterFree(store, many(20, { dueAtMs: T0 }))
      const rest = (await store.claimDue(due({ limit: 20 }))).map(({ kind }) => kind)
      expect(rest).toEqual([...Array(11).fill('quick_pay'), ...Array(9).fill('native')])
    })

    it('leaves all others where there is room for the till alone', async () => {
      const store = await openStore()
      const [here] = await enterFree(store, [
        atTill(T0),
        atTill(T0 - MINUTE_MS),
        { dueAtMs: T0 - DAY_MS },
        atTill(T0 + 1),
      ])
      expect(await store.claimDue(due({ tillOnly: true }))).toEqual([here])
      expect(await store.claimDue(due({ tillOnly: true }))).toEqual([])
      expect(await store.claimDue(due())).toHaveLength(2)
    })

    it('claims for one account only', async () => {
      const store = await openStore()
      const [mine, theirs] = await enterFree(store, [{ dueAtMs: T0 }, { dueAtMs: T0, account: '1900000002' }])
      expect(await store.claimDue(due())).toEqual([mine])
      expect(await store.claimDue(due({ account: '1900000002' }))).toEqual([theirs])
    })

    it('never claims a final order', async () => {
      const store = await openStore()
      const orders = await enterFree(store, many(4, { dueAtMs: T0 }))
      for (const [index, state] of (['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'] as const).entries()) {
        const order = orders[index]
        if (order !== undefined) await settle(store, order, state)
      }
      expect(await store.claimDue(due({ dueUntilMs: T0 + DAY_MS }))).toEqual([])
      expect(await store.nextDueAtMs(ACCOUNT)).toBeNull()
    })

    it('names the earliest due time among the orders that nobody has claimed', async () => {
      const store = await openStore()
      expect(await store.nextDueAtMs(ACCOUNT)).toBeNull()
      const [first] = await enterFree(store, [
        { dueAtMs: T0 },
        { ...atTill(T0 + 20) },
        { dueAtMs: T0 + 30 },
        { dueAtMs: T0 - 1, account: '1900000002' },
      ])
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0)
      await store.claimDue(due({ worker: 'a', untilMs: T0 + 50 }))
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0 + 20)
      await store.claimDue(due({ nowMs: T0 + 20, dueUntilMs: T0 + 20, untilMs: T0 + 90 }))
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0 + 30)
      await store.release([first.id], 'a')
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0)
    })

    it('names none that is due at the moment before which it looks, or later', async () => {
      const store = await openStore()
      await enterFree(store, [{ ...atTill(T0 + 20) }, { dueAtMs: T0 + 30 }])
      const looked = [T0 + 20, T0 + 21, Number.POSITIVE_INFINITY].map((ms) => store.nextDueAtMs(ACCOUNT, ms))
      expect(await Promise.all(looked)).toEqual([null, T0 + 20, T0 + 20])
      await store.claimDue(due({ nowMs: T0, dueUntilMs: T0 + 20, untilMs: T0 + 90 }))
      expect(await store.nextDueAtMs(ACCOUNT, T0 + 30)).toBeNull()
      expect(await store.nextDueAtMs(ACCOUNT, T0 + 31)).toBe(T0 + 30)
      // What a near look has not found is found by the next one.
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0 + 30)
    })

    it('a look that ends early says nothing of what lies behind', async () => {
      const store = await openStore()
      await enterFree(store, [{ dueAtMs: T0 + 5_000 }])
      const late = { nowMs: T0 + 10_000, untilMs: T0 + 70_000 }
      await store.claimDue(due({ ...late, dueUntilMs: T0 }))
      expect(await store.nextDueAtMs(ACCOUNT, T0 + 2_000)).toBeNull()
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0 + 5_000)
      expect(await store.claimDue(due({ ...late, dueUntilMs: T0 + 11_000 }))).toHaveLength(1)
    })

    it('gives several claims back, each by its own end', async () => {
      const store = await openStore()
      const [first, second, third] = await enterFree(store, many(3, { dueAtMs: T0 }))
      await store.claimDue(due({ worker: 'a', limit: 1, untilMs: T0 + 50 }))
      await store.claimDue(due({ worker: 'a', limit: 2, untilMs: T0 + 90 }))
      const ids = [first, second, third].map((order) => order?.id ?? 0)
      await store.release(ids, 'a', [T0 + 50, T0 + 51, T0 + 90])
      expect((await store.claimDue(due())).map(({ id }) => id)).toEqual([ids[0], ids[2]])
    })

    it('names an order again whose claim is over', async () => {
      const store = await openStore()
      await enterFree(store, [{ dueAtMs: T0 }])
      await store.claimDue(due({ untilMs: T0 + 50 }))
      expect(await store.nextDueAtMs(ACCOUNT)).toBeNull()
      await store.claimDue(due({ nowMs: T0 + 50, dueUntilMs: T0 - 1 }))
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0)
    })
  })
}
