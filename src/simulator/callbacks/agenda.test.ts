import fc from 'fast-check'
import { expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { openAgenda } from './agenda.ts'

it('calls everything at its moment, in its sequence, with one timer', async () => {
  const moves = fc.array(
    fc.record({ name: fc.constantFrom(...'abcdefgh'), atMs: fc.option(fc.integer({ min: 0, max: 50 })) }),
    { maxLength: 40 },
  )
  await fc.assert(
    fc.asyncProperty(moves, async (puts) => {
      const clock = new VirtualClock(0)
      const called: string[] = []
      const agenda = openAgenda(clock, (name) => called.push(`${name} ${clock.nowMs()}`))
      const expected = new Map<string, { atMs: number; nth: number }>()
      for (const [nth, { name, atMs }] of puts.entries()) {
        if (atMs === null) {
          agenda.drop(name)
          expected.delete(name)
        } else {
          agenda.put(name, atMs)
          expected.set(name, { atMs, nth })
        }
      }
      expect(clock.timers).toBeLessThanOrEqual(1)
      await clock.advance(60)
      const sequence = [...expected].toSorted(([, a], [, b]) => a.atMs - b.atMs || a.nth - b.nth)
      expect(called).toEqual(sequence.map(([name, { atMs }]) => `${name} ${atMs}`))
    }),
    { numRuns: 30 },
  )
})

it('calls what is due already at once, what is put meanwhile too, and nothing once it is closed', async () => {
  const clock = new VirtualClock(1_000)
  const called: string[] = []
  const agenda = openAgenda(clock, (name) => {
    called.push(name)
    if (name === 'first') agenda.put('second', 5)
  })
  agenda.put('first', 10)
  await clock.advance(0)
  expect(called).toEqual(['first', 'second'])
  agenda.put('third', 2_000)
  agenda.close()
  await clock.advance(5_000)
  expect(called).toHaveLength(2)
})
