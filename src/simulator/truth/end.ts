import { payAt, upToNow } from './life.ts'
import { type Order, paidAtMs, type Refusal } from './order.ts'
import { standingRefunds } from './refund.ts'

/** An order of any other kind than Quick Pay can't be closed earlier. */
export const CLOSE_NOT_BEFORE_MS = 300_000
/** Quick Pay can't be reversed earlier, nor later. */
export const REVERSE_NOT_BEFORE_MS = 15_000
export const REVERSE_NOT_AFTER_MS = 7 * 86_400_000
/**
 * A customer who opened the cashier before `time_expire` may finish so much later: that is how a payment can land in the
 * very moment of a close that waited for the expiry.
 */
export const CASHIER_GRACE_MS = 60_000

export interface EndingResult {
  readonly order: Order
  readonly refusal: Refusal | null
}

/** Close Order. Closing a closed order is done already. */
export function close(known: Order, nowMs: number): EndingResult {
  const order = upToNow(known, nowMs)
  if (order.trade_type === 'MICROPAY') {
    return refused(
      order,
      'INVALID_REQUEST',
      `${order.out_trade_no} is a Quick Pay order: it can't be closed, reverse it`,
    )
  }
  if (order.life.trade_state === 'CLOSED') return { order, refusal: null }
  const ageMs = nowMs - order.createdAtMs
  if (paidAtMs(order) === null && ageMs < CLOSE_NOT_BEFORE_MS) {
    return refused(order, 'RULE_LIMIT', tooEarly(order, 'closed', CLOSE_NOT_BEFORE_MS, ageMs))
  }
  const last = paidInTheLastMoment(order, nowMs)
  if (paidAtMs(last) !== null)
    return refused(last, 'ORDERPAID', `${order.out_trade_no} is paid: it can't be closed`)
  return { order: { ...last, life: { trade_state: 'CLOSED', endedAtMs: nowMs } }, refusal: null }
}

/** Reverse Order: an unpaid order ends, a paid one gives its money back. Reversing a revoked order is done already. */
export function reverse(known: Order, nowMs: number): EndingResult {
  const order = upToNow(known, nowMs)
  if (order.trade_type !== 'MICROPAY') {
    return refused(
      order,
      'INVALID_REQUEST',
      `${order.out_trade_no} is no Quick Pay order: it can't be reversed, close it`,
    )
  }
  if (order.life.trade_state === 'REVOKED') return { order, refusal: null }
  const ageMs = nowMs - order.createdAtMs
  if (ageMs < REVERSE_NOT_BEFORE_MS) {
    return refused(order, 'RULE_LIMIT', tooEarly(order, 'reversed', REVERSE_NOT_BEFORE_MS, ageMs))
  }
  if (ageMs > REVERSE_NOT_AFTER_MS) {
    return refused(order, 'REVERSE_EXPIRE', `${order.out_trade_no} is older than 7 days: refund it instead`)
  }
  // Its own refund would come on top of the reverse: the customer would get more than was paid.
  if (standingRefunds(order, nowMs).length > 0) {
    return refused(order, 'INVALID_REQUEST', `${order.out_trade_no} has refunds: refund what is left instead`)
  }
  const last = paidInTheLastMoment(order, nowMs)
  const life = { trade_state: 'REVOKED', endedAtMs: nowMs, by: 'merchant', paidAtMs: paidAtMs(last) } as const
  return { order: { ...last, life }, refusal: null }
}

/** The customer whose payment lands just before the close or reverse is carried out. */
function paidInTheLastMoment(order: Order, nowMs: number): Order {
  if (order.plan.does !== 'pay-before-ending') return order
  const began = order.expiresAtMs === null ? nowMs : Math.min(nowMs, order.expiresAtMs - 1)
  if (nowMs - began > CASHIER_GRACE_MS) return order
  const paid = payAt(order, began)
  return paid.life.trade_state === 'SUCCESS'
    ? { ...paid, life: { trade_state: 'SUCCESS', paidAtMs: nowMs } }
    : order
}

function refused(order: Order, code: Refusal['code'], message: string): EndingResult {
  return { order, refusal: { code, message } }
}

function tooEarly(order: Order, done: string, notBeforeMs: number, ageMs: number): string {
  return `${order.out_trade_no} can be ${done} ${notBeforeMs / 1000} s after its creation, not ${Math.floor(ageMs / 1000)} s`
}
