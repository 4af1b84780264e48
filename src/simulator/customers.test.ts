import { expect, it } from 'vitest'
import { type CustomerOf, customerPlan } from './customers.ts'

const NATIVE: CustomerOf = { out_trade_no: 'A1', trade_type: 'NATIVE', total: 100, lifeMs: 900_000 }
const QUICK_PAY: CustomerOf = { ...NATIVE, trade_type: 'MICROPAY', lifeMs: null }
const numbers = Array.from({ length: 500 }, (_, i) => `A${i}`)

function plans(seed: number, order: CustomerOf) {
  return numbers.map((out_trade_no) => customerPlan('seeded', seed, { ...order, out_trade_no }))
}

it('a seed gives the same customers', () => {
  expect(plans(7, QUICK_PAY)).toEqual(plans(7, QUICK_PAY))
})

it('another seed gives others', () => {
  expect(plans(7, QUICK_PAY)).not.toEqual(plans(8, QUICK_PAY))
})

it('every behaviour occurs among 500 orders', () => {
  expect(new Set(plans(7, QUICK_PAY).map(({ does }) => does))).toEqual(
    new Set(['pay', 'pay-before-ending', 'never', 'fail', 'refused']),
  )
  expect(new Set(plans(7, NATIVE).map(({ does }) => does))).toEqual(
    new Set(['pay', 'pay-before-ending', 'never']),
  )
})

it('who pays at the till pays within 45 s, who pays elsewhere pays before time_expire', () => {
  const latest = (of: CustomerOf) =>
    Math.max(...plans(7, of).map((plan) => (plan.does === 'pay' ? plan.afterMs : 0)))
  expect(latest(QUICK_PAY)).toBeLessThan(45_000)
  expect(latest(NATIVE)).toBeLessThan(900_000)
  expect(latest({ ...NATIVE, lifeMs: 60_000 })).toBeLessThan(60_000)
})

it('without seeded customers Quick Pay succeeds at once, and nobody else pays', () => {
  expect(customerPlan('none', 7, QUICK_PAY)).toEqual({ does: 'pay', afterMs: 0 })
  expect(customerPlan('none', 7, NATIVE)).toEqual({ does: 'never' })
})

it('some Quick Pay amounts have a script of their own', () => {
  expect(customerPlan('none', 7, { ...QUICK_PAY, total: 9003 })).toEqual({ does: 'fail', afterMs: 5_000 })
  expect(customerPlan('none', 7, { ...NATIVE, total: 9003 })).toEqual({ does: 'never' })
})
