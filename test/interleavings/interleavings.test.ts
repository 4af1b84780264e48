import { describe, expect, it } from 'vitest'
import { type Exploration, explore } from './explore.ts'
import { FAULTS } from './faults.ts'
import { complaintsAfter, isKnown, KNOWN, type Known, MENDED, REVOKE_REFUSAL_AGAIN } from './known.ts'
import { livenessOf, STEPS_MAX } from './liveness.ts'
import { nameOfStart, STARTS, settingFor, startingFrom, startNamed } from './starts.ts'
import { differentFutures } from './twins.ts'

// Every order of events about one order, on the pure core. `node test/interleavings/run.ts --depth 9` goes deeper.

const DEPTH = 6

/** Fewer states than this, and the explorer no longer explores: four fifths of what was measured. */
const STATES_MIN: Readonly<Record<string, number>> = {
  'quick_pay, placing': 8_400,
  'quick_pay, a revoke leaves': 8_600,
  'quick_pay, a revoke got no answer': 4_700,
  'quick_pay, paid': 2_600,
  'quick_pay, given up, and paid': 12_800,
  'quick_pay, a refund leaves': 18_000,
  'quick_pay, revoked after it was paid': 2_500,
  'quick_pay, never created': 1_200,
  'native, placing': 9_400,
  'native, a close leaves': 7_700,
  'native, paid': 2_600,
  'native, given up, and paid': 12_800,
  'native, closed, and paid after all': 4_700,
  "native, late money's refund leaves": 8_200,
  'native, given up, and paid: kept': 8_900,
  'native, given up, and paid: a person is asked': 14_600,
  'native, never created': 1_200,
  'quick_pay, nobody answers': 6_000,
  'native, nobody answers': 6_100,
}

const CALL_SORTS = ['reply', 'reach', 'no answer', 'refused', 'trouble', 'declined', 'paid at once', 'again']
/** Every sort of event there is. */
const SORTS = [
  ...CALL_SORTS,
  ...CALL_SORTS.map((sort) => `stray ${sort}`),
  ...['stray commit', 'not sent', 'crash', 'usurp', 'sleep', 'timer'],
  ...['place arrives', 'close arrives', 'reverse arrives', 'refund arrives'],
  ...['pay', 'expire', 'book late', 'callback', 'give up', 'ask r1', 'ask r2'],
  ...[
    'ask now',
    'answer accept_evidence',
    'answer refund',
    'answer end',
    'answer stop_tracking',
    'answer seen',
  ],
  ...['refund elsewhere', 'refund ends SUCCESS', 'refund ends CLOSED'],
]
const STATES = ['placing', 'waiting', 'ending', 'SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED']

describe('no order of events breaks a rule, and every one can still end well', () => {
  const explored: Exploration[] = []

  it.each(STARTS.map((start) => [nameOfStart(start), start] as const))('%s', (name, start) => {
    const setting = settingFor(start.kind, start.lateMoney)
    const world = startingFrom(start, setting)
    const liveness = livenessOf(setting)
    const one = explore(world, setting, liveness, { depth: DEPTH, findingsMax: 20 })
    explored.push(one)
    expect(one.findings.filter(({ rule }) => !isKnown(rule))).toEqual([])
    expect(one.states).toHaveLength(DEPTH + 1)
    expect(one.states.reduce((sum, count) => sum + count)).toBeGreaterThan(STATES_MIN[name] ?? Infinity)
    expect(liveness.stepsMax).toBeLessThanOrEqual(STEPS_MAX)
  })

  it('every sort of event happened, and every state was reached', () => {
    const sum = (key: 'events' | 'orders') => new Set(explored.flatMap((one) => Object.keys(one[key])))
    expect([...sum('events')].sort()).toEqual(SORTS.toSorted())
    expect([...sum('orders')].sort()).toEqual(STATES.toSorted())
  })
})

describe('what is known to be wrong still is', () => {
  const complaintsOf = ({ from, events }: Known, revokeRepliesComeAgain = false): readonly string[] => {
    const start = startNamed(from)
    const setting = settingFor(start.kind, start.lateMoney, { revokeRepliesComeAgain })
    return complaintsAfter(startingFrom(start, setting), events, setting)
  }

  it.each(KNOWN.map((known) => [known.rule, known] as const))('%s', (rule, known) => {
    expect(complaintsOf(known)).toContain(rule)
  })

  it.each(MENDED.map((mended) => [mended.rule, mended] as const))('no more: %s', (_, mended) => {
    expect(complaintsOf(mended)).toEqual([])
  })

  it('the refusal of a revoke that comes again counts for a later one', () => {
    expect(complaintsOf(REVOKE_REFUSAL_AGAIN, true)).toContain(REVOKE_REFUSAL_AGAIN.rule)
  })
})

describe('a core that is wrong is found', () => {
  it.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', (_, { from, core, breaks }) => {
    const start = startNamed(from)
    const right = settingFor(start.kind)
    const wrong = { ...right, ...core }
    const limits = { depth: 5, findingsMax: 3 }
    const { findings } = explore(startingFrom(start, right), wrong, livenessOf(wrong), limits)
    expect(findings.map(({ rule }) => rule).filter((rule) => breaks.test(rule))).not.toEqual([])
  })
})

describe('worlds that count as one have one future', () => {
  it.each(STARTS.map((start) => [nameOfStart(start), start] as const))('%s', (_, start) => {
    const setting = settingFor(start.kind, start.lateMoney)
    const { pairs, different } = differentFutures(startingFrom(start, setting), setting, 4)
    expect(different).toEqual([])
    expect(pairs).toBeGreaterThan(0)
  })
})
