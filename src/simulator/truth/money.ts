import { beijingDayNumber } from '../../wechatpay/beijing.ts'
import { moneyReturned, type Order, type Owner, paidAtMs } from './order.ts'
import { refundLife, standingRefunds } from './refund.ts'

/** Where the money of an order is, in the smallest unit of its currency. `charged` is always `refunded` + `kept`. */
export interface Money {
  /** What the customer paid. */
  readonly charged: number
  /** What arrived at the customer again: by refunds, or by a reverse. */
  readonly refunded: number
  readonly kept: number
  /** The part of `kept` that an accepted refund is about to give back: PROCESSING or ABNORMAL. */
  readonly refunding: number
}

export const NO_MONEY: Money = { charged: 0, refunded: 0, kept: 0, refunding: 0 }

export function moneyOf(order: Order, nowMs: number): Money {
  if (paidAtMs(order) === null) return NO_MONEY
  const charged = order.total
  if (moneyReturned(order)) return { charged, refunded: charged, kept: 0, refunding: 0 }
  let [refunded, refunding] = [0, 0]
  for (const one of standingRefunds(order, nowMs)) {
    if (refundLife(one, nowMs).status === 'SUCCESS') refunded += one.refund
    else refunding += one.refund
  }
  return { charged, refunded, kept: charged - refunded, refunding }
}

export function sumOf(all: readonly Money[]): Money {
  return all.reduce(
    (sum, { charged, refunded, kept, refunding }) => ({
      charged: sum.charged + charged,
      refunded: sum.refunded + refunded,
      kept: sum.kept + kept,
      refunding: sum.refunding + refunding,
    }),
    NO_MONEY,
  )
}

/**
 * What the pool of the day still holds for refunds (guide 4.3 to 4.7): payments of the calendar day in Beijing fill it,
 * refunds of the day draw on it, and with the next day it begins anew. An institution has one for all its sub-merchants.
 */
export function poolOfTheDay(
  orders: readonly Order[],
  { owner, currency }: { owner: Owner; currency: string },
  nowMs: number,
): number {
  const today = beijingDayNumber(nowMs)
  const isToday = (ms: number | null): boolean => ms !== null && beijingDayNumber(ms) === today
  const own = orders.filter((order) => account(order.owner) === account(owner) && order.currency === currency)
  const paid = own.filter((order) => isToday(paidAtMs(order)) && !moneyReturned(order))
  const drawn = own.flatMap((order) =>
    standingRefunds(order, nowMs).filter(({ createdAtMs }) => isToday(createdAtMs)),
  )
  return paid.reduce((sum, { total }) => sum + total, 0) - drawn.reduce((sum, one) => sum + one.refund, 0)
}

function account(owner: Owner): string {
  return owner.mode === 'common' ? owner.mchid : owner.sp_mchid
}
