import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isEnded } from './aftercare.ts'
import { isFinal, type Order } from './order.ts'
import { KNOWN_REFUND_CODES } from './refund-reaction.ts'
import type { Step } from './step.ts'
import {
  at,
  final,
  type Habit,
  lived,
  liveThrough,
  NO_ANSWER_REASONS,
  paid,
  REFUND_STATUSES,
  refundsOf,
  rulesFor,
} from './testing.ts'
import { TRADE_STATES } from './trade-state.ts'

// A WeChat Pay that always says the same about what follows a verdict: nothing of it may hammer, none may be forgotten, and
// what does not end is shown to a person. `life.test.ts` has the same for the time before the verdict.

const REFUND: Order = lived(paid(), [[0, 'ask refund 500 as r1']])
const THREE: Order = lived(paid(), [
  [0, 'ask refund 500 as r1'],
  [0, 'ask refund 500 as r2'],
  [0, 'ask refund 500 as r3'],
])
const LATE: Order = lived(final('CLOSED'), [[0, 'callback: SUCCESS']])
const BOTH: Order = lived(LATE, [[0, 'ask refund 500 as r1']])

type Words = Partial<Record<Step['do'], string>>

const atCall = (words: Words): Habit => {
  return (_, call) => words[call] ?? 'timeout'
}

const HABITS: ReadonlyArray<readonly [name: string, order: Order, words: Words]> = [
  ['no answer', REFUND, {}],
  ['no answer to requests', REFUND, { queryRefund: 'none' }],
  ['no answer to queries', REFUND, { refund: 'accepted' }],
  ['nothing leaves', REFUND, { refund: 'not-sent', queryRefund: 'not-sent' }],
  ['429', REFUND, { refund: 'rate-limited', queryRefund: 'rate-limited' }],
  ['our key refused', REFUND, { refund: 'key-refused', queryRefund: 'key-refused' }],
  ['PROCESSING', REFUND, { refund: 'accepted', queryRefund: 'PROCESSING' }],
  ['ABNORMAL', REFUND, { refund: 'accepted', queryRefund: 'ABNORMAL' }],
  ['a status that nobody knows', REFUND, { refund: 'accepted', queryRefund: 'CHANGE' }],
  ['accepted, and not known', REFUND, { refund: 'accepted', queryRefund: 'none' }],
  ['accepted, and queries refused', REFUND, { refund: 'accepted', queryRefund: 'NO_AUTH' }],
  ['no answer, and queries refused', REFUND, { queryRefund: 'NO_AUTH' }],
  ['queries refused by a system error', REFUND, { queryRefund: 'SYSTEM_ERROR' }],
  ['NOT_ENOUGH', REFUND, { refund: 'NOT_ENOUGH' }],
  ['system error', REFUND, { refund: 'SYSTEM_ERROR', queryRefund: 'none' }],
  ['too many', REFUND, { refund: 'FREQUENCY_LIMITED', queryRefund: 'none' }],
  ['no permission', REFUND, { refund: 'NO_AUTH', queryRefund: 'none' }],
  ['number used, and not known', REFUND, { refund: 'OUT_REFUND_NO_USED', queryRefund: 'none' }],
  ['refused for good, and queries silent', REFUND, { refund: 'PARAM_ERROR' }],
  ['no answer, three refunds', THREE, {}],
  ['no answer to requests, three refunds', THREE, { queryRefund: 'none' }],
  ['NOT_ENOUGH, three refunds', THREE, { refund: 'NOT_ENOUGH' }],
  ['late money, no answer', LATE, {}],
  ['late money, 429', LATE, { query: 'rate-limited' }],
  ['late money, all refunds silent', LATE, { query: 'SUCCESS' }],
  ['late money, all refunds refused', LATE, { query: 'SUCCESS', queryRefunds: 'NO_AUTH' }],
  [
    'late money, all refunds refused by a system error',
    LATE,
    { query: 'SUCCESS', queryRefunds: 'SYSTEM_ERROR' },
  ],
  ['late money, its refund silent', LATE, { query: 'SUCCESS', queryRefunds: 'none' }],
  ['late money, NOT_ENOUGH', LATE, { query: 'SUCCESS', queryRefunds: 'none', refund: 'NOT_ENOUGH' }],
  ['all of it on its way elsewhere', LATE, { query: 'SUCCESS', queryRefunds: 'e1 8800 PROCESSING' }],
  [
    'a part of it on its way elsewhere',
    LATE,
    { query: 'SUCCESS', queryRefunds: 'e1 800 PROCESSING', refund: 'SUCCESS' },
  ],
  ['a refund goes on, late money silent', BOTH, { refund: 'accepted', queryRefund: 'PROCESSING' }],
  [
    'a refund goes on, all refunds silent',
    BOTH,
    { query: 'SUCCESS', refund: 'accepted', queryRefund: 'PROCESSING' },
  ],
]

const DAYS = 6

function perHour(callsAtS: readonly number[], hour: number): number {
  return callsAtS.filter((s) => s >= hour * 3_600 && s < (hour + 1) * 3_600).length
}

/** Sane: far below what WeChat Pay allows, and ever less. */
function expectSane(callsAtS: readonly number[], hours: number): void {
  expect(perHour(callsAtS, 0)).toBeLessThanOrEqual(180)
  expect(perHour(callsAtS, 1)).toBeLessThanOrEqual(60)
  expect(perHour(callsAtS, hours - 1)).toBeLessThanOrEqual(30)
}

function isOpen(order: Order): boolean {
  const phase = (isFinal(order) && order.aftercare?.late?.phase) || 'nothing'
  return refundsOf(order).some((refund) => !isEnded(refund)) || /confirm|compare/.test(phase)
}

describe(`${DAYS} days of always the same`, () => {
  it.each(HABITS)(
    '%s: sanely often, still asked about at the end, and a person is told',
    (_, order, words) => {
      const { callsAtS, order: after } = liveThrough(order, atCall(words), DAYS * 24)
      expectSane(callsAtS, DAYS * 24)
      expect(callsAtS.filter((s) => s > (DAYS - 1) * 86_400).length).toBeGreaterThan(0)
      expect(isOpen(after)).toBe(true)
      expect(after.dueAtMs).not.toBeNull()
      expect(after.attention).not.toBeNull()
    },
  )

  it('a suspicion that nobody answers is asked about, and no more: there may be nothing', () => {
    const { callsAtS, order } = liveThrough(lived(final('CLOSED'), [[0, 'hint']]), atCall({}), DAYS * 24)
    expectSane(callsAtS, DAYS * 24)
    expect(order).toMatchObject({ attention: null, aftercare: { late: { phase: 'suspected' } } })
  })

  it('twin: what can end does', () => {
    const words = { query: 'SUCCESS', queryRefunds: 'none', refund: 'accepted', queryRefund: 'SUCCESS' }
    for (const order of [REFUND, THREE, LATE, BOTH]) {
      const after = liveThrough(order, atCall(words), 1).order
      expect(after).toMatchObject({ dueAtMs: null, attention: null })
      expect(refundsOf(after).map(({ state }) => state)).not.toContain('queued')
    }
  })
})

// ---------------------------------------------------------------- any two days of always the same

const said = (...words: readonly (readonly string[])[]): fc.Arbitrary<string> =>
  fc.constantFrom(...words.flat(), ...NO_ANSWER_REASONS)
const CODES = [...KNOWN_REFUND_CODES, 'NOBODY_KNOWS']
const PAGES = [
  'none',
  'e1 500 PROCESSING',
  'e1 8800 SUCCESS',
  'e1 8800 REFUNDCLOSE',
  'NO_AUTH',
  'SYSTEM_ERROR',
]

const anyWords: fc.Arbitrary<Record<'query' | 'refund' | 'queryRefund' | 'queryRefunds', string>> = fc.record(
  {
    query: said(Object.keys(TRADE_STATES), ['ORDER_NOT_EXIST', 'SYSTEM_ERROR']),
    refund: said(REFUND_STATUSES, CODES, ['accepted']),
    queryRefund: said(REFUND_STATUSES, CODES, ['none']),
    queryRefunds: said(PAGES),
  },
)

const MARKED: Order = lived(final('CLOSED', { attention: 'call_refused' }), [[0, 'callback: SUCCESS']])

it('whatever WeChat Pay always says, nothing is hammered and nothing is forgotten', () => {
  fc.assert(
    fc.property(
      anyWords,
      anyWords,
      fc.constantFrom(REFUND, THREE, LATE, BOTH, MARKED),
      (first, then, order) => {
        // Some minutes so, and then so for two days: from wherever the first may have led.
        const { order: there, callsAtS } = liveThrough(order, atCall(first), 0.2)
        expect(callsAtS.length).toBeLessThan(120)
        const rules = rulesFor(there.kind)
        const { order: after, callsAtS: later } = liveThrough(there, atCall(then), 48, rules, at(720))
        expectSane(later, 48)
        if (isOpen(after)) expect(after.dueAtMs ?? after.attention).not.toBeNull()
      },
    ),
    { numRuns: 500 },
  )
})
