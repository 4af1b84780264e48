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
    const limits = { ...DEFAULT_LIMITS, ...Object.fromEntries(CALLS.map((call) => [call, 1])) }
    const budget = new Budget(limits, T0)
    expect(CALLS.map((call) => budget.take(call, T0))).toEqual(CALLS.map(() => 0))
    expect(CALLS.map((call) => budget.take(call, T0))).toEqual(CALLS.map(() => 1_000))
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

describe('refunds', () => {
  it('that may fail: no second has more than WeChat Pay allows, whatever becomes of them', () => {
    const budget = new Budget(DEFAULT_LIMITS, T0)
    const leftAtMs: number[] = []
    for (let ms = 0; ms < 10_000; ms += 1) if (budget.take('refund', T0 + ms) === 0) leftAtMs.push(ms)
    const inSecondFrom = (fromMs: number): number =>
      leftAtMs.filter((ms) => ms >= fromMs && ms < fromMs + 1_000).length
    expect(Math.max(...leftAtMs.map(inSecondFrom))).toBeLessThanOrEqual(DEFAULT_LIMITS.failingRefund)
    expect(leftAtMs.length).toBeGreaterThan(25)
  })

  it('in no second more of them fail, whatever becomes of the others, however long their answers take', () => {
    const fate = fc.record({
      gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 })),
      tookMs: fc.integer({ min: 1, max: 3_000 }),
      isAccepted: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.array(fate, { minLength: 20, maxLength: 200 }),
        fc.integer({ min: 1, max: 9 }),
        (fates, failingRefund) => {
          const budget = new Budget({ ...DEFAULT_LIMITS, failingRefund }, T0)
          const answers: Array<{ readonly atMs: number; readonly leftAtMs: number }> = []
          const failed: number[] = []
          let nowMs = T0
          for (const { gapMs, tookMs, isAccepted } of fates) {
            nowMs += gapMs
            for (const answer of answers.splice(0)) {
              if (answer.atMs > nowMs) answers.push(answer)
              else budget.refundAccepted(answer.atMs, answer.leftAtMs)
            }
            if (budget.take('refund', nowMs) > 0) continue
            if (isAccepted) answers.push({ atMs: nowMs + tookMs, leftAtMs: nowMs })
            else failed.push(nowMs)
          }
          expect(mostInOneSecond(failed)).toBeLessThanOrEqual(failingRefund)
        },
      ),
    )
  })

  it('that were accepted late leave no room for more: their places were filled by time already', () => {
    const budget = new Budget(DEFAULT_LIMITS, T0)
    for (let i = 0; i < 3; i++) expect(budget.take('refund', T0)).toBe(0)
    let failed = 0
    for (let ms = 900; ms < 1_900; ms++) {
      while (budget.take('refund', T0 + ms) === 0) failed += 1
      if (ms === 900) for (let i = 0; i < 3; i++) budget.refundAccepted(T0 + ms, T0)
    }
    expect(failed).toBeLessThanOrEqual(DEFAULT_LIMITS.failingRefund)
  })

  it('a part of the budget that has grown counts a second later: who had it before may have used it', () => {
    const budget = new Budget(DEFAULT_LIMITS, T0)
    const leftBy = (fromMs: number, toMs: number, part: number): number => {
      let left = 0
      for (let ms = fromMs; ms < toMs; ms++) if (budget.take('refund', T0 + ms, part) === 0) left += 1
      return left
    }
    expect(leftBy(0, 1_000, 0)).toBe(0)
    expect(leftBy(1_000, 2_000, 1)).toBe(0)
    expect(leftBy(2_000, 2_100, 1)).toBe(6)
    expect(leftBy(4_000, 5_000, 0.5)).toBe(3)
    expect(leftBy(5_000, 6_000, 1)).toBe(3)
    expect(leftBy(6_000, 7_000, 1)).toBe(6)
  })

  it('twin: those that are accepted give their place back, and go as fast as the call may', () => {
    const budget = new Budget(DEFAULT_LIMITS, T0)
    let left = 0
    for (let ms = 0; ms < 10_000; ms += 1) {
      if (budget.take('refund', T0 + ms) > 0) continue
      left += 1
      budget.refundAccepted(T0 + ms, T0 + ms)
    }
    expect(left).toBeGreaterThan(1_400)
    expect(left).toBeLessThanOrEqual(1_515)
  })

  it('4.8 wait while the balance is too small: one a minute is tried, until one is accepted', () => {
    const budget = new Budget(DEFAULT_LIMITS, T0)
    expect(budget.take('refund', T0)).toBe(0)
    budget.refundsAreShort(T0)
    expect(budget.take('refund', T0 + 1)).toBe(59_999)
    expect(budget.take('refund', T0 + 60_000)).toBe(0)
    expect(budget.take('refund', T0 + 60_001)).toBe(59_999)
    budget.refundAccepted(T0 + 60_100, T0 + 60_000)
    expect(budget.take('refund', T0 + 60_100)).toBe(0)
    expect(budget.take('refund', T0 + 60_100)).toBe(0)
  })
})

describe('a part of a budget', () => {
  const LIMITS = { ...DEFAULT_LIMITS, query: 100 }

  /** How many calls leave in a second of trying every millisecond. */
  function inOneSecond(budget: Budget, fromMs: number, part: number): number {
    let left = 0
    for (let ms = 0; ms < 1_000; ms++) if (budget.take('query', fromMs + ms, part) === 0) left += 1
    return left
  }

  it('of nothing lets nothing out, and looks again soon', () => {
    const budget = new Budget(LIMITS, T0)
    expect(CALLS.map((call) => budget.take(call, T0, 0))).toEqual(CALLS.map(() => 250))
    expect(inOneSecond(budget, T0, 0)).toBe(0)
  })

  it('lets that part out', () => {
    for (const part of [0.01, 0.1, 0.25, 0.5, 1]) {
      const budget = new Budget(LIMITS, T0)
      inOneSecond(budget, T0, part)
      const left = inOneSecond(budget, T0 + 1_000, part)
      expect(Math.abs(left - 100 * part)).toBeLessThanOrEqual(1)
    }
  })

  it('that comes after nothing comes without a burst: what was not its own is not saved up', () => {
    const budget = new Budget(LIMITS, T0)
    expect(budget.take('query', T0, 0)).toBe(250)
    let atOnce = 0
    while (budget.take('query', T0 + 60_000, 1) === 0) atOnce += 1
    expect(atOnce).toBe(1)
    expect(inOneSecond(budget, T0 + 60_000, 1)).toBeLessThanOrEqual(101)
  })

  it('names a wait that is enough', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1, noNaN: true }), (part) => {
        const budget = new Budget(LIMITS, T0)
        while (budget.take('query', T0, part) === 0);
        const waitMs = budget.take('query', T0, part)
        expect(budget.take('query', T0 + waitMs, part)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('of the refunds that may fail: four processes together keep the limit', () => {
    const budgets = [1, 2, 3, 4].map(() => new Budget(DEFAULT_LIMITS, T0))
    const leftAtMs: number[] = []
    for (let ms = 0; ms < 10_000; ms++) {
      for (const budget of budgets) if (budget.take('refund', T0 + ms, 0.25) === 0) leftAtMs.push(ms)
    }
    expect(mostInOneSecond(leftAtMs)).toBeLessThanOrEqual(DEFAULT_LIMITS.failingRefund)
    expect(leftAtMs.length).toBeGreaterThan(30)
  })

  /** Processes that call as often as they may, while their parts change; returns the moments of all calls. */
  function callsOf(parts: ReadonlyArray<{ readonly forMs: number; readonly of: readonly number[] }>) {
    const budgets = (parts[0]?.of ?? []).map(() => new Budget(LIMITS, T0))
    const atMs: number[] = []
    let nowMs = T0
    for (const { forMs, of } of parts) {
      for (let ms = 0; ms < forMs; ms++) {
        for (const [nth, budget] of budgets.entries())
          while (budget.take('query', nowMs, of[nth] ?? 0) === 0) atMs.push(nowMs)
        nowMs += 1
      }
    }
    return atMs
  }

  /** Sums of calls over each second that begins at a call. */
  function most(atMs: readonly number[]): number {
    let last = 0
    let most = 0
    for (const [first, ms] of atMs.entries()) {
      while (last < atMs.length && (atMs[last] ?? 0) < ms + 1_000) last += 1
      most = Math.max(most, last - first)
    }
    return most
  }

  const division = (weights: readonly number[]): readonly number[] => {
    const sum = weights.reduce((total, weight) => total + weight, 0)
    return weights.map((weight) => (sum === 0 ? 0 : weight / sum))
  }
  const divided = fc.record({
    forMs: fc.oneof(fc.integer({ min: 1, max: 250 }), fc.integer({ min: 1, max: 1_500 })),
    of: fc.array(fc.constantFrom(0, 0, 1, 2, 25), { minLength: 4, maxLength: 4 }).map(division),
  })

  it('and the others’ never let more out than budget and burst, and one more each, however they change', () => {
    fc.assert(
      fc.property(fc.array(divided, { minLength: 1, maxLength: 12 }), (parts) => {
        expect(most(callsOf(parts))).toBeLessThanOrEqual(100 + burstOf(100) + 4)
      }),
      { numRuns: 60 },
    )
  })

  it('twin: parts that add up to twice the whole let twice as much out', () => {
    expect(most(callsOf([{ forMs: 2_000, of: [1, 1] }]))).toBeGreaterThan(200)
  })
})
