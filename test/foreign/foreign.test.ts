import { expect, it } from 'vitest'
import { marketDay } from './market.ts'

// `node test/foreign/run.ts SEED ORDERS SPEED KILLS HARSHNESS` runs a bigger day, and prints what this test checks.
const DAY = { speed: 60, comingMs: 110_000, untilMs: 1_000_000 }

it('a foreign WeChat Pay that misbehaves agrees about every cent and letter, also when Verdict is killed twice', async () => {
  const found = await marketDay({ ...DAY, seed: 5, orders: 40, harshness: 1, kills: 2 })
  expect(found.faults).toEqual([])
  expect(found.troubles).toBeGreaterThan(100)
  // How many of each depends on what the kills hit; that there are some of both sides does not.
  expect(found.verdicts).toMatchObject({ SUCCESS: expect.any(Number), CLOSED: expect.any(Number) })
  const refunded = Object.entries(found.refunds).filter(([name]) => name.startsWith('SUCCESS, '))
  expect(refunded.length).toBeGreaterThan(0)
  expect(found.letters).toMatchObject({
    'accepted, deserved acceptance': expect.any(Number),
    'refused, deserved refusal': expect.any(Number),
  })
}, 60_000)
