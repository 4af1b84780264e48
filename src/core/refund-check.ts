import { shown, VerdictError } from '../errors.ts'
import { REFUNDS_MAX, type Refund, reservedBy } from './aftercare.ts'
import { nameOf, type OrderFacts } from './order.ts'
import type { RefundWish } from './scene.ts'

const REASON_LENGTH_MAX = 80
const KEY_LENGTH_MAX = 128

/** @throws REFUND_INVALID with one sentence that names the field, its value and what is expected */
export function checkRefundWish({ key, amount, reason }: RefundWish): void {
  if (typeof key !== 'string' || key.length < 1 || key.length > KEY_LENGTH_MAX) {
    throw invalid(
      'idempotencyKey',
      key,
      `1 to ${KEY_LENGTH_MAX} characters: the same for a repeat, another for another refund`,
    )
  }
  if (amount !== null && !(Number.isSafeInteger(amount) && amount > 0)) {
    throw invalid('amount', amount, 'an integer above 0, in the smallest unit of the currency')
  }
  if (
    reason !== null &&
    (typeof reason !== 'string' || reason.length < 1 || reason.length > REASON_LENGTH_MAX)
  ) {
    throw invalid('reason', reason, `1 to ${REASON_LENGTH_MAX} characters, or none`)
  }
  if (reason !== null && /[\p{Cc}\p{Cs}\u{10000}-\u{10FFFF}]/u.test(reason)) {
    throw invalid(
      'reason',
      reason,
      'characters of 1 to 3 bytes in UTF-8: no emoji, no control characters (guide 6.8)',
    )
  }
}

/**
 * Whether a refund can be asked for, next to those that are there (guide 4.2).
 *
 * @returns its amount
 * @throws REFUND_INVALID, REFUND_EXCEEDS, REFUNDS_TOO_MANY
 */
export function checkRefund(order: OrderFacts, refunds: readonly Refund[], wish: RefundWish): number {
  checkRefundWish(wish)
  if (refunds.length >= REFUNDS_MAX) {
    throw new VerdictError(
      'REFUNDS_TOO_MANY',
      `${nameOf(order)} has ${refunds.length} refunds already; WeChat Pay allows ${REFUNDS_MAX}`,
    )
  }
  const left = order.total - reservedBy(refunds)
  const amount = wish.amount ?? left
  if (amount >= 1 && amount <= left) return amount
  throw new VerdictError(
    'REFUND_EXCEEDS',
    `amount is ${wish.amount ?? 'all that is left'}; expected at most ${left} ${order.currency}: ${nameOf(order)} was ${order.total}, and ${order.total - left} of it went back or is on its way`,
  )
}

function invalid(field: string, value: unknown, expected: string): VerdictError {
  return new VerdictError('REFUND_INVALID', `${field} is ${shown(value ?? undefined)}; expected ${expected}`)
}
