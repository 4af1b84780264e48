import { isEnded, type Refund, refundedBy } from '../../core/aftercare.ts'
import { isFinal, type Order } from '../../core/order.ts'
import type { Store } from '../../store/store.ts'
import { everyOrder } from './every-order.ts'

/** Where the money is, as Verdict says. */
export interface Books {
  /** Refunds that were asked for, by the shop or because money came late. */
  readonly requested: number
  readonly success: number
  readonly closed: number
  readonly refused: number
  readonly open: number
  /** Orders that were given up and paid. */
  readonly lateMoney: number
  /** What customers paid and have not got back, in the smallest unit. */
  readonly kept: number
}

export async function booksOf(store: Store): Promise<Books> {
  const books = { requested: 0, success: 0, closed: 0, refused: 0, open: 0, lateMoney: 0, kept: 0 }
  for await (const order of everyOrder(store)) {
    books.kept += keptOf(order)
    if (isFinal(order) && isLate(order)) books.lateMoney += 1
    for (const refund of refundsOf(order).filter(({ origin }) => origin !== 'elsewhere')) {
      books.requested += 1
      if (!isEnded(refund)) books.open += 1
      if (refund.state === 'SUCCESS') books.success += 1
      if (refund.state === 'CLOSED') books.closed += 1
      if (refund.state === 'REFUSED') books.refused += 1
    }
  }
  return books
}

export function refundsOf(order: Order): readonly Refund[] {
  return isFinal(order) ? (order.aftercare?.refunds ?? []) : []
}

export function keptOf(order: Order): number {
  const isPaid = order.state === 'SUCCESS' || (isFinal(order) && isLate(order))
  return isPaid ? order.total - refundedBy(refundsOf(order)) : 0
}

/** A REVOKED order's late money went back with the revoke. */
function isLate(order: Order): boolean {
  if (!isFinal(order) || order.state === 'REVOKED') return false
  const late = order.aftercare?.late ?? null
  return late !== null && late.phase !== 'suspected'
}
