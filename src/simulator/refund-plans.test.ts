import { expect, it } from 'vitest'
import { refundPlan, SCRIPTED_REFUNDS } from './refund-plans.ts'

const numbers = Array.from({ length: 1000 }, (_, i) => `R${i}`)
const plans = (seed: number) =>
  numbers.map((out_refund_no) => refundPlan('seeded', seed, { out_refund_no, refund: 100 }))

it('a seed gives the same refunds, another seed others', () => {
  expect(plans(7)).toEqual(plans(7))
  expect(plans(7)).not.toEqual(plans(8))
})

it('most refunds succeed within 20 minutes; a few take hours, meet a short pool, end ABNORMAL or closed', () => {
  const share = (is: (plan: ReturnType<typeof plans>[number]) => boolean): number =>
    plans(7).filter(is).length / numbers.length
  expect(share(({ ends }) => ends === 'SUCCESS')).toBeGreaterThan(0.9)
  expect(share(({ takesMs }) => takesMs <= 1_200_000)).toBeGreaterThan(0.9)
  for (const rare of [
    share(({ ends }) => ends === 'ABNORMAL'),
    share(({ ends }) => ends === 'REFUNDCLOSE'),
    share(({ takesMs }) => takesMs > 3_600_000),
    share(({ shortMs }) => shortMs > 0),
  ]) {
    expect(rare).toBeGreaterThan(0.005)
    expect(rare).toBeLessThan(0.2)
  }
})

it('without seeded customers a refund succeeds after 5 s, except for amounts with a script', () => {
  const plan = (refund: number) => refundPlan('none', 7, { out_refund_no: 'R1', refund })
  expect(plan(100)).toMatchObject({ takesMs: 5_000, ends: 'SUCCESS', shortMs: 0 })
  for (const [refund, scripted] of SCRIPTED_REFUNDS) expect(plan(refund)).toEqual(scripted)
})
