import { describe, expect, it } from 'vitest'
import type { Found, KeptReconciliation } from '../store/reconciliations.ts'
import {
  type DayToTry,
  dailyMs,
  daysToTry,
  differingOf,
  haveBegun,
  missingSinceMs,
  type Today,
} from './days.ts'

const MINUTE = 60_000
const AT = dailyMs('10:30')
const ms = (text: string): number => Date.parse(`${text}+08:00`)
/** When the bill of the 8th is asked for. */
const READY = ms('2026-06-09T10:30:00')
const found = (asked = 0): Found => ({
  bill: null,
  lines: { payment: 0, refund: 0, reversal: 0 },
  ...{ agreed: 0, differing: {}, asked },
})

function kept(date: string, more: Partial<KeptReconciliation> = {}): KeptReconciliation {
  return {
    ...{ id: 1, account: '1900000001', sub_mchid: null, date, tries: 0, finds: 0 },
    ...{ triedAtMs: null, failure: null, found: null, foundAtMs: null, ...more },
  }
}

const settled = (date: string, atMs: number, more: Partial<KeptReconciliation> = {}): KeptReconciliation =>
  kept(date, { finds: 1, triedAtMs: atMs, foundAtMs: atMs, found: found(), ...more })

const nextDay = (days: readonly KeptReconciliation[], today: Today): DayToTry | null =>
  daysToTry(days, today)[0] ?? null

describe('the day whose bill is asked for next', () => {
  it('is none before the days have begun, whatever somebody asked for', () => {
    const asked = [settled('2026-06-01', READY, { tries: null })]
    expect([haveBegun([]), haveBegun(asked)]).toEqual([false, false])
    expect(nextDay([], { nowMs: READY, atMs: AT })).toBeNull()
    expect(nextDay(asked, { nowMs: READY, atMs: AT })).toBeNull()
  })

  it('is the first one from the next morning on', () => {
    const begun = [kept('2026-06-08')]
    expect(haveBegun(begun)).toBe(true)
    const first = { date: '2026-06-08', dueAtMs: READY, tries: 0, finds: 0, triedAtMs: null }
    for (const nowMs of [ms('2026-06-08T00:00:00'), ms('2026-06-08T23:59:59'), READY]) {
      expect(nextDay(begun, { nowMs, atMs: AT })).toEqual(first)
    }
  })

  it('is the day after one that was found, and that one never again', () => {
    const days = [settled('2026-06-08', READY + 1)]
    expect(daysToTry(days, { nowMs: READY + 2, atMs: AT })).toEqual([
      { date: '2026-06-09', dueAtMs: READY + 24 * 60 * MINUTE, tries: 0, finds: 0, triedAtMs: null },
    ])
  })

  it('is the oldest of those on which nothing ran, and then the others', () => {
    const days = [settled('2026-06-03', READY), settled('2026-06-02', READY)]
    const nowMs = ms('2026-06-07T12:00:00')
    const dates = daysToTry(days, { nowMs, atMs: AT }).map(({ date }) => date)
    expect(dates).toEqual(['2026-06-04', '2026-06-05', '2026-06-06', '2026-06-07'])
  })

  it('is none of more than thirty days ago', () => {
    const nowMs = ms('2026-06-09T12:00:00')
    expect(nextDay([kept('2025-01-01')], { nowMs, atMs: AT })).toMatchObject({ date: '2026-05-10' })
  })

  it.each([
    [1, 10],
    [2, 20],
    [3, 40],
    [4, 60],
    [8, 60],
    [9, 1_440],
    [90, 1_440],
  ])('is one that failed %i times in a row after %i minutes', (tries, minutes) => {
    const failed = [kept('2026-06-08', { tries, triedAtMs: READY + 5, failure: 'down' })]
    const [first] = daysToTry(failed, { nowMs: READY + 5, atMs: AT }).filter(
      ({ date }) => date === '2026-06-08',
    )
    expect(first).toEqual({
      ...{ date: '2026-06-08', tries, finds: 0, triedAtMs: READY + 5 },
      dueAtMs: READY + 5 + minutes * MINUTE,
    })
  })

  it('does not keep the others waiting when it fails for ever', () => {
    const failing = kept('2026-06-07', { tries: 40, triedAtMs: READY - MINUTE, failure: 'too large' })
    expect(nextDay([failing], { nowMs: READY, atMs: AT })).toMatchObject({ date: '2026-06-08' })
  })

  it('is looked at again after half an hour if its bill made somebody ask, until something was found three times', () => {
    const asked = (more: Partial<KeptReconciliation>) => [
      settled('2026-06-08', READY, { found: found(2), ...more }),
    ]
    for (const finds of [1, 2]) {
      expect(nextDay(asked({ finds }), { nowMs: READY, atMs: AT })).toMatchObject({
        ...{ date: '2026-06-08', finds, dueAtMs: READY + 30 * MINUTE },
      })
    }
    expect(nextDay(asked({ finds: 3 }), { nowMs: READY, atMs: AT })).toMatchObject({ date: '2026-06-09' })
    // However often it came to nothing before, or between.
    expect(nextDay(asked({ tries: 3 }), { nowMs: READY, atMs: AT })).toMatchObject({
      ...{ date: '2026-06-08', dueAtMs: READY + 40 * MINUTE },
    })
  })

  it('is also one that somebody looked at before its bill was whole; twin: later it counts', () => {
    const tenMs = READY - 30 * MINUTE
    const early = settled('2026-06-08', tenMs - 1, { tries: null, finds: 0 })
    const begun = settled('2026-06-07', READY)
    const at = { nowMs: READY + 1, atMs: AT }
    expect(nextDay([early, begun], at)).toMatchObject({ date: '2026-06-08', tries: 0, dueAtMs: READY })
    const later = settled('2026-06-08', tenMs, { tries: null, finds: 0 })
    expect(nextDay([later, begun], at)).toMatchObject({ date: '2026-06-09' })
  })

  it('is no day that was done when the hour was an earlier one', () => {
    const days = ['2026-06-07', '2026-06-06'].map((date) => settled(date, ms('2026-06-08T10:30:00')))
    const evening = { nowMs: ms('2026-06-08T12:00:00'), atMs: dailyMs('18:00') }
    expect(nextDay(days, evening)).toMatchObject({ date: '2026-06-08', dueAtMs: ms('2026-06-09T18:00:00') })
  })
})

describe('what differs', () => {
  const differing = found()
  const differs = (date: string, more: Partial<KeptReconciliation> = {}) =>
    settled(date, READY, { found: { ...differing, differing: { twice: 2, amount: 1 } }, ...more })
  const now = { nowMs: ms('2026-06-09T12:00:00'), atMs: AT }

  it('is told of the last seven days, from the one on which they began', () => {
    const days = [differs('2026-06-08'), differs('2026-06-02'), differs('2026-06-01')]
    expect(differingOf(days, now)).toBe(6)
    expect(differingOf([differs('2026-06-07', { tries: null }), settled('2026-06-08', READY)], now)).toBe(0)
    expect(differingOf([], now)).toBe(0)
  })

  it('is told of a day, too, that was done only because somebody asked', () => {
    const asked = differs('2026-06-08', { tries: null, finds: 0 })
    expect(differingOf([asked, settled('2026-06-07', READY)], now)).toBe(3)
  })
})

describe('a bill that does not come', () => {
  const at = (nowMs: number): Today => ({ nowMs, atMs: AT })

  it('is missing from the moment on at which it was due', () => {
    const begun = [kept('2026-06-08')]
    expect(missingSinceMs(begun, at(READY - 1))).toBeNull()
    expect(missingSinceMs(begun, at(READY))).toBe(READY)
    expect(missingSinceMs([], at(READY))).toBeNull()
  })

  it('is missing although later ones have come, and until it has', () => {
    const failing = kept('2026-06-08', { tries: 9, triedAtMs: READY, failure: 'down' })
    const later = settled('2026-06-09', READY + 24 * 60 * MINUTE)
    const now = at(READY + 30 * 60 * MINUTE)
    expect(missingSinceMs([later, failing], now)).toBe(READY)
    expect(missingSinceMs([later, settled('2026-06-08', READY)], now)).toBeNull()
  })
})

describe('the time of the day', () => {
  it.each([
    ['09:00', 9 * 60],
    ['10:30', 10 * 60 + 30],
    ['23:59', 23 * 60 + 59],
  ])('%s is read', (time, minutes) => {
    expect(dailyMs(time)).toBe(minutes * MINUTE)
  })

  it.each(['08:59', '24:00', '10:60', '9:00', '10:30:00', '10.30', '', ' 10:30', 630])(
    '%j is refused, with what is expected',
    (time) => {
      expect(() => dailyMs(time as string)).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining('09:00') }),
      )
    },
  )
})
