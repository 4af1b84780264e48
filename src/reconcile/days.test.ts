import { describe, expect, it } from 'vitest'
import type { Found, KeptReconciliation } from '../store/reconciliations.ts'
import { dailyMs, haveBegun, nextDay } from './days.ts'

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
    ...{ id: 1, account: '1900000001', sub_mchid: null, date, tries: 0 },
    ...{ triedAtMs: null, failure: null, found: null, foundAtMs: null, ...more },
  }
}

const settled = (date: string, atMs: number, more: Partial<KeptReconciliation> = {}): KeptReconciliation =>
  kept(date, { tries: 1, triedAtMs: atMs, foundAtMs: atMs, found: found(), ...more })

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
    const first = { date: '2026-06-08', tries: 0, dueAtMs: READY }
    for (const nowMs of [ms('2026-06-08T00:00:00'), ms('2026-06-08T23:59:59'), READY]) {
      expect(nextDay(begun, { nowMs, atMs: AT })).toEqual(first)
    }
  })

  it('is the day after one that was found, and that one never again', () => {
    const days = [settled('2026-06-08', READY + 1)]
    expect(nextDay(days, { nowMs: READY + 2, atMs: AT })).toEqual({
      ...{ date: '2026-06-09', tries: 0, dueAtMs: READY + 24 * 60 * MINUTE },
    })
  })

  it('is the oldest of those on which nothing ran', () => {
    const days = [settled('2026-06-03', READY), settled('2026-06-02', READY)]
    const nowMs = ms('2026-06-09T12:00:00')
    expect(nextDay(days, { nowMs, atMs: AT })).toMatchObject({ date: '2026-06-04', tries: 0 })
    const more = ['2026-06-04', '2026-06-05', '2026-06-06', '2026-06-07', '2026-06-08']
    const all = [...more.map((date) => settled(date, READY)), ...days]
    expect(nextDay(all, { nowMs, atMs: AT })).toMatchObject({ date: '2026-06-09' })
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
    [90, 60],
  ])('is one that failed %i times after %i minutes', (tries, minutes) => {
    const failed = [kept('2026-06-08', { tries, triedAtMs: READY + 5 })]
    expect(nextDay(failed, { nowMs: READY + 5, atMs: AT })).toEqual({
      ...{ date: '2026-06-08', tries, dueAtMs: READY + 5 + minutes * MINUTE },
    })
  })

  it('does not keep the others waiting when it fails for ever', () => {
    const failing = kept('2026-06-07', { tries: 40, triedAtMs: READY - MINUTE, failure: 'too large' })
    expect(nextDay([failing], { nowMs: READY, atMs: AT })).toMatchObject({ date: '2026-06-08' })
  })

  it('is looked at again after half an hour if its bill made somebody ask, at most five times in all', () => {
    const asked = (tries: number) => [settled('2026-06-08', READY, { tries, found: found(2) })]
    for (const tries of [1, 4]) {
      expect(nextDay(asked(tries), { nowMs: READY, atMs: AT })).toEqual({
        ...{ date: '2026-06-08', tries, dueAtMs: READY + 30 * MINUTE },
      })
    }
    expect(nextDay(asked(5), { nowMs: READY, atMs: AT })).toMatchObject({ date: '2026-06-09' })
  })

  it('is also one that somebody looked at before its bill was whole; twin: later it counts', () => {
    const early = settled('2026-06-08', READY - 1, { tries: null })
    const begun = kept('2026-06-07', { tries: 5, triedAtMs: READY, foundAtMs: READY, found: found() })
    const at = { nowMs: READY + 1, atMs: AT }
    expect(nextDay([early, begun], at)).toMatchObject({ date: '2026-06-08', tries: 0, dueAtMs: READY })
    const later = settled('2026-06-08', READY, { tries: null })
    expect(nextDay([later, begun], at)).toMatchObject({ date: '2026-06-09' })
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
