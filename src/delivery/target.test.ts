import { describe, expect, it } from 'vitest'
import { checkedName, checkedTimeoutMs, notDelivered, WHY_CHARACTERS_MAX } from './target.ts'

const refusal = expect.objectContaining({ code: 'OPTION_INVALID' })

describe('why', () => {
  const whyOf = (why: string) => Object(notDelivered(why)).why

  it('is left alone up to its limit, and cut past it', () => {
    expect(whyOf('x'.repeat(WHY_CHARACTERS_MAX))).toBe('x'.repeat(WHY_CHARACTERS_MAX))
    expect(whyOf('x'.repeat(WHY_CHARACTERS_MAX + 1))).toBe(`${'x'.repeat(WHY_CHARACTERS_MAX - 1)}…`)
  })

  it('is one line, and no half of a character', () => {
    expect(whyOf('one\r\n  two\n')).toBe('one two')
    const cut = whyOf('😀'.repeat(WHY_CHARACTERS_MAX))
    expect(cut.isWellFormed()).toBe(true)
    expect(cut).toHaveLength(WHY_CHARACTERS_MAX)
  })
})

it.each(['a', 'pay.example.com-1a2b3c4d', '::1-1a', 'My_books', 'x'.repeat(100)])(
  '%s names a target',
  (name) => {
    expect(checkedName(name)).toBe(name)
  },
)

it.each(['', 'a b', 'a/b', 'a\n', '支付', 'x'.repeat(101), undefined, 7])('%j names no target', (name) => {
  expect(() => checkedName(name)).toThrow(refusal)
})

it.each([100, 15_000, 60_000])('a time limit of %j ms is one', (timeoutMs) => {
  expect(checkedTimeoutMs(timeoutMs, 60_000)).toBe(timeoutMs)
})

it.each([99, 60_001, 100.5, Number.NaN, Number.POSITIVE_INFINITY])('a time limit of %d ms is none', (ms) => {
  expect(() => checkedTimeoutMs(ms, 60_000)).toThrow(refusal)
  expect(() => checkedTimeoutMs(ms, 60_000)).toThrow(`timeoutMs is ${ms}; expected`)
})

it.each([['1000'], ['whsec_a'], [null], [1000n], [Symbol('a')], [{ toString: 1 }], [['1000']]])(
  'a time limit that is no number is none, and is not shown: %#',
  (timeoutMs) => {
    expect(() => checkedTimeoutMs(timeoutMs, 60_000)).toThrow(refusal)
    expect(() => checkedTimeoutMs(timeoutMs, 60_000)).toThrow('timeoutMs is no number; expected')
  },
)
