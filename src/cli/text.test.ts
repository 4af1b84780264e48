import { describe, expect, it } from 'vitest'
import { inColumns, moment, money, seconds } from './text.ts'

describe('text for people', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [12_345, '12.3 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min'],
    [90_000, '1 min 30 s'],
    [119_999, '2 min'],
    [3_599_999, '1 h'],
    [7_500_000, '2 h 5 min'],
  ])('writes %d ms as %s', (ms, text) => expect(seconds(ms)).toBe(text))

  it.each([
    [1, 'HKD', 'HKD 0.01'],
    [1_234, 'HKD', 'HKD 12.34'],
    [1_234, 'JPY', 'JPY 1234'],
    [1_234, 'KWD', 'KWD 1.234'],
  ])('writes %d of %s as %s', (total, currency, text) => expect(money(total, currency)).toBe(text))

  it("writes moments in Beijing's time", () => {
    expect(moment(Date.UTC(2026, 5, 8, 2, 34, 56, 789))).toBe('2026-06-08 10:34:56.789')
  })

  it('makes columns as wide as they need, and leaves no blanks behind', () => {
    expect(
      inColumns([
        ['a', 'bb', ''],
        ['ccc', 'd', 'e'],
      ]),
    ).toEqual(['  a    bb', '  ccc  d   e'])
  })
})
