import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rowStores } from '../../../test/support/row-stores.ts'
import { EVENT_TYPES } from '../../core/change.ts'
import type { DeliveryResult } from '../store.ts'
import { settled, tell } from '../testing.ts'
import { deliveryStateOf } from './deliveries.ts'
import { atMs, maybe, record, text } from './testing.ts'

const written = record({
  target: text,
  message: record({ id: text, type: fc.constantFrom(...EVENT_TYPES), payload: text }),
  createdAtMs: atMs,
})

const outcome: fc.Arbitrary<DeliveryResult['outcome']> = fc.oneof(
  fc.constant({ state: 'sent' as const }),
  record({ state: fc.constant('pending' as const), dueAtMs: atMs, why: text }),
  record({ state: fc.constant('failed' as const), why: text }),
)

const result = record({ nowMs: atMs, firstAtMs: atMs, attempts: fc.integer({ min: 1 }), outcome })

it.each(rowStores())(
  '$name: every message comes back as it was written, and so does what came of it',
  async ({ runs, withStore }) => {
    const property = fc.asyncProperty(written, maybe(result), (delivery, result) =>
      withStore(async (store) => {
        const order = await settled(store)
        const [before] = (await tell(store, order, [delivery])).deliveries
        const fresh = { attempts: 0, firstAtMs: null, doneAtMs: null, why: null }
        const facts = { ...delivery, id: before?.id, orderId: order.id }
        expect(before).toStrictEqual({ ...facts, ...fresh, state: 'pending', dueAtMs: delivery.createdAtMs })
        if (before !== undefined && result !== null) {
          await store.finishDeliveries([{ id: before.id, ...result }])
          const { firstAtMs, attempts, nowMs, outcome } = result
          expect((await store.deliveriesOf(order.id))[0]).toStrictEqual({
            ...facts,
            ...{ state: outcome.state, attempts, firstAtMs },
            dueAtMs: outcome.state === 'pending' ? outcome.dueAtMs : null,
            doneAtMs: outcome.state === 'pending' ? null : nowMs,
            why: outcome.state === 'sent' ? null : outcome.why,
          })
        }
      }),
    )
    await fc.assert(property, { numRuns: runs })
  },
)

it('a word that Verdict never writes is an error, not a default', () => {
  expect(() => deliveryStateOf('lost')).toThrow('a row\'s state of a delivery is "lost"')
})
