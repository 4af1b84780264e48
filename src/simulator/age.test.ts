import { expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { type Advance, ageOf } from './age.ts'

it('orders age by an advance while the wire keeps its time', async () => {
  const clock = new VirtualClock(1_000_000)
  const age = ageOf(clock, [], () => {})
  age.advance(300_000)
  expect(age.nowMs()).toBe(1_300_000)
  expect(clock.nowMs()).toBe(1_000_000)
  await clock.advance(5)
  expect(age.nowMs()).toBe(1_300_005)
})

it('what happened inside an advance happened, on the wire, in its moment', async () => {
  const clock = new VirtualClock(1_000)
  const age = ageOf(clock, [], () => {})
  await clock.advance(500)
  age.advance(10_000)
  await clock.advance(500)
  age.advance(10_000)
  const onWire = [1_200, 1_500, 6_000, 11_500, 11_700, 12_000, 20_000, 22_100].map(age.onWireMs)
  expect(onWire).toEqual([1_200, 1_500, 1_500, 1_500, 1_700, 2_000, 2_000, 2_100])
})

it('an advance is kept for the next process', () => {
  const kept: Advance[] = []
  const clock = new VirtualClock(1_000)
  ageOf(clock, [], (advance) => kept.push(advance)).advance(7)
  expect(ageOf(clock, kept, () => {}).nowMs()).toBe(1_007)
})
