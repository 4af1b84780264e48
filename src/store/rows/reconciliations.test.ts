import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rowStores } from '../../../test/support/row-stores.ts'
import { DIFFERENCES } from '../../reconcile/compare.ts'
import type { Difference, Reconciliation } from '../../reconcile/report.ts'
import { keptReconciliationOf, reconciliationOf } from './reconciliations.ts'
import { count, maybe, proofWith, record, text } from './testing.ts'

const kind = fc.constantFrom(...DIFFERENCES)
const difference: fc.Arbitrary<Difference> = record({
  ...{ kind, line: maybe(count), sub_mchid: maybe(text), out_trade_no: maybe(text) },
  ...{ transaction_id: maybe(text), out_refund_no: maybe(text), billed: maybe(text), here: maybe(text) },
})
const reconciliation: fc.Arbitrary<Reconciliation> = record({
  account: text,
  sub_mchid: maybe(text),
  date: fc.constantFrom('2026-06-08', '2026-06-09'),
  bill: maybe(
    record({
      ...{ sha1: text, bytes: count, unit: maybe(fc.constantFrom('minor' as const, 'major' as const)) },
      // In JSON U+0000 is no such character.
      evidence: proofWith(true),
    }),
  ),
  lines: record({ payment: count, refund: count, reversal: count }),
  agreed: count,
  differing: fc.dictionary(kind, count, { noNullPrototype: true }),
  differences: fc.array(difference, { maxLength: 5 }),
  asked: count,
})

it.each(rowStores())(
  '$name: every reconciliation comes back as it was found',
  async ({ runs, withStore }) => {
    const property = fc.asyncProperty(reconciliation, count, (found, atMs) =>
      withStore(async (store) => {
        const { account, sub_mchid, date, differences, ...rest } = found
        const day = { account, sub_mchid, date }
        await store.keepReconciliation({ ...day, atMs, worker: null, outcome: { found } })
        expect(await store.reconciliation(day)).toStrictEqual(found)
        const [kept] = await store.reconciliations({ account, sub_mchid }, { after: null, limit: 1 })
        expect(kept).toStrictEqual({
          ...{ ...day, id: kept?.id, tries: null, finds: 0, triedAtMs: atMs, failure: null },
          ...{ found: rest, foundAtMs: atMs },
        })
      }),
    )
    await fc.assert(property, { numRuns: runs })
  },
)

it.each(['x', '', 'null', '[]', '7'])('what is %j was not found by us', (json) => {
  const invalid = expect.objectContaining({ code: 'STORE_INVALID' })
  const day = { account: '1900000001', sub_mchid: null, date: '2026-06-08' }
  const cells = [1, '1900000001', '', '2026-06-08', 1, 0, 1, null, json, 1]
  expect(() => keptReconciliationOf(cells)).toThrow(invalid)
  expect(() => reconciliationOf(day, [json, '[]'])).toThrow(invalid)
  if (json !== '[]') expect(() => reconciliationOf(day, ['{}', json])).toThrow(invalid)
})
