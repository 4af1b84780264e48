import { afterEach, describe, expect, it, vi } from 'vitest'
import { VirtualClock } from '../test/support/virtual-clock.ts'
import { AdjustableClock, anchorNow, compressedClock, reanchor, sleep, systemClock, within } from './clock.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const HOUR_MS = 3_600_000

describe('the system clock', () => {
  it('follows the machine forward, and goes on from where it was when somebody sets it back', () => {
    const realMs = Date.now()
    const steady = vi.spyOn(performance, 'now')
    const wall = vi.spyOn(Date, 'now')
    const at = (wallMs: number, steadyMs: number): number => {
      wall.mockReturnValue(wallMs)
      steady.mockReturnValue(steadyMs)
      return systemClock.nowMs()
    }
    const startMs = at(realMs + HOUR_MS, 1_000)
    expect(startMs).toBe(realMs + HOUR_MS)
    expect(at(realMs + 2 * HOUR_MS, 2_000)).toBe(realMs + 2 * HOUR_MS)
    expect(at(realMs, 3_000)).toBe(realMs + 2 * HOUR_MS + 1_000)
    expect(at(realMs + 5_000, 8_000)).toBe(realMs + 2 * HOUR_MS + 6_000)
  })
})

describe('compressed time', () => {
  it('runs as fast as it says, from its anchor', () => {
    const anchor = { realMs: systemClock.nowMs() - 1_000, simulatedMs: 5_000, speed: 60 }
    const nowMs = compressedClock(anchor).nowMs()
    expect(nowMs).toBeGreaterThanOrEqual(65_000)
    expect(nowMs).toBeLessThan(65_000 + 60 * 1_000)
  })

  it('does not run back before its anchor, nor when it is anchored again', () => {
    const future = { realMs: systemClock.nowMs() + HOUR_MS, simulatedMs: 5_000, speed: 60 }
    expect(compressedClock(future).nowMs()).toBe(5_000)
    expect(reanchor(future, 10)).toMatchObject({ simulatedMs: 5_000, speed: 10 })
  })

  it('refuses a speed that is none', () => {
    for (const speed of [0, 0.5, 1_001, Number.NaN]) {
      expect(() => anchorNow(speed)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    }
    expect(anchorNow(1).speed).toBe(1)
  })
})

describe('a clock that is set', () => {
  let nowMs = 0
  const base = { nowMs: () => nowMs, after: () => () => {} }
  const shown = (moments: readonly number[], clock: AdjustableClock): readonly number[] =>
    moments.map((ms) => {
      nowMs = ms
      return clock.nowMs()
    })

  it('forward, jumps there and goes on with the other', () => {
    nowMs = 1_000
    const clock = new AdjustableClock(base)
    clock.adjust(5_000)
    expect(shown([1_000, 1_500, 9_000], clock)).toEqual([6_000, 6_500, 14_000])
  })

  it('back, goes slower until it is right: it neither runs back nor stands', () => {
    nowMs = 1_000
    const clock = new AdjustableClock(base)
    clock.adjust(-1_000)
    expect(shown([1_000, 2_000, 4_000, 5_000, 6_000], clock)).toEqual([1_000, 1_750, 3_250, 4_000, 5_000])
  })

  it('again while it is still slow, counts from what it shows', () => {
    nowMs = 0
    const clock = new AdjustableClock(base)
    clock.adjust(-60_000)
    nowMs = 4_000
    expect(clock.nowMs()).toBe(3_000)
    // By then it is 59 s ahead of the right time, which is -56 s.
    clock.adjust(-59_000)
    expect(shown([4_000, 8_000, 240_000, 300_000], clock)).toEqual([3_000, 6_000, 180_000, 240_000])
  })
})

describe('sleep', () => {
  it('resolves at its moment, not before, and leaves no timer', async () => {
    const clock = new VirtualClock()
    let isOver = false
    void sleep(clock, 100).then(() => {
      isOver = true
    })
    await clock.advance(99)
    expect(isOver).toBe(false)
    await clock.advance(1)
    expect(isOver).toBe(true)
    expect(clock.timers).toBe(0)
  })

  it('rejects with the reason of the signal, and leaves no timer', async () => {
    const clock = new VirtualClock()
    const ended = new AbortController()
    const slept = sleep(clock, 100, ended.signal)
    ended.abort(new Error('closing'))
    await expect(slept).rejects.toThrow('closing')
    expect(clock.timers).toBe(0)
  })
})

describe('a wait with an end', () => {
  it('gives what the work comes to, or null when the time is up', async () => {
    const clock = new VirtualClock()
    const ends = (ms: number) =>
      within(
        clock,
        100,
        sleep(clock, ms).then(() => 'done'),
      )
    const [inTime, tooLate] = [ends(99), ends(101)]
    const fails = within(clock, 100, Promise.reject(new Error('broken')))
    await expect(fails).rejects.toThrow('broken')
    await clock.advance(100)
    expect([await inTime, await tooLate]).toEqual(['done', null])
  })
})
