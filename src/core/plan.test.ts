import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OpenOrder } from './order.ts'
import { compilePlan, endableAtMs, endPauseMs, type Plan, retryPauseMs } from './plan.ts'
import { QUICK_PAY_POLICY, TWO_PERIOD_POLICY } from './policy.ts'
import { at, type Given, placing, T0 } from './testing.ts'

/** The seconds at which an order is asked when every query is answered at once, up to `untilS`. */
function schedule(
  plan: Plan,
  chance: (query: number) => number,
  untilS: number,
  given: Given = {},
): number[] {
  const seconds: number[] = []
  let order: OpenOrder = placing(plan.kind, { windowEndAtMs: T0 + plan.windowMs, ...given })
  let nowMs = T0
  for (;;) {
    nowMs = plan.next(order, { nowMs, chance: chance(seconds.length) })
    if (nowMs > at(untilS)) return seconds
    seconds.push((nowMs - T0) / 1000)
    order = { ...order, queries: order.queries + 1 }
  }
}

const always = (chance: number) => () => chance
const gapsOf = (seconds: readonly number[]): number[] => seconds.map((s, i) => s - (seconds[i - 1] ?? 0))

const quick = compilePlan('quick_pay')
const others = compilePlan('native')

describe('Quick Pay: a query every 3 to 5 s for 45 s', () => {
  it.each([
    [0, [3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45]],
    [0.5, [3, 7, 11, 15, 19, 23, 27, 31, 35, 39, 43, 46]],
    [0.999, [3, 7.998, 12.996, 17.994, 22.992, 27.99, 32.988, 37.986, 42.984, 45.984]],
  ])('at chance %s', (chance, expected) => {
    expect(schedule(quick, always(chance), 46)).toEqual(expected)
  })

  it('1.6 keeps all gaps within 3 to 5 s, whatever the chances, the query at the window’s end included', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 0.9999, noNaN: true }), { minLength: 20, maxLength: 20 }),
        (chances) => {
          const seconds = schedule(quick, (i) => chances[i] ?? 0, 44.999)
          const last = seconds.at(-1) ?? 0
          const order = placing('quick_pay', { queries: seconds.length })
          const endS = (quick.next(order, { nowMs: at(last), chance: chances[19] ?? 0 }) - T0) / 1000
          for (const gap of gapsOf([...seconds, endS])) {
            expect(gap).toBeGreaterThanOrEqual(3 - 1e-9)
            expect(gap).toBeLessThanOrEqual(5 + 1e-9)
          }
          expect(endS).toBeLessThan(48)
        },
      ),
    )
  })

  it('silence keeps the rhythm: not faster, not slower', () => {
    const silent = placing('quick_pay', { queries: 2, silence: 5 })
    expect(quick.next(silent, { nowMs: at(20), chance: 0.5 })).toBe(at(24))
    const backoff = compilePlan('quick_pay', {
      policy: 'backoff',
      firstMs: 3_000,
      factor: 1.1,
      everyMsMax: 4_500,
      windowMs: 45_000,
    })
    expect(backoff.next({ ...silent, silence: 1 }, { nowMs: at(20), chance: 0 })).toBe(at(23))
  })

  it('a first wait of 0 asks at once, and does not hammer when that is not answered', () => {
    const eager = compilePlan('quick_pay', { ...QUICK_PAY_POLICY, firstMs: 0 })
    expect(eager.next(placing('quick_pay'), { nowMs: at(1), chance: 0 })).toBe(at(1.001))
    expect(eager.next(placing('quick_pay', { silence: 2 }), { nowMs: at(1), chance: 0 })).toBe(at(4))
  })
})

describe('the other kinds: two periods', () => {
  it('a query that comes just before a place in the schedule is not followed by another at once', () => {
    // The first one, at 10 s, came late: an outage perhaps. The place at 10 s with its delay lies some ms ahead.
    const order = placing('native')
    const nextMs = others.next(order, { nowMs: at(9.95), chance: 0 })
    expect(nextMs).toBeGreaterThanOrEqual(at(10.95))
  })

  const LADDER = [10, 20, 30, 40, 50, 60, 80, 100, 120, 240, 360, 480, 600, 720, 840]

  it('1.11 at chance 0: 10, 20, 30, 40, 50, 60, 80, 100, 120 s, then every 120 s', () => {
    expect(schedule(others, always(0), 899)).toEqual(LADDER)
  })

  it.each([0.5, 0.999])('at chance %s the same, each up to a second later, never earlier', (chance) => {
    expect(schedule(others, always(chance), 899)).toEqual(LADDER.map((s) => s + chance))
  })

  it('the window’s end is not overslept', () => {
    const order = placing('native', { queries: 15 })
    expect(others.next(order, { nowMs: at(840), chance: 0.9 })).toBe(at(900))
    expect(others.next(order, { nowMs: at(899), chance: 0.9 })).toBe(at(902))
  })

  it('silence does not use up the schedule: the repeat comes sooner than the next place, never later', () => {
    const silent = (silence: number) => placing('native', { queries: 9, silence })
    expect(others.next(silent(0), { nowMs: at(121), chance: 0 })).toBe(at(240))
    expect(others.next(silent(1), { nowMs: at(121), chance: 0 })).toBe(at(124))
    expect(others.next(silent(3), { nowMs: at(121), chance: 0 })).toBe(at(129))
    expect(others.next(silent(9), { nowMs: at(121), chance: 0 })).toBe(at(181))
    expect(others.next(silent(9), { nowMs: at(235), chance: 0 })).toBe(at(240))
  })

  it('a backoff grows from answered queries only', () => {
    const plan = compilePlan('native', {
      policy: 'backoff',
      firstMs: 5_000,
      factor: 2,
      everyMsMax: 60_000,
      windowMs: 900_000,
    })
    expect(schedule(plan, always(0), 200)).toEqual([5, 15, 35, 75, 135, 195])
    const silent = placing('native', { queries: 4, silence: 6 })
    expect(plan.next(silent, { nowMs: at(100), chance: 0 })).toBe(at(160))
  })

  it('every policy asks later than now, inside the window and after it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(quick, others, compilePlan('app', { ...TWO_PERIOD_POLICY, firstMs: 0 })),
        fc.integer({ min: -5_000, max: 100_000_000 }),
        fc.integer({ min: 0, max: 2_000 }),
        fc.integer({ min: 0, max: 2_000 }),
        fc.double({ min: 0, max: 0.9999, noNaN: true }),
        (plan, ageMs, queries, silence, chance) => {
          const order = placing(plan.kind, { queries, silence })
          const nextMs = plan.next(order, { nowMs: T0 + ageMs, chance })
          expect(Number.isSafeInteger(nextMs)).toBe(true)
          expect(nextMs).toBeGreaterThan(T0 + ageMs)
        },
      ),
    )
  })
})

describe('past the window', () => {
  it.each([
    [0, 5],
    [60, 15],
    [3_600, 900],
    [604_800, 3_600],
  ])('%s s after it the pause is %s s: rarer and rarer, never more than an hour', (lateS, pauseS) => {
    const order = placing('native', { queries: 20 })
    expect(others.next(order, { nowMs: at(900 + lateS), chance: 0 })).toBe(at(900 + lateS + pauseS))
  })

  it('a lost reply is asked for again soon, even after a week, and then ever more rarely', () => {
    const pauses = [1, 2, 3, 5, 9, 12, 40].map((silence) => {
      const order = placing('native', { queries: 20, silence })
      return (others.next(order, { nowMs: at(605_700), chance: 0 }) - at(605_700)) / 1000
    })
    expect(pauses).toEqual([3, 4, 8, 32, 512, 3_600, 3_600])
  })

  it('isOver: from the window’s end on, or after queriesMax answered queries', () => {
    expect(others.isOver(placing('native', { queries: 99 }), at(899.999))).toBe(false)
    expect(others.isOver(placing('native'), at(900))).toBe(true)
    const few = compilePlan('native', { ...TWO_PERIOD_POLICY, queriesMax: 3 })
    expect(few.isOver(placing('native', { queries: 2 }), at(1))).toBe(false)
    expect(few.isOver(placing('native', { queries: 3 }), at(1))).toBe(true)
  })
})

describe('pauses', () => {
  it('after silence: 2, 4, 8, … 60 s, up to a quarter longer by chance', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 2_000].map((n) => retryPauseMs(n, 0) / 1000)).toEqual([
      2, 2, 4, 8, 16, 32, 60, 60,
    ])
    expect(retryPauseMs(1, 0.999)).toBe(2_500)
  })
  it('between revokes and closes: the same, up to an hour, so that they outgrow 310 s', () => {
    expect([1, 2, 9, 12, 2_000].map((n) => endPauseMs(n, 0) / 1000)).toEqual([2, 4, 512, 3_600, 3_600])
  })
  it('a revoke is allowed from 15 s, a close from 5 min after the latest placing', () => {
    expect(endableAtMs({ kind: 'quick_pay', latestPlacingAtMs: T0 })).toBe(at(15))
    expect(endableAtMs({ kind: 'h5', latestPlacingAtMs: T0 })).toBe(at(300))
  })
})

describe('explain() prints the whole schedule with the rule behind each line', () => {
  const lines = (plan: Plan) =>
    plan.explain().map(({ atMs, what, rule }) => `${atMs / 1000} ${what.split(/[,(:;]/)[0]?.trim()} ${rule}`)

  it('Quick Pay', () => {
    expect(lines(quick)).toEqual([
      '0 place the order 1.3, 6.9',
      '3 query 1.3, 1.4, 3.2',
      ...[7, 11, 15, 19, 23, 27, 31, 35, 39, 43].map((s) => `${s} query again 1.6, 1.7`),
      '45 the window is over 3.3, 3.7',
      '45 revoke 3.3, 3.4',
      '45 query 3.1, 3.7',
    ])
  })

  it('native', () => {
    expect(lines(others)).toEqual([
      '0 place the order 1.9',
      '10 query 1.11, 1.12, 3.5',
      ...[20, 30, 40, 50, 60, 80, 100, 120, 240, 360, 480, 600, 720, 840].map((s) => `${s} query again 1.11`),
      '900 the window is over 3.6, 3.7',
      '900 close 3.6',
      '900 query 3.1, 3.7',
    ])
  })

  it('a short window: the close waits for its 5 min all the same', () => {
    const plan = compilePlan('native', { ...TWO_PERIOD_POLICY, windowMs: 60_000 })
    expect(lines(plan).slice(-3)).toEqual([
      '60 the window is over 3.6, 3.7',
      '300 close 3.6',
      '300 query 3.1, 3.7',
    ])
  })

  it('says the moments at which an order is asked at mean chance, for every kind of policy', () => {
    const backoff = compilePlan('native', {
      policy: 'backoff',
      firstMs: 5_000,
      factor: 2,
      everyMsMax: 60_000,
      windowMs: 300_000,
    })
    const few = compilePlan('quick_pay', { ...QUICK_PAY_POLICY, queriesMax: 4 })
    for (const [plan, chance, count] of [
      [quick, 0.5, 11],
      [others, 0, 15],
      [backoff, 0, 7],
      [few, 0.5, 4],
    ] as const) {
      const told = plan
        .explain()
        .filter(({ what }) => /^query( again)?$/.test(what))
        .map(({ atMs }) => atMs / 1000)
      const asked = schedule(plan, always(chance), plan.windowMs / 1000 - 0.001).slice(0, count)
      expect(told).toEqual(asked)
    }
  })

  it('refuses what the guide forbids', () => {
    expect(() => compilePlan('native', { ...TWO_PERIOD_POLICY, firstMs: 90_000 })).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID' }),
    )
  })
})
