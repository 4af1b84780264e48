import { describe, expect, it } from 'vitest'
import { Allowance, networkOf } from './allowance.ts'

function scene(options = { burst: 3, perSecond: 2 }) {
  const clock = { at: 1_000_000, nowMs: () => clock.at }
  return { clock, allowance: new Allowance({ ...options, clock }) }
}

describe('an allowance', () => {
  it('is the burst at once, then one for each part of a second that passes', () => {
    const { clock, allowance } = scene()
    for (const _ of [1, 2, 3]) {
      expect(allowance.waitMs('a')).toBe(0)
      allowance.take('a')
    }
    expect(allowance.waitMs('a')).toBe(500)
    expect(allowance.waitMs('b')).toBe(0)
    clock.at += 499
    expect(allowance.waitMs('a')).toBe(1)
    clock.at += 1
    expect(allowance.waitMs('a')).toBe(0)
    allowance.take('a')
    expect(allowance.waitMs('a')).toBe(500)
    clock.at += 60_000
    for (const _ of [1, 2, 3]) allowance.take('a')
    expect(allowance.waitMs('a')).toBe(500)
  })

  it('taken by many at once is back after no longer than that of an empty bucket', () => {
    const { clock, allowance } = scene()
    for (let n = 0; n < 100; n += 1) allowance.take('a')
    expect(allowance.waitMs('a')).toBe(500)
    clock.at -= 3_600_000
    allowance.take('a')
    clock.at += 1_500
    expect(allowance.waitMs('a')).toBe(0)
  })

  it('is kept for the last 10,000 who failed', () => {
    const { allowance } = scene({ burst: 1, perSecond: 0.001 })
    for (let n = 0; n <= 10_000; n += 1) allowance.take(`${n}`)
    expect(allowance.waitMs('0')).toBe(0)
    expect(allowance.waitMs('1')).toBeGreaterThan(0)
    expect(allowance.waitMs('10000')).toBeGreaterThan(0)
  })
})

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
