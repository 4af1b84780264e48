import { expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { paid, rulesFor } from '../core/testing.ts'
import { seededRandom } from '../random.ts'
import type { Lane } from './lane.ts'
import { Road, type RoadEdges } from './road.ts'

it('an order that was moved out of the store meanwhile is unknown, and is not decided again and again', async () => {
  const writes: unknown[] = []
  const edges = {
    store: { byId: async () => null },
    clock: new VirtualClock(),
    random: seededRandom(1),
    commits: {
      add: async (commit: unknown) => {
        writes.push(commit)
        return 'moved'
      },
    },
  } as unknown as RoadEdges
  const lane = { rules: () => rulesFor('native') } as unknown as Lane
  const learning = new Road(edges).learn(
    paid(),
    { call: 'ask-refund', key: 'r1', amount: null, reason: null },
    lane,
  )
  await expect(learning).rejects.toMatchObject({ code: 'ORDER_UNKNOWN' })
  expect(writes).toHaveLength(1)
})
