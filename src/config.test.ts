import { expect, it } from 'vitest'
import { policiesFrom } from './config.ts'
import { TWO_PERIOD_POLICY } from './core/policy.ts'

const DEEP: unknown = JSON.parse('['.repeat(30_000) + ']'.repeat(30_000))

it.each<[given: unknown, sentence: RegExp]>([
  [DEEP, /^policies: the value is a value that can't be shown; expected an object$/],
  [{ native: DEEP }, /^policies: native is a value that can't be shown; expected an object$/],
  [{ native: 5n }, /^policies: native is 5n; expected an object$/],
  [{ native: { ...TWO_PERIOD_POLICY, firstMs: Symbol('a') } }, /native\.firstMs is a symbol; expected/],
  [
    { native: { ...TWO_PERIOD_POLICY, firstMs: 'x'.repeat(70_000) } },
    /native\.firstMs is "x{116}…; expected/,
  ],
  [{ ['x'.repeat(70_000)]: 1 }, /^policies: x{117}… is unknown; expected one of quick_pay/],
])('what is no policy is refused in a short sentence: %#', (given, sentence) => {
  expect(() => policiesFrom(given, 'policies')).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringMatching(sentence) }),
  )
})
