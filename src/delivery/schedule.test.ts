import { describe, expect, it } from 'vitest'
import { ATTEMPTS_MAX, nextAttemptAtMs } from './schedule.ts'

const T0 = Date.UTC(2026, 5, 8)
const HOUR = 3_600_000

const pauseMs = (attempts: number, chance: number): number | null => {
  const atMs = nextAttemptAtMs(attempts, { nowMs: T0, chance })
  return atMs === null ? null : atMs - T0
}

/** ms from the first to the last attempt. */
function spanMs(chance: number): number {
  let nowMs = T0
  for (let attempts = 1; ; attempts++) {
    const atMs = nextAttemptAtMs(attempts, { nowMs, chance })
    if (atMs === null) return nowMs - T0
    nowMs = atMs
  }
}

describe('the pause', () => {
  it.each([
    [1, 5_000, 6_000],
    [2, 30_000, 36_000],
    [3, 120_000, 144_000],
    [4, 600_000, 720_000],
    [5, 1_800_000, 2_160_000],
    [6, HOUR, 1.2 * HOUR],
    [7, 2 * HOUR, 2.4 * HOUR],
    [8, 4 * HOUR, 4.8 * HOUR],
    [9, 6 * HOUR, 7.2 * HOUR],
    [10, 8 * HOUR, 9.6 * HOUR],
  ])('after attempt %i is %i ms, and chance makes it at most %i ms', (attempts, least, most) => {
    expect([pauseMs(attempts, 0), pauseMs(attempts, 1)]).toEqual([least, most])
    expect(pauseMs(attempts, 0.5)).toBe((least + most) / 2)
  })

  it('is none after the last attempt, and there is one after the last but one', () => {
    expect(pauseMs(ATTEMPTS_MAX, 0.5)).toBeNull()
    expect(pauseMs(ATTEMPTS_MAX + 1, 0.5)).toBeNull()
    expect(pauseMs(ATTEMPTS_MAX - 1, 0.5)).not.toBeNull()
  })
})

it('the last attempt comes about 24 h after the first', () => {
  expect(spanMs(0) / HOUR).toBeCloseTo(21.71, 2)
  expect(spanMs(0.5) / HOUR).toBeCloseTo(23.88, 2)
  expect(spanMs(1) / HOUR).toBeCloseTo(26.05, 2)
})

it('a time in which nothing was attempted uses no attempt up', () => {
  const nowMs = T0 + 1_000 * HOUR
  expect(nextAttemptAtMs(3, { nowMs, chance: 0 })).toBe(nowMs + 120_000)
})
