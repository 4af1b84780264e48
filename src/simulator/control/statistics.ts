import type { CallbackCounts } from '../callbacks/counts.ts'
import { type Money, moneyOf, sumOf } from '../truth/money.ts'
import type { Order } from '../truth/order.ts'
import { refundLife, tradeStateOf } from '../truth/refund.ts'
import type { Most } from '../wire/rush.ts'
import type { ControlParts } from './control.ts'

/** What `GET /_sim/statistics` answers. */
export interface Statistics {
  readonly nowMs: number
  /** How far the orders' time is ahead of the wire's. */
  readonly aheadMs: number
  readonly calls: Readonly<Record<string, number>>
  /** The most requests within any second, by arrival and by signature; since this process began. */
  readonly busiestSecond: { readonly arrived: Most; readonly signed: Most }
  readonly faults: Readonly<Record<string, number>>
  readonly orders: number
  readonly ordersByState: Readonly<Record<string, number>>
  readonly ordersHit: number
  readonly quickPayReceivedTwice: number
  readonly callbacks: CallbackCounts
  readonly refunds: RefundCounts
  /** Over all orders, in the smallest units of their currencies: a check sum where there are several. */
  readonly money: Money
  readonly moneyByCurrency: Readonly<Record<string, Money>>
}

export interface RefundCounts {
  readonly accepted: number
  readonly byStatus: Readonly<Record<string, number>>
  /** Accepted by hand on the merchant platform. */
  readonly elsewhere: number
  /** Refunds that once met a pool that was too small. */
  readonly short: number
}

export function statistics({ world, weather, counters, rush, clock, courier }: ControlParts): Statistics {
  const orders = world.orders()
  const nowMs = world.age.nowMs()
  return {
    nowMs: clock.nowMs(),
    aheadMs: world.age.aheadMs(),
    calls: counters.all(),
    busiestSecond: rush.most(),
    faults: weather.counts(),
    orders: orders.length,
    ordersByState: tally(orders.map((order) => tradeStateOf(order, nowMs))),
    ordersHit: weather.ordersHit(),
    quickPayReceivedTwice: world.quickPayReceivedTwice(),
    callbacks: courier.counts(),
    refunds: { ...refundCounts(orders, nowMs), short: world.refundsShort() },
    money: sumOf(orders.map((order) => moneyOf(order, nowMs))),
    moneyByCurrency: byCurrency(orders, nowMs),
  }
}

function refundCounts(orders: readonly Order[], nowMs: number): Omit<RefundCounts, 'short'> {
  const refunds = orders.flatMap((order) => order.refunds ?? [])
  return {
    accepted: refunds.length,
    byStatus: tally(refunds.map((one) => refundLife(one, nowMs).status)),
    elsewhere: refunds.filter(({ by }) => by === 'merchant_platform').length,
  }
}

function byCurrency(orders: readonly Order[], nowMs: number): Record<string, Money> {
  const all = Map.groupBy(orders, ({ currency }) => currency)
  return Object.fromEntries(
    [...all].map(([currency, own]) => [currency, sumOf(own.map((order) => moneyOf(order, nowMs)))]),
  )
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
