import { expect, it } from 'vitest'
import { Rush } from './rush.ts'

const [common, institution] = ['1900000001', '1800000001']

it('counts the most requests of an account and a kind that came within a second, wherever it begins', () => {
  const rush = new Rush(1_000)
  const came = (mchid: string, call: string, nowMs: number) => rush.came({ mchid, call, nowMs, signedS: 0 })
  for (const ms of [0, 400, 900, 1_000, 1_399, 1_900, 5_000]) came(common, 'query', ms)
  came(common, 'place', 900)
  came(institution, 'query', 900)
  expect(rush.most().arrived).toEqual({
    [`${common} query`]: 4,
    [`${common} place`]: 1,
    [`${institution} query`]: 1,
  })
})

it('counts the most that were signed in one second, however late and in whatever order they came', () => {
  const rush = new Rush(1_000)
  for (const [nth, signedS] of [100, 101, 100, 99, 100, 101].entries())
    rush.came({ mchid: common, call: 'query', signedS, nowMs: 200_000 + 5_000 * nth })
  expect(rush.most()).toEqual({ arrived: { [`${common} query`]: 1 }, signed: { [`${common} query`]: 3 } })
})

it('forgets seconds that are long past', () => {
  const rush = new Rush(1_000)
  for (let signedS = 0; signedS < 5_000; signedS++)
    rush.came({ mchid: common, call: 'query', signedS, nowMs: signedS * 1_000 })
  rush.came({ mchid: common, call: 'query', signedS: 1, nowMs: 5_000_000 })
  expect(rush.most().signed).toEqual({ [`${common} query`]: 1 })
})
