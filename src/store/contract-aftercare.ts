import { describe, expect, it } from 'vitest'
import type { Change, JournalLine } from '../core/change.ts'
import { CALLS, JOURNAL_EVENTS } from '../core/change.ts'
import type { FinalOrder } from '../core/order.ts'
import type { Commit, Store } from './store.ts'
import {
  ACCOUNT,
  applied,
  atTill,
  DAY_MS,
  due,
  enter,
  enterFree,
  evidence,
  type FinalChange,
  finalOf,
  follow,
  followed,
  HELD,
  lateMoney,
  newDelivery,
  newOrder,
  newStray,
  nextOf,
  outcomeOf,
  refund,
  settle,
  settled,
  T0,
  verdictOf,
} from './testing.ts'

/** What every store does with late money and refunds: they are the order's, and its due time is theirs. */
export function aftercareContract(name: string, openStore: () => Promise<Store>): void {
  describe(`${name}: what follows a verdict`, () => {
    it('is null until something follows', async () => {
      const store = await openStore()
      const order = await settled(store)
      expect(await store.byId(order.id)).toMatchObject({ aftercare: null, dueAtMs: null })
    })

    it('comes back with the order, wherever it is read', async () => {
      const store = await openStore()
      const order = await follow(store, await settled(store, 'CLOSED'), {
        late: lateMoney({ phase: 'refunding', dueAtMs: null, questions: 2, confirmedAtMs: T0 + 40 }),
        compareAtMs: T0 + 50,
        refunds: [refund({ origin: 'late_money', reason: 'Too late 太晚' }), refund({ key: null })],
        dueAtMs: T0 + 50,
      })
      expect(await store.byId(order.id)).toEqual(order)
      expect(await store.find(order)).toEqual(order)
      expect(await store.named(order.out_trade_no)).toEqual([order])
      expect(await store.page(0, 10)).toEqual([order])
      expect(await store.insert([newOrder({ out_trade_no: order.out_trade_no })], HELD)).toEqual([
        { outcome: 'exists', order, fingerprint: 'f' },
      ])
    })

    it('may come with the verdict, in one change', async () => {
      const store = await openStore()
      const [open] = await enter(store, [{}])
      const verdict = verdictOf('SUCCESS')
      const late = lateMoney({ phase: 'compare', dueAtMs: null })
      const aftercare = { late, refunds: [], compareAtMs: T0 }
      const order: FinalOrder = { ...finalOf(nextOf(open).order, verdict), dueAtMs: T0, aftercare }
      const change: Change = {
        ...{ from: open.version, order, journal: [], evidence: [verdict.evidence], events: [] },
        aftercare,
      }
      await applied(store, { change })
      expect(await store.byId(open.id)).toEqual(order)
    })

    it('may be taken back: late money that proved to be none', async () => {
      const store = await openStore()
      const suspected = await follow(store, await settled(store, 'CLOSED'), {
        late: lateMoney({ phase: 'suspected', transaction_id: null, success_time: null }),
        dueAtMs: T0,
      })
      const order = await follow(store, suspected, { late: null })
      expect(await store.byId(order.id)).toEqual(order)
      expect(order.aftercare).toEqual({ late: null, refunds: [], compareAtMs: null })
    })

    it('stays as it is where a change says nothing of it', async () => {
      const store = await openStore()
      const before = await follow(store, await settled(store), { refunds: [refund()], dueAtMs: T0 })
      const order: FinalOrder = { ...before, version: before.version + 1, attention: 'call_refused' }
      const change: Change = { from: before.version, order, journal: [], evidence: [], events: [] }
      await applied(store, { change })
      expect(await store.byId(order.id)).toEqual(order)
    })

    it('keeps its refunds in the sequence of entering, whichever of them changes', async () => {
      const store = await openStore()
      const [first, second, third] = [refund(), refund(), refund()]
      let order = await follow(store, await settled(store), { refunds: [first, second] })
      const ended = { ...first, state: 'SUCCESS', said: 'SUCCESS', dueAtMs: null, pauses: 0 } as const
      order = await follow(store, order, { refunds: [ended, third] })
      expect(order.aftercare?.refunds).toEqual([ended, second, third])
      expect(await store.byId(order.id)).toEqual(order)
    })

    it('takes whatever becomes of a refund: one that others seem to have made may prove to be ours', async () => {
      const store = await openStore()
      const found = refund({ key: null, origin: 'elsewhere', dueAtMs: null })
      const before = await follow(store, await settled(store), { refunds: [found] })
      const ours = { ...found, key: 'k7', origin: 'asked', reason: 'Too small', dueAtMs: T0 } as const
      const order = await follow(store, before, { refunds: [ours], dueAtMs: T0 })
      expect(await store.byId(order.id)).toEqual(order)
      expect(order.aftercare?.refunds).toEqual([ours])
    })

    it('keeps one refund number apart under two orders', async () => {
      const store = await openStore()
      const number = { out_refund_no: 'PLATFORM-1', origin: 'elsewhere', key: null, dueAtMs: null } as const
      const first = await follow(store, await settled(store), { refunds: [refund({ ...number, amount: 1 })] })
      const second = await follow(store, await settled(store), {
        refunds: [refund({ ...number, amount: 2 })],
      })
      expect(await store.byId(first.id)).toEqual(first)
      expect(await store.byId(second.id)).toEqual(second)
    })

    it('forgets no refund that we asked for: one without a due time is final, or the write fails', async () => {
      const store = await openStore()
      const order = await settled(store)
      for (const state of ['queued', 'requesting', 'processing'] as const) {
        const change = followed(order, { refunds: [refund({ state, dueAtMs: null })] })
        await expect(store.commit([{ change }])).rejects.toThrow()
      }
      expect(await store.byId(order.id)).toEqual(order)
    })

    it('has words of its own in the journal', async () => {
      const store = await openStore()
      const [order] = await enter(store, [{}])
      const journal: readonly JournalLine[] = [
        ...JOURNAL_EVENTS.map((event) => ({ atMs: T0, event, said: event })),
        ...CALLS.map((call) => ({ atMs: T0, event: 'answer', call, tookMs: 0 }) as const),
      ]
      await applied(store, { change: { ...nextOf(order), journal } })
      expect(await store.journalOf(order.id)).toEqual(journal)
    })
  })

  describe(`${name}: a final order that is due`, () => {
    it('is claimed like any other, whole, with its verdict and its refunds', async () => {
      const store = await openStore()
      const [open, other] = await enterFree(store, [{ dueAtMs: T0 - 1 }, { dueAtMs: T0 - 3 }])
      const order = await follow(store, await settle(store, other, 'SUCCESS'), {
        refunds: [refund({ dueAtMs: T0 - 2 }), refund()],
        dueAtMs: T0 - 2,
      })
      expect(await store.claimDue(due())).toEqual([order, open])
    })

    it('stands in line by its due time with those whose customer is gone, even after Quick Pay', async () => {
      const store = await openStore()
      const quick = await settled(store, 'SUCCESS', atTill(T0))
      const [waiting, till] = await enterFree(store, [{ dueAtMs: T0 - 1 }, atTill(T0)])
      const paid = await follow(store, quick, { refunds: [refund()], dueAtMs: T0 - 2 })
      expect(await store.claimDue(due())).toEqual([till, paid, waiting])
    })

    it('is claimed by one caller only, and again when its claim is over', async () => {
      const store = await openStore()
      const order = await follow(store, await settled(store), { refunds: [refund()], dueAtMs: T0 })
      expect(await store.claimDue(due({ worker: 'a', untilMs: T0 + 100 }))).toEqual([order])
      expect(await store.claimDue(due({ worker: 'b', nowMs: T0 + 99 }))).toEqual([])
      expect(await store.claimDue(due({ worker: 'b', nowMs: T0 + 100 }))).toEqual([order])
      await store.release([order.id], 'b')
      expect(await store.claimDue(due({ worker: 'c' }))).toEqual([order])
    })

    it('keeps its claim where a change says so, and loses it where nothing is to be done any more', async () => {
      const store = await openStore()
      const one = refund()
      let order = await follow(store, await settled(store), { refunds: [one], dueAtMs: T0 })
      await store.claimDue(due({ worker: 'a' }))
      order = await follow(store, order, { dueAtMs: T0 }, { keepClaim: true })
      expect(await store.claimDue(due({ worker: 'b' }))).toEqual([])
      const ended = { ...one, state: 'SUCCESS', dueAtMs: null } as const
      order = await follow(store, order, { refunds: [ended] }, { keepClaim: true })
      order = await follow(store, order, { refunds: [refund()], dueAtMs: T0 }, { keepClaim: true })
      expect(await store.claimDue(due({ worker: 'b' }))).toEqual([order])
    })

    it('frees its claim when a change is applied otherwise', async () => {
      const store = await openStore()
      let order = await follow(store, await settled(store), { refunds: [refund()], dueAtMs: T0 })
      await store.claimDue(due({ worker: 'a' }))
      order = await follow(store, order, { dueAtMs: T0 })
      expect(await store.claimDue(due({ worker: 'b' }))).toEqual([order])
    })

    it('is never claimed while nothing is due, nor before', async () => {
      const store = await openStore()
      let order = await follow(store, await settled(store), { refunds: [refund()], dueAtMs: T0 + 1 })
      expect(await store.claimDue(due())).toEqual([])
      order = await follow(store, order, {
        refunds: (order.aftercare?.refunds ?? []).map((one) => ({ ...one, state: 'CLOSED', dueAtMs: null })),
      })
      expect(await store.claimDue(due({ dueUntilMs: T0 + DAY_MS }))).toEqual([])
      expect(await store.nextDueAtMs(ACCOUNT)).toBeNull()
    })

    it('is named by the next due time, until it is claimed', async () => {
      const store = await openStore()
      const paid = await settled(store)
      expect(await store.nextDueAtMs(ACCOUNT)).toBeNull()
      const order = await follow(store, paid, { refunds: [refund()], dueAtMs: T0 + 5 })
      await enterFree(store, [{ dueAtMs: T0 + 6 }])
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0 + 5)
      expect(await store.claimDue(due({ dueUntilMs: T0 + 5 }))).toEqual([order])
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0 + 6)
    })

    it('is named again when an earlier due time follows a claim of later ones', async () => {
      const store = await openStore()
      const order = await follow(store, await settled(store), { refunds: [refund()], dueAtMs: T0 + 900 })
      await enterFree(store, [{ dueAtMs: T0 + 500 }])
      await store.claimDue(due({ dueUntilMs: T0 + 800 }))
      const sooner = await follow(store, order, { dueAtMs: T0 + 400 }, { keepClaim: true })
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0 + 400)
      expect(await store.claimDue(due({ dueUntilMs: T0 + 800 }))).toEqual([sooner])
    })
  })

  describe(`${name}: refunds are written under the order's version`, () => {
    it('of two that were decided on the same version one is applied, and of the other nothing', async () => {
      const store = await openStore()
      const order = await settled(store)
      const decided = (amount: number): FinalChange => ({
        ...followed(order, { refunds: [refund({ amount })], dueAtMs: T0 }),
        journal: [{ atMs: T0, event: 'refund', note: `${amount}` }],
        evidence: [evidence({ nonce: `${amount}` })],
      })
      const [first, second] = [decided(80), decided(30)]
      const commits = [first, second].map((change) => ({ change, deliveries: [newDelivery()] }))
      expect(await store.commit(commits)).toEqual(['applied', 'moved'])
      expect(await store.byId(order.id)).toEqual(first.order)
      expect(await store.journalOf(order.id)).toEqual(first.journal)
      expect(await store.evidenceOf(order.id)).toEqual([order.verdict.evidence, ...first.evidence])
      expect(await store.deliveriesOf(order.id)).toHaveLength(1)
    })

    it('and a write that fails leaves nothing: neither order, journal, evidence, refunds nor deliveries', async () => {
      const store = await openStore()
      const before = await follow(store, await settled(store), { refunds: [refund()], dueAtMs: T0 })
      const [open] = await enter(store, [{}])
      const stray = newStray({ out_trade_no: before.out_trade_no })
      await store.keepStray(stray)
      const strays = await store.strays(10)
      const good: Commit = {
        change: {
          ...followed(before, { late: lateMoney(), refunds: [refund()], dueAtMs: T0 + 9 }),
          journal: [{ atMs: T0, event: 'refund' }],
          evidence: [evidence({ nonce: 'new' })],
        },
        deliveries: [newDelivery()],
        strayId: strays[0]?.id ?? 0,
      }
      const fallen = { ...nextOf(open).order, id: before.id, version: before.version + 2 }
      const bad: Commit = { change: { ...nextOf(open), from: before.version + 1, order: fallen } }
      await expect(store.commit([good, bad])).rejects.toThrow('a verdict never falls')
      expect(await store.byId(before.id)).toEqual(before)
      expect(await store.journalOf(before.id)).toEqual([])
      expect(await store.evidenceOf(before.id)).toEqual([before.verdict.evidence])
      expect(await store.deliveriesOf(before.id)).toEqual([])
      expect(await store.strays(10)).toEqual(strays)
      expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0)
      expect(await store.commit([good])).toEqual(['applied'])
    })
  })

  describe(`${name}: a purchase`, () => {
    it('is free again when the late money of its order is back with the customer, not while it is on its way', async () => {
      const store = await openStore()
      const order = await settled(store, 'SUCCESS', { purchase: 'table 7' })
      const onItsWay = await follow(store, order, { late: lateMoney({ phase: 'refunding', dueAtMs: null }) })
      expect(await outcomeOf(store, { purchase: 'table 7' })).toEqual({
        outcome: 'purchase-taken',
        by: onItsWay,
      })
      await follow(store, onItsWay, { late: lateMoney({ phase: 'returned', dueAtMs: null }) })
      expect(await outcomeOf(store, { purchase: 'table 7' })).toMatchObject({ outcome: 'inserted' })
    })

    describe.each(['CLOSED', 'REVOKED', 'NOT_CREATED'] as const)('of a %s order', (state) => {
      it.each([
        ['confirm', 'purchase-taken'],
        ['compare', 'purchase-taken'],
        ['refunding', 'purchase-taken'],
        ['accepted', 'purchase-taken'],
        ['asked', 'purchase-taken'],
        ['suspected', 'inserted'],
        ['returned', 'inserted'],
      ] as const)('whose late money is %s: %s', async (phase, outcome) => {
        const store = await openStore()
        const order = await settled(store, state, { purchase: 'table 7' })
        await follow(store, order, { late: lateMoney({ phase }), dueAtMs: T0 })
        expect(await outcomeOf(store, { purchase: 'table 7' })).toMatchObject({ outcome })
      })
    })

    it('stays with its paid order, refunded or not, and that is told whole', async () => {
      const store = await openStore()
      const by = await follow(store, await settled(store, 'SUCCESS', { purchase: 'table 7' }), {
        refunds: [refund({ state: 'SUCCESS', dueAtMs: null, amount: 100 })],
      })
      expect(await outcomeOf(store, { purchase: 'table 7' })).toEqual({ outcome: 'purchase-taken', by })
    })
  })
}
