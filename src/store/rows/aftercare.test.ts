import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rowStores } from '../../../test/support/row-stores.ts'
import { isEnded, LATE_PHASES, REFUND_STATES } from '../../core/aftercare.ts'
import { FINAL_STATES } from '../../core/order.ts'
import { applied, followed, settled } from '../testing.ts'
import { atMs, count, maybe, record, text } from './testing.ts'

const late = record({
  phase: fc.constantFrom(...LATE_PHASES),
  learntAtMs: atMs,
  transaction_id: maybe(text),
  success_time: maybe(text),
  dueAtMs: maybe(atMs),
  questions: count,
  confirmedAtMs: maybe(atMs),
})

const fate = record({
  key: maybe(text),
  origin: fc.constantFrom('asked' as const, 'late_money' as const, 'elsewhere' as const),
  amount: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  reason: maybe(text),
  createdAtMs: atMs,
  state: fc.constantFrom(...REFUND_STATES),
  dueAtMs: maybe(atMs),
  attempts: count,
  sentAtMs: maybe(atMs),
  unansweredAtMs: maybe(atMs),
  pauses: count,
  said: maybe(text),
  refund_id: maybe(text),
  success_time: maybe(text),
})

const change = record({
  late: maybe(late),
  compareAtMs: maybe(atMs),
  dueAtMs: maybe(atMs),
  fates: fc.array(fc.tuple(fc.nat(), fate), { maxLength: 4 }),
})

it.each(rowStores())(
  '$name: what follows a verdict comes back as it was written, change after change',
  async ({ runs, withStore }) => {
    const world = fc.record({
      state: fc.constantFrom(...FINAL_STATES),
      numbers: fc.uniqueArray(text, { minLength: 1, maxLength: 5 }),
      changes: fc.array(change, { minLength: 1, maxLength: 6 }),
    })
    const property = fc.asyncProperty(world, ({ state, numbers, changes }) =>
      withStore(async (store) => {
        let order = await settled(store, state)
        for (const { fates, ...more } of changes) {
          const changed = fates.map(([nth, drawn]) => {
            const refund = { ...drawn, out_refund_no: numbers[nth % numbers.length] ?? '' }
            const isOver = refund.origin === 'elsewhere' || isEnded(refund)
            return isOver ? refund : { ...refund, dueAtMs: drawn.dueAtMs ?? 0 }
          })
          const next = followed(order, { ...more, refunds: changed })
          await applied(store, { change: next })
          order = next.order
          expect(await store.byId(order.id)).toStrictEqual(order)
        }
      }),
    )
    await fc.assert(property, { numRuns: runs })
  },
)
