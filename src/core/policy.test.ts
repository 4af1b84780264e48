import { describe, expect, it } from 'vitest'
import { KINDS, type Kind } from './order.ts'
import {
  type BackoffPolicy,
  checkedPolicy,
  defaultPolicy,
  type FixedPolicy,
  type Policy,
  QUICK_PAY_POLICY,
  reviewPolicy,
  TWO_PERIOD_POLICY,
  type TwoPeriodPolicy,
} from './policy.ts'

const fixed = (more: Partial<FixedPolicy> = {}): Policy => ({ ...QUICK_PAY_POLICY, ...more })
const twoPeriod = (more: Partial<TwoPeriodPolicy> = {}): Policy => ({ ...TWO_PERIOD_POLICY, ...more })
const BACKOFF: BackoffPolicy = {
  policy: 'backoff',
  firstMs: 10_000,
  factor: 2,
  everyMsMax: 120_000,
  windowMs: 900_000,
}
const backoff = (more: Partial<BackoffPolicy> = {}): Policy => ({ ...BACKOFF, ...more })

const ladder = (moments: number): readonly number[] =>
  Array.from({ length: moments }, (_, i) => 20_000 + 2_000 * i)

type Row = readonly [rule: string, kind: Kind, policy: Policy, word: string, twin: Policy]

const FORBIDDEN: readonly Row[] = [
  [
    '1.1 polling, not once: the window ends before the first query',
    'native',
    twoPeriod({ windowMs: 10_000 }),
    'firstMs',
    twoPeriod({ windowMs: 60_000 }),
  ],
  [
    '1.1 polling, not a single query',
    'quick_pay',
    fixed({ queriesMax: 1 }),
    'queriesMax',
    fixed({ queriesMax: 2 }),
  ],
  [
    '1.1 a reasonable rhythm: not twice a second',
    'native',
    fixed({ everyMs: 1_400, jitterMs: 500, windowMs: 90_000 }),
    'apart',
    fixed({ everyMs: 1_500, jitterMs: 500, windowMs: 90_000 }),
  ],
  [
    '1.12 period 1 is longer than a minute',
    'native',
    twoPeriod({ firstMs: 60_001, queriesAtMs: [] }),
    '60000',
    twoPeriod({ firstMs: 60_000, queriesAtMs: [] }),
  ],
  [
    '1.12 holds for every policy',
    'jsapi',
    fixed({ firstMs: 61_000, windowMs: 90_000 }),
    '60000',
    fixed({ firstMs: 59_000, windowMs: 90_000 }),
  ],
  ['1.12 backoff too', 'h5', backoff({ firstMs: 61_000 }), '60000', backoff({ firstMs: 60_000 })],
  ['1.5 half a millisecond', 'quick_pay', fixed({ everyMs: 4_000.5 }), 'everyMs', fixed({ everyMs: 4_000 })],
  ['1.5 a negative wait', 'quick_pay', fixed({ firstMs: -1 }), 'firstMs', fixed({ firstMs: 0 })],
  ['1.5 no number', 'native', twoPeriod({ windowMs: Number.NaN }), 'windowMs', twoPeriod()],
  ['1.5 no window', 'native', twoPeriod({ windowMs: 0 }), 'windowMs', twoPeriod()],
  [
    'more than a month',
    'native',
    twoPeriod({ windowMs: 2_592_000_001 }),
    'windowMs',
    twoPeriod({ windowMs: 2_592_000_000 }),
  ],
  [
    '1.11 rounds that don’t rise',
    'native',
    twoPeriod({ queriesAtMs: [20_000, 20_000] }),
    'queriesAtMs',
    twoPeriod({ queriesAtMs: [20_000, 30_000] }),
  ],
  [
    '1.11 a round inside period 1',
    'native',
    twoPeriod({ queriesAtMs: [9_000] }),
    'queriesAtMs',
    twoPeriod({ queriesAtMs: [12_000] }),
  ],
  [
    'more moments than anybody writes down',
    'native',
    twoPeriod({ queriesAtMs: ladder(1_001) }),
    'queriesAtMs has 1001 moments; expected at most 1000',
    twoPeriod({ queriesAtMs: ladder(1_000) }),
  ],
  [
    '1.13 period 2 without an interval',
    'native',
    twoPeriod({ thenEveryMs: 0 }),
    'apart',
    twoPeriod({ thenEveryMs: 2_000 }),
  ],
  [
    'a jitter as long as the wait',
    'native',
    fixed({ everyMs: 9_000, jitterMs: 9_000, windowMs: 90_000 }),
    'jitterMs',
    fixed({ everyMs: 9_000, jitterMs: 8_000, windowMs: 90_000 }),
  ],
  ['a backoff that shrinks', 'native', backoff({ factor: 0.5 }), 'factor', backoff({ factor: 1 })],
  ['a backoff that explodes', 'native', backoff({ factor: 11 }), 'factor', backoff({ factor: 10 })],
  ['a backoff from 0', 'native', backoff({ firstMs: 0 }), 'firstMs', backoff({ firstMs: 1_000 })],
]

const ADVISED_AGAINST: readonly Row[] = [
  ['1.6 faster than 3 s', 'quick_pay', fixed({ everyMs: 3_999 }), '1.6', fixed({ everyMs: 4_000 })],
  ['1.6 slower than 5 s', 'quick_pay', fixed({ everyMs: 4_001 }), '1.6', fixed({ everyMs: 4_000 })],
  [
    '1.6 a backoff whose jitter leaves it',
    'quick_pay',
    backoff({ firstMs: 3_000, everyMsMax: 5_000, windowMs: 45_000 }),
    '1.6',
    backoff({ firstMs: 3_000, everyMsMax: 4_500, windowMs: 45_000 }),
  ],
  [
    '1.6 the ladder of the other kinds',
    'quick_pay',
    twoPeriod({ windowMs: 45_000 }),
    '1.6',
    twoPeriod({ firstMs: 1_000, queriesAtMs: [5_000, 9_000], thenEveryMs: 4_000, windowMs: 45_000 }),
  ],
  [
    '1.7 polling for longer than 45 s',
    'quick_pay',
    fixed({ windowMs: 45_001 }),
    '1.7',
    fixed({ windowMs: 45_000 }),
  ],
  [
    'a time_expire below a minute',
    'native',
    twoPeriod({ windowMs: 59_999 }),
    'time_expire',
    twoPeriod({ windowMs: 60_000 }),
  ],
]

describe('a policy is held against the guide', () => {
  it.each(FORBIDDEN)('error: %s', (_, kind, policy, word, twin) => {
    expect(reviewPolicy(kind, policy).errors.join('; ')).toContain(word)
    expect(() => checkedPolicy(kind, policy)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }))
    expect(reviewPolicy(kind, twin).errors).toEqual([])
    expect(checkedPolicy(kind, twin)).toBe(twin)
  })

  it.each(ADVISED_AGAINST)('warning, no error: %s', (_, kind, policy, word, twin) => {
    expect(reviewPolicy(kind, policy)).toEqual({ errors: [], warnings: [expect.stringContaining(word)] })
    expect(reviewPolicy(kind, twin)).toEqual({ errors: [], warnings: [] })
  })

  it.each(KINDS)('the default for %s has nothing against it', (kind) => {
    expect(reviewPolicy(kind, defaultPolicy(kind))).toEqual({ errors: [], warnings: [] })
  })

  it('1.6, 1.7 the default for Quick Pay: every 3 to 5 s, 45 s long', () => {
    expect(defaultPolicy('quick_pay')).toMatchObject({
      firstMs: 3_000,
      everyMs: 4_000,
      jitterMs: 1_000,
      windowMs: 45_000,
    })
  })

  it('1.8 the 45 s exist for Quick Pay only: a window of a day is fine elsewhere', () => {
    expect(reviewPolicy('native', twoPeriod({ windowMs: 86_400_000 }))).toEqual({ errors: [], warnings: [] })
    expect(reviewPolicy('quick_pay', fixed({ windowMs: 86_400_000 })).warnings).toHaveLength(1)
  })

  it('1.5, 1.13 says every error at once, with the value and what is expected', () => {
    const { errors } = reviewPolicy('native', twoPeriod({ firstMs: 70_000, queriesAtMs: [], queriesMax: 1 }))
    expect(errors).toHaveLength(2)
    expect(errors.join()).toMatch(/queriesMax is 1; expected 2 or more.*firstMs is 70000/)
  })

  it('3.3, 3.6 no policy can leave the ending out: there is no field for it', () => {
    expect(Object.keys({ ...QUICK_PAY_POLICY, ...TWO_PERIOD_POLICY, ...BACKOFF }).sort()).toEqual([
      'everyMs',
      'everyMsMax',
      'factor',
      'firstMs',
      'jitterMs',
      'policy',
      'queriesAtMs',
      'thenEveryMs',
      'windowMs',
    ])
  })
})

it.each([
  ['falls', ladder(1_000).toReversed()],
  ['holds no whole number', ladder(1_000).map((ms) => ms + 0.5)],
  ['has no end', ladder(200_000)],
])('a list of moments that %s is refused in a sentence that can be read', (_, queriesAtMs) => {
  const { errors } = reviewPolicy('native', twoPeriod({ queriesAtMs }))
  expect(errors).not.toEqual([])
  expect(errors.join('; ').length).toBeLessThan(1_000)
})
