import type { Age } from './age.ts'
import type { Customers } from './customers.ts'
import type { Ledger } from './durable.ts'
import { type RefundPlan, refundPlan } from './refund-plans.ts'
import { poolOfTheDay } from './truth/money.ts'
import { type Order, type Owner, orderKey, type Refusal } from './truth/order.ts'
import {
  mended,
  type Refund,
  type RefundRequest,
  refund,
  refundElsewhere,
  refundKey,
} from './truth/refund.ts'

/** How a request names a refund. */
export interface RefundSelector {
  readonly by: 'out_refund_no' | 'refund_id'
  readonly value: string
  readonly owner: Owner
}

export interface RefundEffect {
  readonly order: Order | null
  readonly refund: Refund | null
  readonly refusal: Refusal | null
}

/** The refunds of all orders: the truth's rules, applied to what is on file. Orders come in as they stand now. */
export interface Refunding {
  refund(order: Order, request: RefundRequest): RefundEffect
  elsewhere(order: Order, amount: number): Refund | string
  mend(order: Order, out_refund_no: string): string | null
  /** The key of the order that a refund belongs to. */
  orderKeyOf(selector: RefundSelector): string | undefined
  find(order: Order, selector: RefundSelector): Refund | undefined
  /** How many refunds met a pool that was too small. */
  short(): number
}

export interface RefundingOptions {
  readonly ledger: Ledger
  readonly age: Age
  readonly seed: number
  readonly customers: Customers
  readonly abnormalShare: number | undefined
  readonly orders: () => readonly Order[]
  readonly keep: (order: Order) => Order
}

export function openRefunding(options: RefundingOptions): Refunding {
  const { ledger, age, seed, customers, abnormalShare, orders, keep } = options
  // Until when the pool is too small for a refund, by the refund's key, in the orders' time.
  const shortages = ledger.map<number>('shortages')
  const byNumber = new Map<string, string>()
  const byId = new Map<string, string>()
  const index = (order: Order): void => {
    const key = orderKey(order.owner, order.out_trade_no)
    for (const one of order.refunds ?? []) {
      byNumber.set(refundKey(order.owner, one.out_refund_no), key)
      byId.set(one.refund_id, key)
    }
  }
  for (const order of orders()) index(order)

  const planOf = (request: RefundRequest): RefundPlan => refundPlan(customers, seed, request, abnormalShare)

  /** A pool that is too small stays so for a while; then other trade of the merchant has filled it. */
  const poolPays = (order: Order, request: RefundRequest, plan: RefundPlan): boolean => {
    if (request.source === 'REFUND_SOURCE_RECHARGE_FUNDS') return true
    const nowMs = age.nowMs()
    const key = refundKey(order.owner, request.out_refund_no)
    const untilMs = shortages.get(key)
    if (untilMs !== undefined) return nowMs >= untilMs
    const isShort = plan.shortMs > 0 || poolOfTheDay(orders(), order, nowMs) < request.refund
    if (isShort) shortages.set(key, nowMs + (plan.shortMs || plan.refillMs))
    return !isShort
  }

  return {
    refund(order, request) {
      const { out_refund_no } = request
      const takenBy = byNumber.get(refundKey(order.owner, out_refund_no))
      if (takenBy !== undefined && takenBy !== orderKey(order.owner, order.out_trade_no)) {
        const message = `out_refund_no ${out_refund_no} is taken by a refund of another order`
        return { order, refund: null, refusal: { code: 'OUT_REFUND_NO_USED', message } }
      }
      const plan = planOf(request)
      const nowMs = age.nowMs()
      // A request that is refused for another reason never gets to the pool.
      const first = refund(order, request, { nowMs, plan, poolPays: true })
      if (first.refusal !== null || takenBy !== undefined) return first
      const result = poolPays(order, request, plan)
        ? first
        : refund(order, request, { nowMs, plan, poolPays: false })
      index(keep(result.order))
      return result
    },
    elsewhere(order, amount) {
      const out_refund_no = `PLATFORM-${order.sequence}-${(order.refunds ?? []).length + 1}`
      const request: RefundRequest = {
        out_refund_no,
        refund: amount,
        total: order.total,
        currency: order.currency,
        reason: 'Refunded on the merchant platform',
        source: 'REFUND_SOURCE_UNSETTLED_FUNDS',
        notify_url: null,
      }
      const result = refundElsewhere(order, request, { nowMs: age.nowMs(), plan: planOf(request) })
      if (result.refund === null) return result.refusal?.message ?? 'it is refused'
      index(keep(result.order))
      return result.refund
    },
    mend(order, out_refund_no) {
      const whole = mended(order, out_refund_no, age.nowMs())
      if (whole === null) return 'it is not ABNORMAL'
      keep(whole)
      return null
    },
    orderKeyOf: ({ by, value, owner }) =>
      by === 'refund_id' ? byId.get(value) : byNumber.get(refundKey(owner, value)),
    short: () => shortages.size,
    find: (order, { by, value }) => order.refunds?.find((one) => one[by] === value),
  }
}
