import { describe, expect, it } from 'vitest'
import type { Change } from '../core/change.ts'
import type { OpenOrder, Order } from '../core/order.ts'
import type { Commit, Store } from './store.ts'
import { due, enter, evidence, finalOf, nextOf, settle, T0, verdictOf } from './testing.ts'

/** A change is written whole, and only on the version that it was decided on. */
export function commitsContract(name: string, openStore: () => Promise<Store>): void {
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
}
