import type { Clock } from '../clock.ts'
import { type Advance, type Age, ageOf } from './age.ts'
import { type Customers, customerPlan } from './customers.ts'
import type { DurableMap, Ledger } from './durable.ts'
import { openRefunding, type RefundEffect, type RefundSelector } from './refunding.ts'
import type { Scripts } from './scripts.ts'
import * as end from './truth/end.ts'
import { failAt, payAt, unpayable, upToNow } from './truth/life.ts'
import { type Order, type Owner, orderKey, type Placing, type Refusal } from './truth/order.ts'
import { place } from './truth/place.ts'
import type { Refund, RefundRequest } from './truth/refund.ts'

/** How a request names its order. */
export interface Selector {
  readonly by: 'out_trade_no' | 'id'
  readonly value: string
  readonly owner: Owner
  /** Where a request names the order by both numbers: the order must have this one, too. */
  readonly out_trade_no?: string
}

/** What became of a call: the order as it stands now, a refusal, or both. */
export interface Effect {
  readonly order: Order | null
  readonly refusal: Refusal | null
}

/** All orders of the simulated WeChat Pay: the truth's rules applied to what is on file. Every effect is synchronous. */
export interface World {
  readonly age: Age
  /** Counts a placing request that reached WeChat Pay, whatever becomes of it. */
  arrived(placing: Placing): void
  place(placing: Placing): Effect
  query(selector: Selector): Effect
  close(selector: Selector): Effect
  reverse(selector: Selector): Effect
  refund(selector: Selector, request: RefundRequest): RefundEffect
  queryRefund(selector: RefundSelector): RefundEffect
  /** The same, without an effect. */
  findRefund(selector: RefundSelector): RefundEffect
  /** The order that a selector names, for its owner only. */
  find(selector: Selector): Order | null
  /** All orders in the sequence of their creation. */
  orders(): Order[]
  /** The order of a key as it stands now; what happened meanwhile is on file afterwards. */
  lookAt(key: string): Order | null
  /** Orders of any owner with this number. */
  named(out_trade_no: string): Order[]
  /** How many placing requests reached the truth for a number, by its key. */
  received(key: string): number
  /** Quick Pay numbers for which more than one placing request arrived. */
  quickPayReceivedTwice(): number
  /** The customer pays now. Returns why that's impossible, null if it's done. */
  payNow(order: Order): string | null
  /** The bank refuses a Quick Pay payment; the customer of another order walks away. Returns why not, or null. */
  refuseNow(order: Order): string | null
  /** Somebody refunds on the merchant platform. Returns the refund, or why that's impossible. */
  refundElsewhere(order: Order, amount: number): Refund | string
  /** How many refunds met a pool that was too small. */
  refundsShort(): number
  /** An ABNORMAL refund is put right. Returns why that's impossible, null if it's done. */
  mend(order: Order, out_refund_no: string): string | null
  /** `listener` hears of every order whose facts changed, and, with null, that all orders grew older at once. */
  watch(listener: (order: Order | null) => void): void
}

export interface WorldOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly seed: number
  readonly customers: Customers
  readonly abnormalShare?: number | undefined
  readonly scripts: Pick<Scripts, 'customerOf'>
}

export function openWorld(options: WorldOptions): World {
  const { ledger, clock, seed, customers, abnormalShare, scripts } = options
  const orders = ledger.map<Order>('orders')
  const received = ledger.map<Received>('received')
  const codes = ledger.map<string>('auth_codes')
  const ids = new Map([...orders.entries()].map(([key, { id }]) => [id, key]))
  let listener: (order: Order | null) => void = () => {}
  const age = openAge(ledger, clock, () => listener(null))

  const keep = (order: Order): Order => {
    if (orders.get(keyOf(order)) === order) return order
    orders.set(keyOf(order), order)
    ids.set(order.id, keyOf(order))
    listener(order)
    return order
  }
  const current = (order: Order): Order => upToNow(order, age.nowMs())
  const find = ({ by, value, owner, out_trade_no }: Selector): Order | null => {
    const key = by === 'id' ? ids.get(value) : orderKey(owner, value)
    const order = key === undefined ? undefined : orders.get(key)
    if (!order || !sameOwner(order.owner, owner)) return null
    return out_trade_no === undefined || order.out_trade_no === out_trade_no ? current(order) : null
  }
  const ended = (selector: Selector, rule: typeof end.close): Effect => {
    const order = find(selector)
    if (!order) return unknown(selector)
    const result = rule(order, age.nowMs())
    return { order: keep(result.order), refusal: result.refusal }
  }
  const all = (): Order[] => [...orders.values()].map(current)
  const refunding = openRefunding({ ledger, age, seed, customers, abnormalShare, orders: all, keep })

  const findRefund = (selector: RefundSelector): RefundEffect => {
    const key = refunding.orderKeyOf(selector)
    const order = key === undefined ? undefined : orders.get(key)
    const refund = order && refunding.find(order, selector)
    return order && refund && sameOwner(order.owner, selector.owner)
      ? { order: current(order), refund, refusal: null }
      : { order: null, refund: null, refusal: unknownRefund(selector) }
  }

  return {
    age,
    find,
    refund(selector, request) {
      const order = find(selector)
      return order ? refunding.refund(order, request) : { ...unknown(selector), refund: null }
    },
    findRefund,
    queryRefund(selector) {
      const found = findRefund(selector)
      return found.order ? { ...found, order: keep(found.order) } : found
    },
    lookAt(key) {
      const order = orders.get(key)
      return order ? keep(current(order)) : null
    },
    refundElsewhere: (order, amount) => refunding.elsewhere(current(order), amount),
    mend: (order, out_refund_no) => refunding.mend(current(order), out_refund_no),
    refundsShort: refunding.short,
    watch(newListener) {
      listener = newListener
    },
    arrived(placing) {
      countReceived(received, orderKey(placing.owner, placing.out_trade_no), placing)
    },
    place(placing) {
      const key = orderKey(placing.owner, placing.out_trade_no)
      const { auth_code, out_trade_no } = placing
      const codeUsedBy = auth_code === null ? undefined : codes.get(auth_code)
      const result = place(orders.get(key) ?? null, placing, {
        nowMs: age.nowMs(),
        plan:
          scripts.customerOf(out_trade_no) ?? customerPlan(customers, seed, customerOf(placing, age.nowMs())),
        sequence: orders.size + 1,
        codeUsedBy: codeUsedBy === undefined || codeUsedBy === key ? null : codeUsedBy,
      })
      if (auth_code !== null && !codes.has(auth_code)) codes.set(auth_code, key)
      if (result.order) keep(result.order)
      return result
    },
    query(selector) {
      const order = find(selector)
      return order ? { order: keep(order), refusal: null } : unknown(selector)
    },
    close: (selector) => ended(selector, end.close),
    reverse: (selector) => ended(selector, end.reverse),
    orders: all,
    named: (out_trade_no) =>
      [...orders.values()].filter((order) => order.out_trade_no === out_trade_no).map(current),
    received: (key) => received.get(key)?.times ?? 0,
    quickPayReceivedTwice: () =>
      [...received.values()].filter(({ quickPay, times }) => quickPay && times > 1).length,
    payNow(order) {
      const nowMs = age.nowMs()
      const reason = unpayable(current(order), nowMs)
      if (reason === null) keep(payAt(current(order), nowMs))
      return reason
    },
    refuseNow(order) {
      const nowMs = age.nowMs()
      const reason = unpayable(current(order), nowMs)
      if (reason === null) keep({ ...failAt(current(order), nowMs), plan: { does: 'never' } })
      return reason
    },
  }
}

interface Received {
  readonly times: number
  readonly quickPay: boolean
}

function countReceived(received: DurableMap<Received>, key: string, { trade_type }: Placing): void {
  const before = received.get(key)
  const quickPay = trade_type === 'MICROPAY' || before?.quickPay === true
  received.set(key, { times: (before?.times ?? 0) + 1, quickPay })
}

function openAge(ledger: Ledger, clock: Clock, advanced: () => void): Age {
  const advances = ledger.map<Advance>('advances')
  return ageOf(clock, [...advances.values()], (advance) => {
    advances.set(String(advances.size + 1), advance)
    advanced()
  })
}

export function keyOf(order: Order): string {
  return orderKey(order.owner, order.out_trade_no)
}

function sameOwner(one: Owner, other: Owner): boolean {
  return orderKey(one, '') === orderKey(other, '') && one.mode === other.mode
}

function customerOf({ out_trade_no, trade_type, total, expiresAtMs }: Placing, nowMs: number) {
  return { out_trade_no, trade_type, total, lifeMs: expiresAtMs === null ? null : expiresAtMs - nowMs }
}

function unknownRefund({ by, value }: RefundSelector): Refusal {
  return { code: 'RESOURCE_NOT_EXISTS', message: `${by} ${value} names no refund of this merchant` }
}

function unknown({ by, value }: Selector): Effect & { order: null } {
  return {
    order: null,
    refusal: { code: 'ORDER_NOT_EXIST', message: `${by} ${value} names no order of this merchant` },
  }
}
