import type { CustomerPlan } from '../customers.ts'
import { isOpen, type Life, type Order } from './order.ts'

/** Guide 1.7: what is unpaid 45 s after its creation is revoked by WeChat Pay itself; Quick Pay only (1.8). */
export const AUTO_REVOKE_MS = 45_000

/**
 * An order never changes by a timer: whoever looks at it first brings it up to the moment with this function. What was
 * due meanwhile happens in its own sequence, the customer's act and WeChat Pay's revocation alike.
 */
export function upToNow(order: Order, nowMs: number): Order {
  const acted = customerActed(order, nowMs)
  if (acted.trade_type !== 'MICROPAY' || !isOpen(acted)) return acted
  const revokedAtMs = acted.createdAtMs + AUTO_REVOKE_MS
  if (nowMs < revokedAtMs) return acted
  return {
    ...acted,
    life: { trade_state: 'REVOKED', endedAtMs: revokedAtMs, by: 'wechat_pay', paidAtMs: null },
  }
}

function customerActed(order: Order, nowMs: number): Order {
  const afterMs = actsAfterMs(order)
  if (afterMs === null || order.createdAtMs + afterMs > nowMs) return order
  const act = order.plan.does === 'fail' ? failAt : payAt
  return act(order, order.createdAtMs + afterMs)
}

function actsAfterMs({ plan, trade_type }: Order): number | null {
  if (plan.does === 'pay' || plan.does === 'fail') return plan.afterMs
  // WeChat Pay's own revocation is an ending, too: the payment lands a moment before it.
  return plan.does === 'pay-before-ending' && trade_type === 'MICROPAY' ? AUTO_REVOKE_MS - 1 : null
}

/** Why nobody can pay this order at this moment; null if somebody can. */
export function unpayable(order: Order, atMs: number): string | null {
  if (!isOpen(order)) return `the order is ${order.life.trade_state}`
  if (order.life.trade_state === 'PAYERROR') return 'the payment has failed'
  if (order.expiresAtMs !== null && atMs >= order.expiresAtMs) return 'its time_expire has passed'
  if (order.trade_type === 'MICROPAY' && atMs >= order.createdAtMs + AUTO_REVOKE_MS)
    return 'its 45 s are over'
  return null
}

/** The order, paid; or unchanged if nobody can pay it any more. */
export function payAt(order: Order, atMs: number): Order {
  return unpayable(order, atMs) ? order : { ...order, life: { trade_state: 'SUCCESS', paidAtMs: atMs } }
}

/** The bank refuses: PAYERROR, for Quick Pay only. An order of another kind stays as it is: its customer can try again. */
export function failAt(order: Order, atMs: number): Order {
  if (order.trade_type !== 'MICROPAY' || unpayable(order, atMs)) return order
  return { ...order, life: { trade_state: 'PAYERROR' } }
}

/** A new order, before its customer did anything. Quick Pay that doesn't succeed at once asks for the password. */
export function firstLife(trade_type: Order['trade_type'], plan: CustomerPlan): Life {
  if (trade_type !== 'MICROPAY' || plan.does === 'refused') return { trade_state: 'NOTPAY' }
  return { trade_state: 'USERPAYING' }
}
