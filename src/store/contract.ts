import { afterEach, describe, expect, it } from 'vitest'
import type { Change } from '../core/change.ts'
import type { OpenOrder, Order, OrderIn } from '../core/order.ts'
import { aftercareContract } from './contract-aftercare.ts'
import { callersContract } from './contract-callers.ts'
import { deliveriesContract } from './contract-deliveries.ts'
import { listsContract } from './contract-lists.ts'
import { straysContract } from './contract-strays.ts'
import type { Commit, Store } from './store.ts'
import {
  ACCOUNT,
  atTill,
  DAY_MS,
  due,
  ENDING,
  enter,
  enterFree,
  evidence,
  finalOf,
  HELD,
  MINUTE_MS,
  many,
  newOrder,
  nextOf,
  outcomeOf,
  settle,
  T0,
  verdictOf,
} from './testing.ts'

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
      await store.release([order.id], 'a', T0 + 1_000)
      const later = { worker: 'b', nowMs: T0 + 3_000 }
      expect(await store.claimDue(due(later))).toEqual([])
      await store.release([order.id], 'a', T0 + 9_000)
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
      await store.commit([{ change, worker: 'first' }])
      const third = { worker: 'third', nowMs: T0 + 4_000, dueUntilMs: T0 + 4_000, untilMs: T0 + 90_000 }
      expect(await store.claimDue(due(third))).toEqual([])
      await store.release([order.id], 'second')
      expect(await store.claimDue(due(third))).toHaveLength(1)
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

    it('names an order again whose claim is over', async () => {
      const store = await openStore()
      await enterFree(store, [{ dueAtMs: T0 }])
      await store.claimDue(due({ untilMs: T0 + 50 }))
      expect(await store.nextDueAtMs(ACCOUNT)).toBeNull()
      await store.claimDue(due({ nowMs: T0 + 50, dueUntilMs: T0 - 1 }))
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0)
    })
  })

  describe(`${name}: commits`, () => {
    it('writes the order, its journal and its evidence together', async () => {
      const store = await openStore()
      const [order] = await enter(store, [{ journal: [{ atMs: T0, event: 'entered' }] }])
      const proofs = [evidence({ body: '{"trade_state":"NOTPAY"}' }), evidence({ source: 'callback' })]
      const change: Change = {
        ...nextOf(order, { dueAtMs: T0 + 9_000, queries: 1, seen: 'NOTPAY' }),
        journal: [
          { atMs: T0 + 1, event: 'answer', call: 'query', said: 'NOTPAY', tookMs: 83 },
          { atMs: T0 + 1, event: 'attention', said: 'overdue', note: 'nothing final for a day' },
        ],
        evidence: proofs,
      }
      expect(await store.commit([{ change }])).toEqual(['applied'])
      expect(await store.byId(order.id)).toEqual(change.order)
      expect(await store.journalOf(order.id)).toEqual([{ atMs: T0, event: 'entered' }, ...change.journal])
      expect(await store.evidenceOf(order.id)).toEqual(proofs)
    })

    it('corrects the amount of an order that a person has looked at, and of no other', async () => {
      const store = await openStore()
      const [moved, order, other] = await enter(store, [{}, {}, {}])
      await store.commit([{ change: nextOf(moved) }])
      const amount = { total: order.total + 200, currency: 'EUR' }
      const corrected = (change: Change): Change => ({
        ...change,
        order: { ...change.order, ...amount },
        corrected: amount,
      })
      const changes = [corrected(nextOf(moved)), corrected(nextOf(order)), nextOf(other)]
      expect(await store.commit(changes.map((change) => ({ change })))).toEqual([
        'moved',
        'applied',
        'applied',
      ])
      expect(await store.byId(order.id)).toEqual(changes[1]?.order)
      for (const { id, total, currency } of [moved, other])
        expect(await store.byId(id)).toMatchObject({ total, currency })
    })

    it('keeps the journal in the order of events, whatever their moments', async () => {
      const store = await openStore()
      const [order] = await enter(store, [{}])
      let current: OpenOrder = order
      for (let round = 0; round < 12; round++) {
        const change = nextOf(current)
        const journal = [
          { atMs: T0 - round, event: 'intent', said: `${round}a` } as const,
          { atMs: T0 - round, event: 'answer', said: `${round}b` } as const,
        ]
        await store.commit([{ change: { ...change, journal } }])
        current = change.order
      }
      const said = (await store.journalOf(order.id)).map((line) => line.said)
      expect(said).toEqual(Array.from({ length: 12 }, (_, round) => [`${round}a`, `${round}b`]).flat())
    })

    it('applies nothing of a change whose order moved on, and all of the others', async () => {
      const store = await openStore()
      const [moved, other] = await enter(store, [{}, {}])
      const first = nextOf(moved, { queries: 1 })
      await store.commit([{ change: first }])
      const late: Change = {
        ...nextOf(moved, { queries: 7 }),
        journal: [{ atMs: T0, event: 'answer' }],
        evidence: [evidence({})],
        credential: { name: 'code_url', value: 'weixin://wxpay' },
      }
      const change = nextOf(other)
      expect(await store.commit([{ change: late }, { change }])).toEqual(['moved', 'applied'])
      expect(await store.byId(moved.id)).toEqual(first.order)
      expect(await store.journalOf(moved.id)).toEqual([])
      expect(await store.evidenceOf(moved.id)).toEqual([])
      expect(await store.placingOf(moved.id)).toMatchObject({ credential: null })
      expect(await store.byId(other.id)).toEqual(change.order)
    })

    it('applies two changes of one order in one commit, one after the other', async () => {
      const store = await openStore()
      const [order] = await enter(store, [{}])
      const first = nextOf(order)
      const second = nextOf(first.order)
      const commits: Commit[] = [{ change: first }, { change: second }, { change: first }]
      expect(await store.commit(commits)).toEqual(['applied', 'applied', 'moved'])
      expect(await store.byId(order.id)).toEqual(second.order)
    })

    it('leaves the claim of an order that moved on alone', async () => {
      const store = await openStore()
      const [order] = await enter(store, [{ dueAtMs: T0 }])
      const first = nextOf(order, { dueAtMs: T0 })
      await store.commit([{ change: first, keepClaim: true }])
      expect(await store.commit([{ change: nextOf(order) }])).toEqual(['moved'])
      expect(await store.claimDue(due())).toEqual([])
    })

    it.each(['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'] as const)(
      'gives a %s order back with its verdict and what proves it',
      async (state) => {
        const store = await openStore()
        const [order] = await enter(store, [{}])
        const final = await settle(store, order, state)
        expect(await store.byId(order.id)).toEqual(final)
        expect(await store.find(order)).toEqual(final)
        expect(await store.evidenceOf(order.id)).toEqual([final.verdict.evidence])
      },
    )

    it('keeps a NOT_CREATED that rests on unsigned answers', async () => {
      const store = await openStore()
      const [order] = await enter(store, [{}])
      const verdict = { ...verdictOf('NOT_CREATED'), state: 'NOT_CREATED', evidence: null } as const
      const final = finalOf(nextOf(order).order, verdict)
      await store.commit([
        { change: { from: order.version, order: final, journal: [], evidence: [], events: [] } },
      ])
      expect(await store.byId(order.id)).toEqual(final)
    })

    it('writes beside a verdict what is learnt later, and keeps the verdict', async () => {
      const store = await openStore()
      const [order] = await enter(store, [{}])
      const final = await settle(store, order, 'CLOSED')
      const later: Order = { ...final, version: final.version + 1, attention: 'paid_after_revoke' }
      const proof = evidence({ body: '{"trade_state":"SUCCESS"}' })
      const change: Change = { from: final.version, order: later, journal: [], evidence: [proof], events: [] }
      expect(await store.commit([{ change }])).toEqual(['applied'])
      expect(await store.byId(order.id)).toEqual(later)
      expect(await store.evidenceOf(order.id)).toEqual([final.verdict.evidence, proof])
    })

    it('never lets a verdict fall, whatever the change says', async () => {
      const store = await openStore()
      const [order] = await enter(store, [{}])
      const final = await settle(store, order, 'SUCCESS')
      const reopened: Order = { ...nextOf(order).order, version: final.version + 1 }
      const closed = finalOf(reopened, verdictOf('CLOSED'))
      for (const next of [reopened, closed]) {
        const change: Change = { from: final.version, order: next, journal: [], evidence: [], events: [] }
        await expect(store.commit([{ change }])).rejects.toThrow('a verdict never falls')
      }
      expect(await store.byId(order.id)).toEqual(final)
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

  aftercareContract(name, openStore)
  deliveriesContract(name, openStore)
  straysContract(name, openStore)
  callersContract(name, openStore)
  listsContract(name, openStore)
}
