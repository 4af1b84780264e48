import { expect, it } from 'vitest'
import { beijingDate, beijingDayMs, beijingDayNumber, beijingTime, DAY_MS } from './beijing.ts'

it('writes moments as WeChat Pay does', () => {
  expect(beijingTime(Date.UTC(2026, 5, 8, 2, 34, 56, 999))).toBe('2026-06-08T10:34:56+08:00')
})

it.each([
  [Date.UTC(2026, 5, 7, 16, 0, 0), '2026-06-08'],
  [Date.UTC(2026, 5, 7, 15, 59, 59, 999), '2026-06-07'],
  [Date.UTC(2026, 11, 31, 16, 0, 0), '2027-01-01'],
])('a day begins at midnight in Beijing: %i is in %s', (ms, date) => {
  expect(beijingDate(ms)).toBe(date)
  const fromMs = beijingDayMs(date) ?? Number.NaN
  expect(ms - fromMs).toBeGreaterThanOrEqual(0)
  expect(ms - fromMs).toBeLessThan(DAY_MS)
  expect(beijingDayNumber(ms)).toBe(beijingDayNumber(fromMs))
  expect(beijingDayNumber(fromMs - 1)).toBe(beijingDayNumber(fromMs) - 1)
})

it('takes a day with dashes and without', () => {
  expect(beijingDayMs('20260608')).toBe(Date.UTC(2026, 5, 7, 16))
  expect(beijingDayMs('2026-06-08')).toBe(Date.UTC(2026, 5, 7, 16))
})

it.each([
  '',
  '2026-6-8',
  '20260230',
  '2026-02-30',
  '2026-13-01',
  '2026-0608',
  '260608',
  '2026-06-08T00:00',
  '2026-06-08\n',
])('takes %j for no day', (date) => {
  expect(beijingDayMs(date)).toBeNull()
})
