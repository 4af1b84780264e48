import { expect, it } from 'vitest'
import { amountIn, type Unit } from './amount.ts'

it.each<[text: string, currency: string, unit: Unit, amount: number | null]>([
  ['12.34', 'HKD', 'major', 1_234],
  ['12.3', 'HKD', 'major', 1_230],
  ['12', 'HKD', 'major', 1_200],
  ['0.01', 'HKD', 'major', 1],
  ['1.005', 'HKD', 'major', null],
  ['12.3400', 'HKD', 'major', 1_234],
  // 0.07 * 100 is no whole number to a computer.
  ['0.07', 'HKD', 'major', 7],
  ['1234', 'JPY', 'major', 1_234],
  ['1234.00', 'JPY', 'major', 1_234],
  ['1234.5', 'JPY', 'major', null],
  ['1.234', 'KWD', 'major', 1_234],
  ['1234', 'HKD', 'minor', 1_234],
  ['1234.0', 'HKD', 'minor', 1_234],
  ['12.34', 'HKD', 'minor', null],
  ['-1', 'HKD', 'minor', null],
  ['1e3', 'HKD', 'minor', null],
  ['', 'HKD', 'minor', null],
  ['1,234.00', 'HKD', 'major', null],
  ['999999999999999', 'HKD', 'major', null],
  ['12.34', '', 'major', 1_234],
])('%s %s in %s units is %s', (text, currency, unit, amount) => {
  expect(amountIn(text, currency, unit)).toBe(amount)
})
