import { describe, expect, it } from 'vitest'
import type { FinalOrder, FinalState } from '../../core/order.ts'
import { Histogram } from './histogram.ts'
import { LastHour } from './last-hour.ts'

const MINUTE = 60_000
const T0 = 1_000 * MINUTE

function scene() {
  const clock = { at: T0, nowMs: () => clock.at }
  const lastHour = new LastHour(clock)
  const settle = (
    state: FinalState,
    way: 'query' | 'callback' | 'end',
    tookMs: number,
    queries = 2,
  ): void => {
    const verdict = { state, learntBy: way === 'end' ? 'query' : way, atMs: clock.at }
    const order = { createdAtMs: clock.at - tookMs, queries, verdict } as FinalOrder
    lastHour.observer.settled?.({ order, way })
  }
  return { clock, lastHour, settle }
}

describe('the last hour', () => {
  it('has sixty minutes, the oldest first, each with its verdicts, and forgets what is older', () => {
    const { clock, lastHour, settle } = scene()
    settle('SUCCESS', 'query', 1_000)
    clock.at += 30 * MINUTE
    settle('CLOSED', 'end', 1_000, 9)
    settle('SUCCESS', 'callback', 1_000, 1)
    const { minutes, learntBy, queriesPerOrder, sinceMs } = lastHour.hour
    expect(minutes).toHaveLength(60)
    expect(minutes.at(-1)).toEqual({
      atMs: T0 + 30 * MINUTE,
      verdicts: { SUCCESS: 1, CLOSED: 1, REVOKED: 0, NOT_CREATED: 0 },
    })
    expect(minutes.at(-31)).toMatchObject({ atMs: T0, verdicts: { SUCCESS: 1, CLOSED: 0 } })
    expect(learntBy).toEqual({ place: 0, callback: 1, query: 1, end: 1 })
    expect(queriesPerOrder).toBe(4)
    expect(sinceMs).toBe(T0)
    clock.at += 30 * MINUTE
    expect(lastHour.hour.learntBy).toEqual({ place: 0, callback: 1, query: 0, end: 1 })
    clock.at += 30 * MINUTE
    expect(lastHour.hour).toMatchObject({ learntBy: { query: 0 }, queriesPerOrder: null })
    expect(lastHour.hour.toVerdict.quantileMs(0.5)).toBeNull()
  })

  it('tells of each host of an account how often it was called, how it answered and how fast', () => {
    const { clock, lastHour } = scene()
    const contact = (host: string, contact: 'reached' | 'failed', tookMs: number): void =>
      lastHour.observer.contacted?.({ account: '1900000001', host, contact, tookMs })
    for (let n = 0; n < 98; n += 1) contact('a.example', 'reached', 100)
    contact('a.example', 'reached', 2_000)
    clock.at += MINUTE
    contact('a.example', 'failed', 8_000)
    contact('b.example', 'reached', 50)
    const [first, second] = lastHour.hour.hosts
    expect(first).toMatchObject({ host: 'a.example', answers: false, calls: 100, noAnswer: 1 })
    expect(first?.p50Ms).toBeCloseTo(100, -1)
    expect(second).toMatchObject({ account: '1900000001', host: 'b.example', answers: true, calls: 1 })
  })

  it('counts the callbacks of each account', () => {
    const { lastHour } = scene()
    for (const outcome of ['applied', 'applied', 'refused'] as const)
      lastHour.observer.calledBack?.({ account: 'a', outcome })
    expect(lastHour.hour.callbacksOf('a')).toEqual({ applied: 2, repeated: 0, refused: 1, hints: 0 })
    expect(lastHour.hour.callbacksOf('b')).toEqual({ applied: 0, repeated: 0, refused: 0, hints: 0 })
  })
})

describe('a histogram', () => {
  it.each([1, 37, 1_000, 5_000, 60_000, 86_400_000])('knows %d ms to a twentieth', (ms) => {
    const histogram = new Histogram()
    histogram.addMs(ms)
    const told = histogram.quantileMs(0.5) ?? 0
    expect(Math.abs(told - ms) / ms).toBeLessThanOrEqual(0.051)
  })

  it('finds the percentiles of many, also of two together', () => {
    const [odd, even] = [new Histogram(), new Histogram()]
    for (let ms = 1; ms <= 10_000; ms += 1) (ms % 2 === 0 ? even : odd).addMs(ms)
    odd.addAll(even)
    for (const part of [0.5, 0.95, 0.99]) {
      const told = odd.quantileMs(part) ?? 0
      expect(Math.abs(told / (part * 10_000) - 1)).toBeLessThan(0.06)
    }
  })

  it('takes what no clock should give', () => {
    const histogram = new Histogram()
    for (const ms of [-5, 0, 1e15]) histogram.addMs(ms)
    expect(histogram.quantileMs(0.01)).toBeLessThan(2)
    expect(histogram.quantileMs(1)).toBeGreaterThan(86_400_000)
  })
})
