import { describe, expect, it } from 'vitest'
import {
  callbackFaultOf,
  FAULTY_ATTEMPTS_MAX,
  type FaultLevel,
  faultOf,
  probabilitiesFrom,
  probabilitiesOf,
} from './faults.ts'
import { type Host, outageOf, SLOT_MS } from './outages.ts'

const numbers = Array.from({ length: 1000 }, (_, i) => `A${i}`)

/** The share of 1,000 orders that meet a fault, each placed once and queried `queries` times. */
function shareHit(level: FaultLevel, seed: number, queries: number): number {
  const probabilities = probabilitiesOf(level)
  const meets = (out_trade_no: string, call: string, nth: number): boolean =>
    faultOf(probabilities, seed, { out_trade_no, call, nth }) !== null
  const hit = numbers.filter(
    (number) =>
      meets(number, 'place', 1) ||
      Array.from({ length: queries }, (_, i) => meets(number, 'query', i + 1)).includes(true),
  )
  return hit.length / numbers.length
}

describe('faults', () => {
  it.each([1, 7, 99])('at harsh at least 45 %% of the orders meet one in 4 calls (seed %i)', (seed) => {
    expect(shareHit('harsh', seed, 3)).toBeGreaterThan(0.45)
  })

  it.each([1, 7, 99])('at mild some 10 %% of the orders meet one in 4 calls (seed %i)', (seed) => {
    expect(shareHit('mild', seed, 3)).toBeGreaterThan(0.06)
    expect(shareHit('mild', seed, 3)).toBeLessThan(0.15)
  })

  it('at none nobody meets one', () => {
    expect(shareHit('none', 7, 20)).toBe(0)
  })

  it('are drawn from the seed and the attempt, and from nothing else', () => {
    const draws = (seed: number) =>
      numbers.map((out_trade_no) =>
        faultOf(probabilitiesOf('harsh'), seed, { out_trade_no, call: 'query', nth: 2 }),
      )
    expect(draws(7)).toEqual(draws(7))
    expect(draws(7)).not.toEqual(draws(8))
  })

  it('stay those of a seed when new ones are added: these were drawn by the first release', () => {
    const first = ['A0', 'A1', 'A2', 'A4', 'A6', 'A9', 'A12', 'A26', 'A34', 'A36'].map(
      (out_trade_no) =>
        faultOf(probabilitiesOf('harsh'), 7, { out_trade_no, call: 'query', nth: 1 })?.name ?? null,
    )
    expect(first).toEqual([
      'unknownOrder',
      null,
      'systemErrorAfter',
      'systemErrorBefore',
      'resetBefore',
      'systemErrorAfter',
      'rateLimited',
      'unsignedPage',
      'noReplyBefore',
      'noReplyAfter',
    ])
  })

  it('of callbacks end, too: the fifth attempt meets none', () => {
    const always = probabilitiesFrom({ callbackForged: 1 })
    const attempt = { out_trade_no: 'A1', event: 'payment' }
    expect(callbackFaultOf(always, 7, { ...attempt, nth: 4 })?.name).toBe('callbackForged')
    expect(callbackFaultOf(always, 7, { ...attempt, nth: 5 })).toBeNull()
  })

  it('end: even a certain fault lets the 21st attempt through', () => {
    const always = probabilitiesFrom({ noReplyBefore: 1 })
    const attempt = { out_trade_no: 'A1', call: 'query' }
    expect(faultOf(always, 7, { ...attempt, nth: FAULTY_ATTEMPTS_MAX })?.name).toBe('noReplyBefore')
    expect(faultOf(always, 7, { ...attempt, nth: FAULTY_ATTEMPTS_MAX + 1 })).toBeNull()
  })

  it('of harsh all occur in 1,000 orders', () => {
    const seen = new Set(
      numbers.flatMap(
        (out_trade_no) =>
          faultOf(probabilitiesOf('harsh'), 7, { out_trade_no, call: 'query', nth: 1 })?.name ?? [],
      ),
    )
    expect(seen.size).toBe(15)
  })

  it.each([
    ['an unknown name', { noReply: 0.1 }, 'noReply'],
    ['a probability above 1', { slowReply: 1.5 }, '1.5'],
    ['a text', { slowReply: 'often' }, '"often"'],
    ['a sum above 1', { slowReply: 0.6, resetAfter: 0.6 }, '1.2'],
    ['a sum above 1 for callbacks', { callbackLost: 0.6, callbackLate: 0.6 }, '1.2'],
  ])('refuse %s', (_, given, named) => {
    expect(() => probabilitiesFrom(given)).toThrowError(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(() => probabilitiesFrom(given)).toThrowError(named)
  })
})

describe('outages', () => {
  const harsh = probabilitiesOf('harsh')
  const seconds = Array.from({ length: 3600 }, (_, i) => i * 1000)
  const out = (host: Host, seed = 7) =>
    seconds.map((sinceStartMs) => outageOf(harsh, seed, { host, sinceStartMs }))

  it('strike one host or both, and are the same for the same seed', () => {
    expect(new Set(out('primary'))).toEqual(new Set([null, 'outageAll', 'outagePrimary']))
    expect(new Set(out('backup'))).toEqual(new Set([null, 'outageAll', 'outageBackup']))
    expect(out('primary')).toEqual(out('primary'))
    expect(out('primary')).not.toEqual(out('primary', 8))
  })

  it('leave most of the time alone, and part of every minute', () => {
    const hour = out('primary')
    const share = hour.filter((name) => name !== null).length / hour.length
    expect(share).toBeGreaterThan(0.01)
    expect(share).toBeLessThan(0.25)
    const slotLength = SLOT_MS / 1000
    for (let from = 0; from < hour.length; from += slotLength) {
      expect(hour.slice(from, from + slotLength)).toContain(null)
    }
  })

  it('do not happen at none', () => {
    expect(outageOf(probabilitiesOf('none'), 7, { host: 'primary', sinceStartMs: 0 })).toBeNull()
  })
})
