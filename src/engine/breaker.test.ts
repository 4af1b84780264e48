import { describe, expect, it } from 'vitest'
import { answer, NO_ANSWER_REASONS, noAnswer, refusal } from '../core/testing.ts'
import { Breaker } from './breaker.ts'

const T0 = 1_780_000_000_000
const MIDDLE = 0.5

function opened(): Breaker {
  const breaker = new Breaker()
  for (let i = 0; i < 10; i++) breaker.learn(noAnswer('timeout'))
  return breaker
}

describe('a breaker', () => {
  it('opens at the tenth call in a row that failed, and says so once', () => {
    const breaker = new Breaker()
    const told = Array.from({ length: 12 }, () => breaker.learn(noAnswer('timeout')))
    expect(told.indexOf(true)).toBe(9)
    expect(told.filter(Boolean)).toHaveLength(1)
    expect(breaker.isOpen).toBe(true)
  })

  it('holds nothing while it is closed', () => {
    const breaker = new Breaker()
    for (let i = 0; i < 9; i++) breaker.learn(noAnswer('timeout'))
    expect([1, 2, 3].map(() => breaker.hold(T0, MIDDLE))).toEqual([0, 0, 0])
  })

  it.each(NO_ANSWER_REASONS.map((reason) => [reason]))(
    '%s: speaks of the host, or of somebody there',
    (reason) => {
      const breaker = new Breaker()
      for (let i = 0; i < 10; i++) breaker.learn(noAnswer(reason))
      const isDown = ['unreachable', 'timeout', 'reset', 'server-error'].includes(reason)
      expect(breaker.isOpen).toBe(isDown)
    },
  )

  it.each([
    ['an answer', answer('done')],
    ['a refusal', refusal('ORDER_NOT_EXIST')],
    ['a forged reply', noAnswer('forged')],
    ['429', noAnswer('rate-limited')],
  ])('%s closes it, and the count begins again', (_, outcome) => {
    const breaker = opened()
    expect(breaker.learn(outcome)).toBe(true)
    expect(breaker.isOpen).toBe(false)
    for (let i = 0; i < 9; i++) breaker.learn(noAnswer('timeout'))
    expect(breaker.isOpen).toBe(false)
  })

  it('a call that was not sent says nothing about the host', () => {
    const breaker = opened()
    expect(breaker.learn(noAnswer('not-sent'))).toBe(false)
    expect(breaker.isOpen).toBe(true)
  })

  it('lets one probe out at a time, after 1, 2, 4, 8, 15 and 15 s', () => {
    const breaker = opened()
    let nowMs = T0
    const pauses = Array.from({ length: 6 }, () => {
      expect(breaker.hold(nowMs, MIDDLE)).toBe(0)
      const pauseMs = breaker.hold(nowMs, MIDDLE)
      expect(breaker.hold(nowMs + pauseMs - 1, MIDDLE)).toBe(1)
      nowMs += pauseMs
      return pauseMs
    })
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
  })

  it('chance moves a probe by a quarter at most', () => {
    for (const [chance, pauseMs] of [
      [0, 750],
      [0.999, 1_250],
    ] as const) {
      const breaker = opened()
      breaker.hold(T0, chance)
      expect(breaker.hold(T0, chance)).toBe(pauseMs)
    }
  })

  it('the next outage begins with short pauses again', () => {
    const breaker = opened()
    for (let i = 0; i < 5; i++) breaker.hold(T0 + i * 60_000, MIDDLE)
    breaker.learn(answer('done'))
    for (let i = 0; i < 10; i++) breaker.learn(noAnswer('reset'))
    const laterMs = T0 + 600_000
    expect(breaker.hold(laterMs, MIDDLE)).toBe(0)
    expect(breaker.hold(laterMs, MIDDLE)).toBe(1_000)
  })
})
