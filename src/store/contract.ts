import { afterEach, describe, expect, it } from 'vitest'
import { aftercareContract } from './contract-aftercare.ts'
import { callersContract } from './contract-callers.ts'
import { claimsContract } from './contract-claims.ts'
import { commitsContract } from './contract-commits.ts'
import { deliveriesContract } from './contract-deliveries.ts'
import { listsContract } from './contract-lists.ts'
import { reconciliationsContract } from './contract-reconciliations.ts'
import { straysContract } from './contract-strays.ts'
import type { Store } from './store.ts'
import { ACCOUNT, enter, HELD, newOrder, nextOf, outcomeOf, settle, T0 } from './testing.ts'

/* What every store must do, run on its real database. */

/** @param open opens a new, empty store */
export function storeContract(name: string, open: () => Promise<Store>): void {
  const opened: Store[] = []

  async function openStore(): Promise<Store> {
    const store = await open()
    opened.push(store)
    return store
  }

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })

  describe(`${name}: entering`, () => {
    it('writes a new order with its first journal line, and gives numbers in the order of entering', async () => {
      const store = await openStore()
      const journal = [{ atMs: T0, event: 'entered', said: 'placing' }] as const
      const [first, second] = await enter(store, [{ journal }, {}])
      expect(first.id).toBeLessThan(second.id)
      expect(await store.byId(first.id)).toEqual(first)
      expect(await store.journalOf(first.id)).toEqual(journal)
      expect(await store.byId(second.id + 1)).toBeNull()
    })

    it('tells which order bears the number already, and writes nothing', async () => {
      const store = await openStore()
      const [order] = await enter(store, [{ out_trade_no: 'A1', total: 100, fingerprint: 'f1' }])
      const again = newOrder({ out_trade_no: 'A1', total: 999, fingerprint: 'f2' })
      expect(await store.insert([again], HELD)).toEqual([{ outcome: 'exists', order, fingerprint: 'f1' }])
      expect(await store.countByState()).toEqual({ waiting: 1 })
    })

    it('sees a number that is doubled inside one batch', async () => {
      const store = await openStore()
      const results = await store.insert(
        [newOrder({ out_trade_no: 'A1' }), newOrder({ out_trade_no: 'A1' })],
        HELD,
      )
      expect(results.map(({ outcome }) => outcome)).toEqual(['inserted', 'exists'])
    })

    it('keeps one number apart under two accounts, two sub-merchants and none', async () => {
      const store = await openStore()
      const keys = [
        { account: '1900000001', sub_mchid: null },
        { account: '1900000002', sub_mchid: null },
        { account: '1900000001', sub_mchid: '1900000007' },
        { account: '1900000001', sub_mchid: '1900000008' },
      ].map((key) => ({ ...key, out_trade_no: 'A1' }))
      const orders = await enter(store, keys)
      expect(await Promise.all(keys.map((key) => store.find(key)))).toEqual(orders)
      expect(await store.named('A1')).toEqual(orders)
      expect(await store.named('A2')).toEqual([])
      expect(await store.find({ account: '1900000003', sub_mchid: null, out_trade_no: 'A1' })).toBeNull()
    })

    it('refuses a second number for a purchase while the first is open or paid', async () => {
      const store = await openStore()
      const [first] = await enter(store, [{ purchase: 'table 7' }])
      expect(await outcomeOf(store, { purchase: 'table 7' })).toEqual({
        outcome: 'purchase-taken',
        by: first,
      })
      const paid = await settle(store, first, 'SUCCESS')
      expect(await outcomeOf(store, { purchase: 'table 7' })).toEqual({ outcome: 'purchase-taken', by: paid })
    })

    it.each(['CLOSED', 'REVOKED', 'NOT_CREATED'] as const)(
      'frees a purchase when its order is %s',
      async (state) => {
        const store = await openStore()
        const [first] = await enter(store, [{ purchase: 'table 7' }])
        await settle(store, first, state)
        expect(await outcomeOf(store, { purchase: 'table 7' })).toMatchObject({ outcome: 'inserted' })
      },
    )

    it('sees a purchase that is doubled inside one batch', async () => {
      const store = await openStore()
      const batch = [newOrder({ purchase: 'table 7' }), newOrder({ purchase: 'table 7' })]
      const results = await store.insert(batch, HELD)
      expect(results.map(({ outcome }) => outcome)).toEqual(['inserted', 'purchase-taken'])
    })

    it('keeps a purchase apart under two accounts and two sub-merchants', async () => {
      const store = await openStore()
      const results = await store.insert(
        [
          newOrder({ purchase: 'table 7' }),
          newOrder({ purchase: 'table 7', account: '1900000002' }),
          newOrder({ purchase: 'table 7', sub_mchid: '1900000007' }),
          newOrder({ purchase: 'table 7', sub_mchid: '1900000008' }),
        ],
        HELD,
      )
      expect(results.map(({ outcome }) => outcome)).toEqual(Array(4).fill('inserted'))
    })

    it('keeps what a repeated placing needs', async () => {
      const store = await openStore()
      const [quick, native] = await enter(store, [
        { fingerprint: 'f1', body: null },
        { fingerprint: 'f2', body: '{"description":"茶 🍵"}' },
      ])
      expect(await store.placingOf(quick.id)).toEqual({ fingerprint: 'f1', body: null, credential: null })
      const credential = { name: 'code_url', value: 'weixin://wxpay/bizpayurl?pr=1' } as const
      await store.commit([{ change: { ...nextOf(native), credential } }])
      expect(await store.placingOf(native.id)).toEqual({
        fingerprint: 'f2',
        body: '{"description":"茶 🍵"}',
        credential,
      })
      expect(await store.placingOf(native.id + 1)).toBeNull()
    })
  })

  describe(`${name}: reading`, () => {
    it('pages through all orders in the order of entering', async () => {
      const store = await openStore()
      const [first, second, third, fourth, fifth] = await enter(store, [{}, {}, {}, {}, {}])
      const final = await settle(store, fifth, 'CLOSED')
      expect(await store.page(0, 2)).toEqual([first, second])
      expect(await store.page(second.id, 2)).toEqual([third, fourth])
      expect(await store.page(fourth.id, 2)).toEqual([final])
    })

    it('counts orders by state', async () => {
      const store = await openStore()
      expect(await store.countByState()).toEqual({})
      const [first] = await enter(store, [{}, {}, { state: 'placing' }])
      await settle(store, first, 'SUCCESS')
      expect(await store.countByState()).toEqual({ placing: 1, waiting: 1, SUCCESS: 1 })
    })

    it('knows nothing of an order that is not there', async () => {
      const store = await openStore()
      expect(await store.journalOf(1)).toEqual([])
      expect(await store.evidenceOf(1)).toEqual([])
      expect(await store.page(0, 10)).toEqual([])
    })

    it('keeps platform keys for ever, the first of each serial', async () => {
      const store = await openStore()
      const key = { account: ACCOUNT, serial: 'PUB_KEY_ID_1', publicKey: 'pem 1', keptAtMs: T0 }
      const others = [
        { ...key, serial: '5157F09EFDC096DE15EBE81A47057A72', keptAtMs: T0 + 1 },
        { ...key, account: '1900000002', keptAtMs: T0 + 2 },
      ]
      await store.keepPlatformKeys([key])
      await store.keepPlatformKeys([{ ...key, publicKey: 'pem 2', keptAtMs: T0 + 9 }, ...others])
      expect(await store.platformKeys()).toEqual([key, ...others])
    })
  })

  claimsContract(name, openStore)
  commitsContract(name, openStore)
  aftercareContract(name, openStore)
  deliveriesContract(name, openStore)
  reconciliationsContract(name, openStore)
  straysContract(name, openStore)
  callersContract(name, openStore)
  listsContract(name, openStore)
}
