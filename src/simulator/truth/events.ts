import { upToNow } from './life.ts'
import type { Order } from './order.ts'
import { type Refund, type RefundLife, refundLives } from './refund.ts'

/** What WeChat Pay tells by a callback: a payment, and every end of a refund. */
export type OrderEvent =
  | { readonly of: 'payment'; readonly atMs: number }
  | { readonly of: 'refund'; readonly refund: Refund; readonly life: RefundLife; readonly atMs: number }

/** Tells the events of one order apart. */
export function eventName(event: OrderEvent): string {
  return event.of === 'payment' ? 'payment' : `refund ${event.refund.out_refund_no} ${event.life.status}`
}

/** All events of an order up to a moment. The payment of a Quick Pay order is none: it was answered at once. */
export function eventsOf(known: Order, nowMs: number): readonly OrderEvent[] {
  const order = upToNow(known, nowMs)
  const payment: OrderEvent[] =
    order.trade_type !== 'MICROPAY' && order.life.trade_state === 'SUCCESS'
      ? [{ of: 'payment', atMs: order.life.paidAtMs }]
      : []
  const refunds = (order.refunds ?? []).flatMap((refund) =>
    refundLives(refund, nowMs)
      .filter(({ status }) => status !== 'PROCESSING')
      .map((life): OrderEvent => ({ of: 'refund', refund, life, atMs: life.atMs })),
  )
  return [...payment, ...refunds]
}

/** When the next event of an order may happen by itself; null if nothing is to come without somebody's act. */
export function nextEventAtMs(order: Order, nowMs: number): number | null {
  const { plan, createdAtMs, trade_type } = order
  const payment = plan.does === 'pay' && trade_type !== 'MICROPAY' ? [createdAtMs + plan.afterMs] : []
  const refunds = (order.refunds ?? []).map((one) => one.createdAtMs + one.plan.takesMs)
  const coming = [...payment, ...refunds].filter((atMs) => atMs > nowMs)
  return coming.length === 0 ? null : Math.min(...coming)
}
