import { expect, it } from 'vitest'
import type { Found, KeptReconciliation } from '../store/reconciliations.ts'
import { reconciledOf } from './latest.ts'

const found = (differing: Found['differing']): Found => ({
  bill: null,
  lines: { payment: 0, refund: 0, reversal: 0 },
  ...{ agreed: 0, differing, asked: 0 },
})

function kept(date: string, more: Partial<KeptReconciliation>): KeptReconciliation {
  return {
    ...{ id: 1, account: 'a', sub_mchid: null, date, tries: 1 },
    ...{ triedAtMs: 0, failure: null, found: null, foundAtMs: null, ...more },
  }
}

it('the latest day counts that something was found of, among those that are tried by themselves', async () => {
  const days: Readonly<Record<string, readonly KeptReconciliation[]>> = {
    a: [
      kept('2026-06-11', { tries: 0 }),
      kept('2026-06-10', { failure: 'down' }),
      kept('2026-06-09', { tries: null, found: found({ twice: 9 }) }),
      kept('2026-06-08', { failure: 'down', found: found({ amount: 1, unknown_refund: 2 }) }),
      kept('2026-06-07', { found: found({}) }),
    ],
    b: [kept('2026-06-10', { failure: 'down' })],
    c: [],
    d: [kept('2026-06-10', { found: found({}) })],
  }
  const asked: unknown[] = []
  const store = {
    reconciliations: async (filter: { readonly account?: string }) => {
      asked.push(filter)
      return days[filter.account ?? ''] ?? []
    },
  }
  expect(await reconciledOf(Object.keys(days), store)).toEqual([
    { account: 'a', untilMs: Date.parse('2026-06-09T00:00:00+08:00'), differing: 3 },
    { account: 'd', untilMs: Date.parse('2026-06-11T00:00:00+08:00'), differing: 0 },
  ])
  // Bills of single sub-merchants are no account's day.
  expect(asked).toEqual(Object.keys(days).map((account) => ({ account, sub_mchid: null })))
})
