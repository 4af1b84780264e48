import { expect, it } from 'vitest'
import { Senders } from './senders.ts'

it('a sender is known before he fails or after, and of the 1,000 heard last', () => {
  const senders = new Senders({ nowMs: () => 1_000_000 })
  for (const name of ['first', 'last']) for (let n = 0; n < 300; n += 1) senders.failed(name)
  expect(senders.waitMs('first')).toBe(50)
  senders.verified('first')
  expect(senders.waitMs('first')).toBe(0)
  for (let n = 0; n < 999; n += 1) senders.verified(`${n}`)
  senders.verified('first')
  senders.verified('last')
  for (let n = 0; n < 300; n += 1) senders.failed('0')
  expect([senders.waitMs('first'), senders.waitMs('last'), senders.waitMs('0')]).toEqual([0, 0, 50])
})
