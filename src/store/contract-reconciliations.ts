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

/** Because somebody asked, unless it is said whose claim it was. */
const cameTo = (
  given: Reconciliation,
  more: Partial<Pick<TriedReconciliation, 'atMs' | 'worker'>> = {},
): TriedReconciliation => ({
  ...{ account: given.account, sub_mchid: given.sub_mchid, date: given.date },
  ...{ atMs: T0, worker: null, outcome: { found: given }, ...more },
})
const claim = (more: Partial<ReconciliationClaim> = {}): ReconciliationClaim => ({
  ...{ ...DAY, worker: 'w1', nowMs: T0, untilMs: T0 + 1_000, triedAtMs: null, ...more },
})

/** A try by itself, claimed before. */
async function tried(
  store: Store,
  outcome: TriedReconciliation['outcome'],
  { atMs, before }: { readonly atMs: number; readonly before: number | null },
): Promise<void> {
  expect(await store.claimReconciliation(claim({ nowMs: atMs, untilMs: atMs + 9, triedAtMs: before }))).toBe(
    true,
  )
  await store.keepReconciliation({ ...DAY, atMs, worker: 'w1', outcome })
}

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
          ...{ ...DAY, id: expect.any(Number), tries: null, finds: 0, triedAtMs: T0, failure: null },
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
      await tried(store, { failure: 'WeChat Pay is down\0' }, { atMs: T0, before: null })
      expect(await store.reconciliations({}, ALL)).toMatchObject([
        {
          ...{ tries: 1, finds: 0, triedAtMs: T0, failure: 'WeChat Pay is down\u{FFFD}' },
          ...{ found: null, foundAtMs: null },
        },
      ])
      expect(await store.reconciliation(DAY)).toBeNull()
      await tried(store, { failure: 'still' }, { atMs: T0 + 1, before: T0 })
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ tries: 2, finds: 0 }])
      await tried(store, { found: found(DAY) }, { atMs: T0 + 2, before: T0 + 1 })
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ tries: 0, finds: 1, failure: null }])
      await tried(store, { failure: 'down again' }, { atMs: T0 + 3, before: T0 + 2 })
      expect(await store.reconciliations({}, ALL)).toMatchObject([
        {
          ...{ tries: 1, finds: 1, triedAtMs: T0 + 3, failure: 'down again' },
          ...{ found: { agreed: 5 }, foundAtMs: T0 + 2 },
        },
      ])
      expect(await store.reconciliation(DAY)).toEqual(found(DAY))
      const better = found(DAY, { agreed: 6, differing: {}, differences: [] })
      await tried(store, { found: better }, { atMs: T0 + 4, before: T0 + 3 })
      expect(await store.reconciliation(DAY)).toEqual(better)
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ tries: 0, finds: 2, failure: null }])
    })

    it('is not counted when somebody asked for it', async () => {
      const store = await openStore()
      await store.keepReconciliation(cameTo(found(DAY)))
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ tries: null, finds: 0 }])
      await tried(store, { failure: 'down' }, { atMs: T0 + 1, before: T0 })
      await store.keepReconciliation(cameTo(found(DAY, { agreed: 1 }), { atMs: T0 + 2 }))
      expect(await store.reconciliations({}, ALL)).toMatchObject([
        { tries: 1, finds: 0, triedAtMs: T0 + 2, failure: null, found: { agreed: 1 } },
      ])
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
      expect(await store.reconciliations({ until: '2026-06-08' }, ALL)).toEqual(all.slice(4))
      const before = { account: ACCOUNT, until: '2026-06-09' }
      expect(await store.reconciliations(before, { after: all[1]?.id ?? null, limit: 1 })).toEqual([all[3]])
    })
  })

  describe(`${name}: the days that are tried by themselves`, () => {
    it('begin with one of which nothing is known yet, and stay as they are if begun again', async () => {
      const store = await openStore()
      await store.beginReconciliations(DAY)
      expect(await store.reconciliations({}, ALL)).toMatchObject([
        { ...DAY, tries: 0, finds: 0, triedAtMs: null, failure: null, found: null },
      ])
      await tried(store, { failure: 'down' }, { atMs: T0, before: null })
      await store.beginReconciliations(DAY)
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ tries: 1, failure: 'down' }])
    })

    it('may begin with one that somebody asked for', async () => {
      const store = await openStore()
      await store.keepReconciliation(cameTo(found(DAY)))
      await store.beginReconciliations(DAY)
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ tries: 0, found: { agreed: 5 } }])
    })

    it('are given to one of many callers at once', async () => {
      const store = await openStore()
      const claims = Array.from({ length: 8 }, (_, nth) => claim({ worker: `w${nth}` }))
      const given = await Promise.all(claims.map((one) => store.claimReconciliation(one)))
      expect(given.filter((isMine) => isMine)).toHaveLength(1)
    })

    it('are free again when a try is kept, the claim is released or over, and not before', async () => {
      const store = await openStore()
      expect(await store.claimReconciliation(claim())).toBe(true)
      const soon = { worker: 'w2', nowMs: T0 + 999, untilMs: T0 + 9_000 }
      expect(await store.claimReconciliation(claim(soon))).toBe(false)
      await store.releaseReconciliation(DAY, 'w2')
      expect(await store.claimReconciliation(claim(soon))).toBe(false)
      await store.releaseReconciliation(DAY, 'w1')
      expect(await store.claimReconciliation(claim(soon))).toBe(true)
      const later = { worker: 'w3', nowMs: T0 + 9_000, untilMs: T0 + 99_000 }
      expect(await store.claimReconciliation(claim({ ...later, nowMs: T0 + 8_999 }))).toBe(false)
      expect(await store.claimReconciliation(claim(later))).toBe(true)
      await store.keepReconciliation({ ...DAY, atMs: T0 + 9_001, worker: 'w3', outcome: { failure: 'down' } })
      expect(await store.claimReconciliation(claim({ ...later, triedAtMs: T0 + 9_001 }))).toBe(true)
    })

    it('are not given to who looked before another has tried, nor before somebody asked', async () => {
      const store = await openStore()
      await tried(store, { failure: 'down' }, { atMs: T0, before: null })
      const now = { worker: 'w2', nowMs: T0 + 5_000, untilMs: T0 + 9_000 }
      expect(await store.claimReconciliation(claim(now))).toBe(false)
      await store.keepReconciliation(cameTo(found(DAY), { atMs: T0 + 1 }))
      expect(await store.claimReconciliation(claim({ ...now, triedAtMs: T0 }))).toBe(false)
      expect(await store.claimReconciliation(claim({ ...now, triedAtMs: T0 + 1 }))).toBe(true)
    })

    it('are free although somebody whose clock is ahead has claimed them for longer than anybody would', async () => {
      const store = await openStore()
      const ahead = { worker: 'w2', nowMs: T0 + DAY_MS, untilMs: T0 + DAY_MS + 1_000 }
      expect(await store.claimReconciliation(claim(ahead))).toBe(true)
      expect(await store.claimReconciliation(claim())).toBe(true)
    })

    it('what comes too late, from somebody whose claim another has got, changes nothing', async () => {
      const store = await openStore()
      await store.claimReconciliation(claim())
      const next = { worker: 'w2', nowMs: T0 + 1_000, untilMs: T0 + 2_000 }
      expect(await store.claimReconciliation(claim(next))).toBe(true)
      const late = (worker: string): TriedReconciliation => cameTo(found(DAY, { agreed: 1 }), { worker })
      await store.keepReconciliation(late('w1'))
      expect(await store.reconciliations({}, ALL)).toMatchObject([{ finds: 0, triedAtMs: null, found: null }])
      await store.keepReconciliation(cameTo(found(DAY), { worker: 'w2', atMs: T0 + 1_500 }))
      for (const worker of ['w1', 'w2']) await store.keepReconciliation(late(worker))
      expect(await store.reconciliations({}, ALL)).toMatchObject([
        { finds: 1, triedAtMs: T0 + 1_500, found: { agreed: 5 } },
      ])
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
