import { describe, expect, it } from 'vitest'
import type { Store } from './store.ts'
import { ACCOUNT, applied, enter, evidence, newStray, nextOf, T0 } from './testing.ts'

/** What every store does with callbacks about orders that aren't there. */
export function straysContract(name: string, openStore: () => Promise<Store>): void {
  const numbersOf = (strays: ReadonlyArray<{ readonly out_trade_no: string }>) =>
    strays.map(({ out_trade_no }) => out_trade_no)

  describe(`${name}: a callback without an order`, () => {
    it('is kept as it came, with what it says and what proves it', async () => {
      const store = await openStore()
      const payment = newStray({
        sub_mchid: '1900000007',
        evidence: evidence({ source: 'callback', body: '{"resource":"茶 🍵"}', receivedAtMs: T0 + 3 }),
      })
      const { out_trade_no } = payment
      const statement = { out_trade_no, out_refund_no: 'R1', status: 'SUCCESS', amount: { refund: 7 } }
      const refund = newStray({
        ...{ sub_mchid: '1900000007', out_trade_no },
        said: { about: 'refund', statement },
      })
      await store.keepStray(payment)
      await store.keepStray(refund)
      const kept = [payment, refund].map((one) => ({ ...one, id: expect.any(Number), toldAtMs: null }))
      expect(await store.straysOf(payment)).toEqual(kept)
      expect(await store.strays(10)).toEqual(kept)
    })

    it('is kept once, however often it comes', async () => {
      const store = await openStore()
      const stray = newStray()
      for (const body of ['first', 'second'])
        await store.keepStray({ ...stray, evidence: evidence({ source: 'callback', body }) })
      await store.keepStray({ ...stray, account: '1900000002' })
      expect(await store.straysOf(stray)).toMatchObject([{ evidence: { body: 'first' } }])
      expect(await store.strays(10)).toHaveLength(2)
    })

    it("is found by its order's key alone: account, sub-merchant and number", async () => {
      const store = await openStore()
      const keys = [
        { account: ACCOUNT, sub_mchid: null },
        { account: '1900000002', sub_mchid: null },
        { account: ACCOUNT, sub_mchid: '1900000007' },
        { account: ACCOUNT, sub_mchid: '1900000008' },
      ].map((key) => ({ ...key, out_trade_no: 'A1' }))
      for (const [nth, key] of keys.entries()) await store.keepStray(newStray({ ...key, eventId: `${nth}` }))
      for (const [nth, key] of keys.entries())
        expect(await store.straysOf(key)).toMatchObject([{ ...key, eventId: `${nth}` }])
      expect(await store.straysOf({ account: ACCOUNT, sub_mchid: null, out_trade_no: 'A2' })).toEqual([])
    })

    it('goes with the change that applies it, and stays if that is not applied', async () => {
      const store = await openStore()
      const [order] = await enter(store, [{}])
      const { out_trade_no } = order
      await store.keepStray(newStray({ out_trade_no }))
      await store.keepStray(newStray({ out_trade_no }))
      const [first, second] = await store.straysOf(order)
      await applied(store, { change: nextOf(order), strayId: first?.id ?? 0 })
      expect(await store.straysOf(order)).toEqual([second])
      expect(await store.commit([{ change: nextOf(order), strayId: second?.id ?? 0 }])).toEqual(['moved'])
      expect(await store.straysOf(order)).toEqual([second])
      await store.dropStray(second?.id ?? 0)
      expect(await store.straysOf(order)).toEqual([])
      await store.dropStray(second?.id ?? 0)
    })

    it('waits in the order of coming, and once somebody was told that is written down', async () => {
      const store = await openStore()
      for (const out_trade_no of ['A1', 'A2', 'A3']) await store.keepStray(newStray({ out_trade_no }))
      const [first, second] = await store.strays(2)
      expect(numbersOf(await store.strays(2))).toEqual(['A1', 'A2'])
      await store.noteStraysTold([first?.id ?? 0, second?.id ?? 0, 1_000_000], T0 + 9)
      expect((await store.strays(10)).map(({ toldAtMs }) => toldAtMs)).toEqual([T0 + 9, T0 + 9, null])
      expect(numbersOf(await store.straysToTell(1))).toEqual(['A3'])
      await store.keepStray(newStray({ out_trade_no: 'A4' }))
      expect(numbersOf(await store.straysToTell(1))).toEqual(['A3'])
      expect(numbersOf(await store.straysToTell(10))).toEqual(['A3', 'A4'])
    })
  })
}
