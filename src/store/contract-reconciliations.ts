import { describe, expect, it } from 'vitest'
import type { Reconciliation } from '../reconcile/report.ts'
import type { BilledDay, ReconciliationClaim, TriedReconciliation } from './reconciliations.ts'
import type { Store } from './store.ts'
import { ACCOUNT, DAY_MS, T0 } from './testing.ts'

const DAY: BilledDay = { account: ACCOUNT, sub_mchid: null, date: '2026-06-08' }
const ALL = { after: null, limit: 100 }

function found(day: BilledDay, fields: Partial<Reconciliation> = {}): Reconciliation {
  return {
    ...day,
    bill: null,
    lines: { payment: 3, refund: 2, reversal: 1 },
    agreed: 5,
    differing: { unknown_refund: 1 },
    differences: [
      {
        kind: 'unknown_refund',
        line: 7,
        sub_mchid: null,
        out_trade_no: 'A42',
        transaction_id: '42000001',
        out_refund_no: 'by hand 手工',
        billed: 'refund SUCCESS 5.00 HKD',
        here: null,
      },
    ],
    asked: 0,
    ...fields,
  }
}

const cameTo = (
  given: Reconciliation,
  more: Partial<Pick<TriedReconciliation, 'atMs' | 'byItself'>> = {},
): TriedReconciliation => ({
  ...{ account: given.account, sub_mchid: given.sub_mchid, date: given.date },
  ...{ atMs: T0, byItself: true, outcome: { found: given }, ...more },
})
const failed = (day: BilledDay, failure: string, atMs = T0): TriedReconciliation => ({
  ...{ ...day, atMs, byItself: true, outcome: { failure } },
})
const claim = (more: Partial<ReconciliationClaim> = {}): ReconciliationClaim => ({
  ...{ ...DAY, worker: 'w1', nowMs: T0, untilMs: T0 + 1_000, tries: 0, ...more },
})

/** What every store keeps of what was held against WeChat Pay's bills. */
export function reconciliationsContract(name: string, openStore: () => Promise<Store>): void {
  describe(`${name}: a day that was held against its bill`, () => {
    it('comes back as it was found, with every difference for who asks for that day', async () => {
      const store = await openStore()
      expect(await store.reconciliations({}, ALL)).toEqual([])
      expect(await store.reconciliation(DAY)).toBeNull()
      const whole = found(DAY)
      await store.keepReconciliation(cameTo(whole))
      const { differences, account, sub_mchid, date, ...rest } = whole
      expect(await store.reconciliations({}, ALL)).toEqual([
        {
          ...{ ...DAY, id: expect.any(Number), tries: 1, triedAtMs: T0, failure: null },
          ...{ found: rest, foundAtMs: T0 },
        },
      ])
      expect(await store.reconciliation(DAY)).toEqual(whole)
      expect(await store.reconciliation({ ...DAY, date: '2026-06-09' })).toBeNull()
      expect(await store.reconciliation({ ...DAY, sub_mchid: '1700000001' })).toBeNull()
      expect(await store.reconciliation({ ...DAY, account: '1' })).toBeNull()
    })

    it('keeps what was found when a later try comes to nothing, and says why that was', async () => {
      const store = await openStore()
      await store.keepReconciliation(failed(DAY, 'WeChat Pay is down'))
      expect(await store.reconciliations({}, ALL)).toMatchObject([
        { tries: 1, triedAtMs: T0, failure: 'WeChat Pay is down', found: null, foundAtMs: null },
      ])
      expect(await store.reconciliation(DAY)).toBeNull()
      await store.keepReconciliation(cameTo(found(DAY), { atMs: T0 + 1 }))
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ tries: 2, failure: null }])
      await store.keepReconciliation(failed(DAY, 'down again', T0 + 2))
      expect(await store.reconciliations({}, ALL)).toMatchObject([
        { tries: 3, triedAtMs: T0 + 2, failure: 'down again', found: { agreed: 5 }, foundAtMs: T0 + 1 },
      ])
      expect(await store.reconciliation(DAY)).toEqual(found(DAY))
      const better = found(DAY, { agreed: 6, differing: {}, differences: [] })
      await store.keepReconciliation(cameTo(better, { atMs: T0 + 3 }))
      expect(await store.reconciliation(DAY)).toEqual(better)
    })

    it('is not counted when somebody asked for it', async () => {
      const store = await openStore()
      await store.keepReconciliation(cameTo(found(DAY), { byItself: false }))
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ tries: null, found: { agreed: 5 } }])
      await store.keepReconciliation(failed(DAY, 'down'))
      await store.keepReconciliation(cameTo(found(DAY, { agreed: 1 }), { byItself: false }))
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ tries: 1, found: { agreed: 1 } }])
    })

    it('stands in a list with the latest day first, which can be gone through page by page', async () => {
      const store = await openStore()
      const days = ['2026-06-08', '2026-06-10', '2026-06-09', '2026-05-31']
      for (const date of days) await store.keepReconciliation(cameTo(found({ ...DAY, date })))
      const others = [
        { ...DAY, account: '1900000002', date: '2026-06-09' },
        { ...DAY, sub_mchid: '1700000001', date: '2026-06-09' },
      ]
      for (const day of others) await store.keepReconciliation(cameTo(found(day)))
      const all = await store.reconciliations({}, ALL)
      expect(all.map(({ account, sub_mchid, date }) => [date, account, sub_mchid])).toEqual([
        ['2026-06-10', ACCOUNT, null],
        ['2026-06-09', ACCOUNT, '1700000001'],
        ['2026-06-09', '1900000002', null],
        ['2026-06-09', ACCOUNT, null],
        ['2026-06-08', ACCOUNT, null],
        ['2026-05-31', ACCOUNT, null],
      ])
      for (const [nth, one] of all.entries()) {
        const next = await store.reconciliations({}, { after: one.id, limit: 1 })
        expect(next).toEqual(all.slice(nth + 1, nth + 2))
      }
      const mine = await store.reconciliations({ account: ACCOUNT, sub_mchid: null }, ALL)
      expect(mine).toEqual(all.filter((one) => one.account === ACCOUNT && one.sub_mchid === null))
      expect(
        await store.reconciliations({ account: ACCOUNT }, { after: mine[0]?.id ?? null, limit: 2 }),
      ).toEqual(all.filter((one) => one.account === ACCOUNT).slice(1, 3))
      expect(await store.reconciliations({ sub_mchid: '1700000001' }, ALL)).toEqual([all[1]])
    })
  })

  describe(`${name}: the days that are tried by themselves`, () => {
    it('begin with one of which nothing is known yet, and stay as they are if begun again', async () => {
      const store = await openStore()
      await store.beginReconciliations(DAY)
      expect(await store.reconciliations({}, ALL)).toMatchObject([
        { ...DAY, tries: 0, triedAtMs: null, failure: null, found: null },
      ])
      await store.keepReconciliation(cameTo(found(DAY)))
      await store.beginReconciliations(DAY)
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ tries: 1, found: { agreed: 5 } }])
    })

    it('may begin with one that somebody asked for', async () => {
      const store = await openStore()
      await store.keepReconciliation(cameTo(found(DAY), { byItself: false }))
      await store.beginReconciliations(DAY)
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ tries: 0, found: { agreed: 5 } }])
    })

    it('are given to one of many callers at once', async () => {
      const store = await openStore()
      const claims = Array.from({ length: 8 }, (_, nth) => claim({ worker: `w${nth}` }))
      const given = await Promise.all(claims.map((one) => store.claimReconciliation(one)))
      expect(given.filter((isMine) => isMine)).toHaveLength(1)
    })

    it('are free again when a try is kept or the claim is over, and not before', async () => {
      const store = await openStore()
      expect(await store.claimReconciliation(claim())).toBe(true)
      expect(await store.claimReconciliation(claim({ worker: 'w2', nowMs: T0 + 999 }))).toBe(false)
      await store.keepReconciliation(cameTo(found(DAY), { byItself: false }))
      expect(await store.claimReconciliation(claim({ worker: 'w2', nowMs: T0 + 999 }))).toBe(false)
      const later = { worker: 'w2', nowMs: T0 + 1_000, untilMs: T0 + DAY_MS }
      expect(await store.claimReconciliation(claim(later))).toBe(true)
      await store.keepReconciliation(failed(DAY, 'down', T0 + 2_000))
      expect(await store.claimReconciliation(claim({ nowMs: T0 + 2_000, tries: 1 }))).toBe(true)
    })

    it('are not given to who looked before another has tried', async () => {
      const store = await openStore()
      await store.claimReconciliation(claim())
      await store.keepReconciliation(failed(DAY, 'down'))
      expect(await store.claimReconciliation(claim({ worker: 'w2', nowMs: T0 + 5_000 }))).toBe(false)
      expect(await store.claimReconciliation(claim({ worker: 'w2', nowMs: T0 + 5_000, tries: 1 }))).toBe(true)
    })

    it('are claimed each for itself', async () => {
      const store = await openStore()
      const days = [
        DAY,
        { ...DAY, date: '2026-06-09' },
        { ...DAY, account: '1900000002' },
        { ...DAY, sub_mchid: '1700000001' },
      ]
      for (const day of days) expect(await store.claimReconciliation(claim(day))).toBe(true)
    })
  })
}
