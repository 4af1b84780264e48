import type { Refund } from '../../api/types.ts'
import type { Story } from './story.ts'

/** Of these nothing can leave any more; every other keeps its part of the money reserved. */
const GAVE_NOTHING: ReadonlySet<Refund['state']> = new Set(['CLOSED', 'REFUSED'])

/** What of a paid order's money is still with the merchant and bound by no refund. */
export function leftOf({ order, refunds }: Pick<Story, 'order' | 'refunds'>): number {
  return refunds.reduce(
    (left, { state, amount }) => left - (GAVE_NOTHING.has(state) ? 0 : amount),
    order.amount.total,
  )
}

/** A key for one wish: sent again after a broken connection it is the same refund. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `dashboard-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
