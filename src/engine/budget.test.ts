import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CALLS } from '../core/change.ts'
import { Budget, DEFAULT_LIMITS } from './budget.ts'

const T0 = 1_780_000_000_000

/** Tries to call at each moment; returns the moments at which it was allowed. */
function allowed(budget: Budget, atMs: readonly number[]): readonly number[] {
  return atMs.filter((ms) => budget.take('query', ms) === 0)
}

/** The most moments that fall into any one second. */
function mostInOneSecond(atMs: readonly number[]): number {
  return Math.max(0, ...atMs.map((from) => atMs.filter((ms) => ms >= from && ms < from + 1000).length))
}

const burstOf = (perSecond: number): number => Math.max(1, perSecond / 10)

const PATTERN = fc.record({
  perSecond: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.double({ min: 0.2, max: 5, noNaN: true })),
  gapsMs: fc.array(
    fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3_000 })),
    {
      maxLength: 400,
    },
  ),
})

describe('a budget', () => {
  it('no second holds more than budget and burst, whatever the pattern of calls', () => {
    fc.assert(
      fc.property(PATTERN, ({ perSecond, gapsMs }) => {
        const budget = new Budget({ ...DEFAULT_LIMITS, query: perSecond }, T0)
        let nowMs = T0
        const atMs = gapsMs.map((gap) => {
          nowMs += gap
          return nowMs
        })
        const most = mostInOneSecond(allowed(budget, atMs))
        expect(most).toBeLessThanOrEqual(perSecond + burstOf(perSecond))
      }),
    )
  })

  it('twin: a budget that refills twice as fast breaks that bound', () => {
    const budget = new Budget({ ...DEFAULT_LIMITS, query: 200 }, T0)
    const everyMs = Array.from({ length: 2_000 }, (_, ms) => T0 + ms)
    expect(mostInOneSecond(allowed(budget, everyMs))).toBeGreaterThan(100 + burstOf(100))
  })

  it('all of it is used: at saturation a second holds the whole budget', () => {
    const budget = new Budget({ ...DEFAULT_LIMITS, query: 100 }, T0)
    const everyMs = Array.from({ length: 10_000 }, (_, ms) => T0 + ms)
    expect(allowed(budget, everyMs).length).toBeGreaterThanOrEqual(1_000)
  })

  it('the wait that it names is enough, and no call is allowed earlier', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 1_000, noNaN: true }), (perSecond) => {
        const budget = new Budget({ ...DEFAULT_LIMITS, close: perSecond }, T0)
        while (budget.take('close', T0) === 0);
        const waitMs = budget.take('close', T0)
        expect(waitMs).toBeGreaterThan(0)
        if (waitMs > 1) expect(budget.take('close', T0 + waitMs - 1)).toBeGreaterThan(0)
        // A rounding error may cost one more millisecond, never a call too many.
        expect(budget.take('close', T0 + waitMs)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('each call has its own', () => {
    const limits = { place: 1, query: 1, close: 1, reverse: 1 }
    const budget = new Budget(limits, T0)
    expect(CALLS.map((call) => budget.take(call, T0))).toEqual([0, 0, 0, 0])
    expect(CALLS.map((call) => budget.take(call, T0))).toEqual([1_000, 1_000, 1_000, 1_000])
  })

  it('what was not used is not saved up beyond the burst', () => {
    const budget = new Budget({ ...DEFAULT_LIMITS, query: 100 }, T0)
    const aDayLater = Array.from({ length: 50 }, () => T0 + 86_400_000)
    expect(allowed(budget, aDayLater)).toHaveLength(10)
  })
})

describe('after a 429', () => {
  const saturated = (budget: Budget, fromMs: number): number =>
    allowed(
      budget,
      Array.from({ length: 1_000 }, (_, ms) => fromMs + ms),
    ).length

  it('the account goes on with half, and has all of it back after a minute', () => {
    const budget = new Budget({ ...DEFAULT_LIMITS, query: 100 }, T0)
    saturated(budget, T0)
    budget.slowDown(T0 + 1_000)
    expect(saturated(budget, T0 + 1_000)).toBeGreaterThanOrEqual(49)
    expect(saturated(budget, T0 + 2_000)).toBeLessThanOrEqual(53)
    expect(saturated(budget, T0 + 31_000)).toBeLessThanOrEqual(76 + 10)
    expect(saturated(budget, T0 + 31_000 + 1_000)).toBeLessThanOrEqual(77)
    expect(saturated(budget, T0 + 61_000)).toBeGreaterThanOrEqual(99)
  })

  it('a second one begins the minute again, and never stops the account', () => {
    const budget = new Budget({ ...DEFAULT_LIMITS, query: 100 }, T0)
    saturated(budget, T0)
    for (const second of [1, 2, 3, 4, 5]) {
      budget.slowDown(T0 + second * 1_000)
      expect(saturated(budget, T0 + second * 1_000)).toBeGreaterThanOrEqual(49)
    }
  })
})
