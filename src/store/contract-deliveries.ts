import { describe, expect, it } from 'vitest'
import type { DeliveryState, Store } from './store.ts'
import {
  applied,
  attempt,
  DAY_MS,
  dueDeliveries,
  enter,
  followed,
  MINUTE_MS,
  message,
  newDelivery,
  nextOf,
  settled,
  T0,
  tell,
} from './testing.ts'

/** What every store does with messages to the merchant's system. */
export function deliveriesContract(name: string, openStore: () => Promise<Store>): void {
  const idsOf = (some: ReadonlyArray<{ readonly id: number }>) => some.map(({ id }) => id)
  const again = (dueAtMs: number) => ({ state: 'pending', dueAtMs, why: 'answered 500' }) as const
  const failed = { state: 'failed', why: 'answered 410' } as const

  async function statesOf(store: Store, orderId: number): Promise<readonly DeliveryState[]> {
    return (await store.deliveriesOf(orderId)).map(({ state }) => state)
  }

  describe(`${name}: a message`, () => {
    it('is written with the change that it tells of, byte for byte, and is due at once', async () => {
      const store = await openStore()
      const order = await settled(store)
      const written = newDelivery({
        message: message({ type: 'order.refund', payload: '{"data":{"attach":"茶 🍵 \\ud83c"}}' }),
        createdAtMs: T0 + 7,
      })
      const { deliveries } = await tell(store, order, [written])
      const rest = { attempts: 0, firstAtMs: null, doneAtMs: null, why: null }
      expect(deliveries).toEqual([
        { ...written, ...rest, id: expect.any(Number), orderId: order.id, state: 'pending', dueAtMs: T0 + 7 },
      ])
      expect(await store.claimDeliveries(dueDeliveries({ nowMs: T0 + 7 }))).toEqual(deliveries)
    })

    it('is not written with a change whose order moved on', async () => {
      const store = await openStore()
      const order = await settled(store)
      const { order: now } = await tell(store, order, [{}])
      const commit = { change: followed(order), deliveries: [newDelivery()] }
      expect(await store.commit([commit])).toEqual(['moved'])
      expect(await store.deliveriesOf(now.id)).toHaveLength(1)
    })

    it('may be written with the verdict itself', async () => {
      const store = await openStore()
      const [open] = await enter(store, [{}])
      await applied(store, { change: nextOf(open), deliveries: [newDelivery()] })
      expect(await statesOf(store, open.id)).toEqual(['pending'])
    })

    it('goes to each target by itself, under one name', async () => {
      const store = await openStore()
      const one = message()
      const { deliveries } = await tell(store, await settled(store), [
        { message: one, target: 'shop' },
        { message: one, target: 'books' },
      ])
      const [shop, books] = deliveries
      expect(await store.claimDeliveries(dueDeliveries({ target: 'books' }))).toEqual([books])
      expect(await store.nextDeliveryAtMs('shop')).toBe(T0)
      expect(await store.nextDeliveryAtMs('books')).toBeNull()
      expect(await store.claimDeliveries(dueDeliveries())).toEqual([shop])
      expect(await store.claimDeliveries(dueDeliveries({ target: 'nobody' }))).toEqual([])
    })
  })

  describe(`${name}: messages of one order to one target`, () => {
    it('go one at a time, in the sequence in which they were written', async () => {
      const store = await openStore()
      const { order, deliveries } = await tell(store, await settled(store), [{}, {}])
      const more = await tell(store, order, [{}])
      const all = idsOf([...deliveries, ...more.deliveries])
      for (const [nth, id] of all.entries()) {
        const nowMs = T0 + nth * 1_000
        const claimed = await store.claimDeliveries(dueDeliveries({ nowMs }))
        expect(idsOf(claimed)).toEqual([id])
        expect(await store.claimDeliveries(dueDeliveries({ nowMs }))).toEqual([])
        expect(await store.nextDeliveryAtMs('shop')).toBeNull()
        await store.finishDeliveries([attempt({ id }, { nowMs: nowMs + 500 })])
      }
      expect(await store.claimDeliveries(dueDeliveries({ nowMs: T0 + DAY_MS }))).toEqual([])
      expect(await statesOf(store, order.id)).toEqual(['sent', 'sent', 'sent'])
    })

    it('wait while the first is tried again, and follow at once when it is sent or has failed', async () => {
      for (const outcome of [{ state: 'sent' } as const, failed]) {
        const store = await openStore()
        const { order, deliveries } = await tell(store, await settled(store), [{}, {}])
        const [first, second] = idsOf(deliveries) as [number, number]
        await store.claimDeliveries(dueDeliveries())
        await store.finishDeliveries([attempt({ id: first }, { outcome: again(T0 + 5_000) })])
        expect(await statesOf(store, order.id)).toEqual(['pending', 'queued'])
        expect(await store.claimDeliveries(dueDeliveries({ nowMs: T0 + 4_999 }))).toEqual([])
        expect(idsOf(await store.claimDeliveries(dueDeliveries({ nowMs: T0 + 5_000 })))).toEqual([first])
        const done = { nowMs: T0 + 6_000, attempts: 2, outcome }
        await store.finishDeliveries([attempt({ id: first }, done)])
        expect(await store.nextDeliveryAtMs('shop')).toBe(T0 + 6_000)
        const next = await store.claimDeliveries(dueDeliveries({ nowMs: T0 + 6_000 }))
        expect(next).toMatchObject([{ id: second, state: 'pending', dueAtMs: T0 + 6_000, attempts: 0 }])
      }
    })

    it('start anew when all before are done', async () => {
      const store = await openStore()
      const first = await tell(store, await settled(store), [{}])
      const [id = 0] = idsOf(first.deliveries)
      await store.finishDeliveries([attempt({ id })])
      const second = await tell(store, first.order, [{ createdAtMs: T0 + 9 }])
      expect(second.deliveries).toMatchObject([{ state: 'pending', dueAtMs: T0 + 9 }])
    })

    it('do not wait for those of other orders, nor for those to other targets', async () => {
      const store = await openStore()
      const [a, b] = [await settled(store), await settled(store)]
      const { deliveries } = await tell(store, a, [{}, { target: 'books' }, {}])
      const other = await tell(store, b, [{}])
      const shop = await store.claimDeliveries(dueDeliveries())
      expect(shop).toEqual([...deliveries.slice(0, 1), ...other.deliveries])
      const books = await store.claimDeliveries(dueDeliveries({ target: 'books' }))
      expect(books).toEqual(deliveries.slice(1, 2))
    })
  })

  describe(`${name}: claims of messages`, () => {
    async function many(store: Store, count: number): Promise<readonly number[]> {
      const ids: number[] = []
      for (let nth = 0; nth < count; nth++) {
        const { deliveries } = await tell(store, await settled(store), [{ createdAtMs: T0 - (nth % 3) }])
        ids.push(...idsOf(deliveries))
      }
      return ids
    }

    it('give each to one of many callers only, the oldest due time first', async () => {
      const store = await openStore()
      const ids = await many(store, 12)
      const claims = await Promise.all(
        ['a', 'b', 'c', 'd'].map((worker) => store.claimDeliveries(dueDeliveries({ worker, limit: 5 }))),
      )
      const claimed = claims.flat()
      expect(claims.every((some) => some.length <= 5)).toBe(true)
      expect(idsOf(claimed).toSorted((a, b) => a - b)).toEqual(ids)
      for (const some of claims) {
        const dues = some.map(({ dueAtMs }) => dueAtMs ?? 0)
        expect(dues).toEqual(dues.toSorted((a, b) => a - b))
      }
    })

    it('find what is free behind many that are held', async () => {
      const store = await openStore()
      const ids = await many(store, 20)
      const claimed: number[] = []
      for (let round = 0; round < 7; round++)
        claimed.push(...idsOf(await store.claimDeliveries(dueDeliveries({ limit: 3 }))))
      expect(claimed.toSorted((a, b) => a - b)).toEqual(ids)
      expect(await store.nextDeliveryAtMs('shop')).toBeNull()
    })

    it('end with their time, not before', async () => {
      const store = await openStore()
      const { deliveries } = await tell(store, await settled(store), [{}])
      await store.claimDeliveries(dueDeliveries({ worker: 'a', untilMs: T0 + 100 }))
      expect(await store.claimDeliveries(dueDeliveries({ worker: 'b', nowMs: T0 + 99 }))).toEqual([])
      expect(await store.claimDeliveries(dueDeliveries({ worker: 'b', nowMs: T0 + 100 }))).toEqual(deliveries)
    })

    it('end with the result: what is due again at once is claimed at once', async () => {
      const store = await openStore()
      const { deliveries } = await tell(store, await settled(store), [{}])
      const [one] = await store.claimDeliveries(dueDeliveries())
      await store.finishDeliveries([attempt(one ?? { id: 0 }, { outcome: again(T0) })])
      expect(await store.claimDeliveries(dueDeliveries())).toMatchObject([
        { id: deliveries[0]?.id, attempts: 1, firstAtMs: T0, why: 'answered 500' },
      ])
    })

    it('name the earliest due time among those that nobody has', async () => {
      const store = await openStore()
      expect(await store.nextDeliveryAtMs('shop')).toBeNull()
      const [first, second] = [
        await tell(store, await settled(store), [{ createdAtMs: T0 + 20 }]),
        await tell(store, await settled(store), [{ createdAtMs: T0 + 10 }]),
      ]
      await tell(store, first.order, [{ createdAtMs: T0 - 5 }])
      expect(await store.nextDeliveryAtMs('shop')).toBe(T0 + 10)
      const claimed = await store.claimDeliveries(dueDeliveries({ nowMs: T0 + 10 }))
      expect(idsOf(claimed)).toEqual(idsOf(second.deliveries))
      expect(await store.nextDeliveryAtMs('shop')).toBe(T0 + 20)
    })
  })

  describe(`${name}: what came of an attempt`, () => {
    it('is written with its moments and its reason', async () => {
      const store = await openStore()
      const [a, b, c] = [await settled(store), await settled(store), await settled(store)]
      const [sent, late, lost] = await Promise.all(
        [a, b, c].map(async (order) => (await tell(store, order, [{}])).deliveries[0]),
      )
      const ids = [sent, late, lost].map((one) => ({ id: one?.id ?? 0 }))
      const outcomes = [{ state: 'sent' } as const, again(T0 + 30_000), failed]
      await store.finishDeliveries(
        ids.map(({ id }, i) =>
          attempt({ id }, { nowMs: T0 + 9, firstAtMs: T0 + 3, attempts: 4, outcome: outcomes[i] ?? failed }),
        ),
      )
      const all = await Promise.all([a, b, c].map(({ id }) => store.deliveriesOf(id)))
      const tried = { attempts: 4, firstAtMs: T0 + 3 }
      expect(all.flat()).toMatchObject([
        { ...tried, state: 'sent', dueAtMs: null, doneAtMs: T0 + 9, why: null },
        { ...tried, state: 'pending', dueAtMs: T0 + 30_000, doneAtMs: null, why: 'answered 500' },
        { ...tried, state: 'failed', dueAtMs: null, doneAtMs: T0 + 9, why: 'answered 410' },
      ])
    })

    it('changes nothing if it is older than what is on file', async () => {
      const store = await openStore()
      const { deliveries } = await tell(store, await settled(store), [{}, {}])
      const [id = 0] = idsOf(deliveries)
      await store.finishDeliveries([attempt({ id }, { attempts: 2, outcome: again(T0 + 9) })])
      const now = await store.deliveriesOf(deliveries[0]?.orderId ?? 0)
      for (const attempts of [1, 2]) {
        await store.finishDeliveries([attempt({ id }, { attempts, outcome: failed })])
        expect(await store.deliveriesOf(deliveries[0]?.orderId ?? 0)).toEqual(now)
      }
    })

    it("of somebody whose claim is another's by then counts only if it was sent", async () => {
      const store = await openStore()
      const { deliveries } = await tell(store, await settled(store), [{}])
      const [id = 0] = idsOf(deliveries)
      await store.claimDeliveries(dueDeliveries({ worker: 'late', untilMs: T0 + 100 }))
      await store.claimDeliveries(dueDeliveries({ worker: 'next', nowMs: T0 + 100, untilMs: T0 + DAY_MS }))
      for (const outcome of [again(T0), failed]) {
        await store.finishDeliveries([{ ...attempt({ id }, { outcome }), worker: 'late' }])
        expect(await store.deliveriesOf(deliveries[0]?.orderId ?? 0)).toMatchObject([
          { state: 'pending', attempts: 0 },
        ])
        expect(await store.claimDeliveries(dueDeliveries({ nowMs: T0 + 200 }))).toEqual([])
      }
      await store.finishDeliveries([{ ...attempt({ id }, {}), worker: 'late' }])
      expect(await store.countDeliveries()).toEqual({ sent: 1 })
    })

    it('changes nothing of a message that is done, waits in line, or is not there', async () => {
      const store = await openStore()
      const { order, deliveries } = await tell(store, await settled(store), [{}, {}])
      const [first = 0, second = 0] = idsOf(deliveries)
      await store.finishDeliveries([
        attempt({ id: second }, { outcome: failed }),
        attempt({ id: second + 1_000 }, { outcome: failed }),
      ])
      expect(await statesOf(store, order.id)).toEqual(['pending', 'queued'])
      await store.finishDeliveries([attempt({ id: first })])
      await store.finishDeliveries([attempt({ id: first }, { attempts: 9, outcome: failed })])
      expect(await statesOf(store, order.id)).toEqual(['sent', 'pending'])
    })
  })

  describe(`${name}: sending again`, () => {
    it.each([{ state: 'sent' } as const, failed])('a $state message goes out anew', async (outcome) => {
      const store = await openStore()
      const { deliveries } = await tell(store, await settled(store), [{}])
      const [id = 0] = idsOf(deliveries)
      await store.claimDeliveries(dueDeliveries())
      await store.finishDeliveries([attempt({ id }, { attempts: 11, outcome })])
      const resent = await store.resend(id, T0 + 70)
      expect(resent).toMatchObject({
        ...{ id, message: deliveries[0]?.message, state: 'pending', dueAtMs: T0 + 70 },
        ...{ attempts: 0, firstAtMs: null, doneAtMs: null },
      })
      expect(await store.nextDeliveryAtMs('shop')).toBe(T0 + 70)
      expect(await store.claimDeliveries(dueDeliveries({ nowMs: T0 + 69 }))).toEqual([])
      expect(await store.claimDeliveries(dueDeliveries({ nowMs: T0 + 70 }))).toEqual([resent])
      await store.finishDeliveries([attempt({ id }, { attempts: 1 })])
      expect(await store.countDeliveries()).toEqual({ sent: 1 })
    })

    it('is refused for one that is on its way, one that waits, and one that is not there', async () => {
      const store = await openStore()
      const { order, deliveries } = await tell(store, await settled(store), [{}, {}])
      const before = await store.deliveriesOf(order.id)
      for (const id of [...idsOf(deliveries), 1_000_000]) expect(await store.resend(id, T0 + 70)).toBeNull()
      await store.claimDeliveries(dueDeliveries())
      expect(await store.resend(deliveries[0]?.id ?? 0, T0 + 70)).toBeNull()
      expect(await store.deliveriesOf(order.id)).toEqual(before)
    })

    it('goes at once, beside a later message that is being tried; those in line wait for both', async () => {
      const store = await openStore()
      const { order, deliveries } = await tell(store, await settled(store), [{}, {}, {}])
      const [first = 0, second = 0, third = 0] = idsOf(deliveries)
      await store.finishDeliveries([attempt({ id: first }, { outcome: failed })])
      await store.finishDeliveries([attempt({ id: second }, { outcome: again(T0 + DAY_MS) })])
      await store.resend(first, T0)
      expect(idsOf(await store.claimDeliveries(dueDeliveries()))).toEqual([first])
      await store.finishDeliveries([attempt({ id: first })])
      expect(await statesOf(store, order.id)).toEqual(['sent', 'pending', 'queued'])
      await store.finishDeliveries([attempt({ id: second }, { attempts: 2, nowMs: T0 + MINUTE_MS })])
      const next = await store.claimDeliveries(dueDeliveries({ nowMs: T0 + MINUTE_MS }))
      expect(idsOf(next)).toEqual([third])
    })
  })

  describe(`${name}: reading messages`, () => {
    it('counts and lists them by state, in pages', async () => {
      const store = await openStore()
      expect(await store.countDeliveries()).toEqual({})
      expect(await store.deliveriesIn('failed', 0, 10)).toEqual([])
      const orders = [await settled(store), await settled(store), await settled(store)]
      for (const order of orders) await tell(store, order, [{}, {}])
      const [a = [], b = [], c = []] = await Promise.all(orders.map(({ id }) => store.deliveriesOf(id)))
      await store.finishDeliveries([a, b, c].map(([one]) => attempt(one ?? { id: 0 }, { outcome: failed })))
      expect(await store.countDeliveries()).toEqual({ failed: 3, pending: 3 })
      const page = await store.deliveriesIn('failed', 0, 2)
      expect(idsOf(page)).toEqual([a[0]?.id, b[0]?.id])
      expect(idsOf(await store.deliveriesIn('failed', page[1]?.id ?? 0, 2))).toEqual([c[0]?.id])
      expect(idsOf(await store.deliveriesIn('pending', 0, 10))).toEqual([a[1]?.id, b[1]?.id, c[1]?.id])
      expect(page[0]).toEqual((await store.deliveriesOf(orders[0]?.id ?? 0))[0])
    })

    it("gives an order's in the sequence of writing, whatever their targets", async () => {
      const store = await openStore()
      const targets = ['shop', 'books', 'shop']
      const { order } = await tell(
        store,
        await settled(store),
        targets.map((target) => ({ target })),
      )
      expect((await store.deliveriesOf(order.id)).map(({ target }) => target)).toEqual(targets)
      expect(await store.deliveriesOf(order.id + 1)).toEqual([])
    })
  })
}
