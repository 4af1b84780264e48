import { expect, it } from 'vitest'
import type { BillsStanding } from '../reconcile/reconciler.ts'
import { COUNTED_MS, openMetrics } from './metrics.ts'

it('the messages are counted once a minute, however often and by however many at once the metrics are read', async () => {
  let nowMs = 0
  let sent = 0
  const metrics = openMetrics({
    statistics: () => null,
    accounts: () => [],
    attention: async () => 0,
    bills: async () => [],
    oldestDue: async () => [],
    deliveries: async () => ({ sent: ++sent }),
    clock: { nowMs: () => nowMs },
  })
  const read = async () => /verdict_deliveries\{state="sent"\} (\d+)/.exec(await metrics.text())?.[1]
  expect(await Promise.all([read(), read()])).toEqual(['1', '1'])
  nowMs = COUNTED_MS - 1
  expect(await read()).toBe('1')
  nowMs = COUNTED_MS
  expect(await read()).toBe('2')
})

it('a count that failed is tried again at the next reading', async () => {
  let isDown = true
  const metrics = openMetrics({
    statistics: () => null,
    accounts: () => [],
    attention: async () => 0,
    bills: async () => [],
    oldestDue: async () => [],
    deliveries: async () => (isDown ? Promise.reject(new Error('down')) : { failed: 3 }),
    clock: { nowMs: () => 0 },
  })
  expect(await metrics.text()).not.toMatch(/verdict_deliveries\{/)
  isDown = false
  expect(await metrics.text()).toContain('verdict_deliveries{state="failed"} 3')
  // What there is none of is told as well.
  expect(await metrics.text()).toContain('verdict_deliveries{state="pending"} 0')
})

it('the oldest due work is told by account, and as nothing as long as it is not due', async () => {
  const metrics = openMetrics({
    statistics: () => null,
    accounts: () => [],
    attention: async () => 0,
    bills: async () => [],
    oldestDue: async () => [
      { account: 'a', dueAtMs: 10_000 },
      { account: 'b', dueAtMs: 90_000 },
    ],
    deliveries: async () => ({}),
    clock: { nowMs: () => 72_500 },
  })
  const text = await metrics.text()
  expect(text).toContain('verdict_oldest_overdue_seconds{account="a"} 62.5')
  expect(text).toContain('verdict_oldest_overdue_seconds{account="b"} 0')
})

it('days that are held against their bills are told by account, and nothing where there are none', async () => {
  let days: readonly BillsStanding[] = []
  let nowMs = 0
  const metrics = openMetrics({
    statistics: () => null,
    accounts: () => [],
    attention: async () => 0,
    bills: async () => days,
    oldestDue: async () => [],
    deliveries: async () => ({}),
    clock: { nowMs: () => nowMs },
  })
  expect(await metrics.text()).not.toMatch(/verdict_reconciliation_\w+\{/)
  nowMs = COUNTED_MS
  days = [
    { account: 'a', missingMs: 60_000, differing: 3 },
    { account: 'b', missingMs: 0, differing: 0 },
  ]
  const text = await metrics.text()
  expect(text).toContain('verdict_reconciliation_differences{account="a"} 3')
  expect(text).toContain('verdict_reconciliation_differences{account="b"} 0')
  expect(text).toContain('verdict_reconciliation_missing_seconds{account="a"} 60')
  expect(text).toContain('verdict_reconciliation_missing_seconds{account="b"} 0')
})
