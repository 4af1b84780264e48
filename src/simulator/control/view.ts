import type { CustomerPlan } from '../customers.ts'
import { moneyOf } from '../truth/money.ts'
import { isOpen, moneyReturned, type Order, paidAtMs, type TradeType } from '../truth/order.ts'
import { type Refund, type RefundStatus, refundLife, tradeStateOf } from '../truth/refund.ts'
import { keyOf, type World } from '../world.ts'

const KINDS = {
  MICROPAY: 'quick_pay',
  JSAPI: 'jsapi',
  NATIVE: 'native',
  APP: 'app',
  MWEB: 'h5',
} as const satisfies Record<TradeType, string>

/** The truth about one order, as the control API tells it. Moments are on the wire's clock, in epoch ms. */
export interface OrderView {
  readonly sequence: number
  /** `mchid/out_trade_no` or `sp_mchid/sub_mchid/out_trade_no`. */
  readonly key: string
  readonly mode: 'common' | 'institutional'
  /** `mchid` or `sp_mchid`. */
  readonly account: string
  readonly sub_mchid: string | null
  readonly out_trade_no: string
  readonly id: string
  /** A mini program's order is a `jsapi` one: WeChat Pay knows no difference. */
  readonly kind: (typeof KINDS)[TradeType]
  readonly trade_type: TradeType
  /** As a query tells it: REFUND while a refund stands that isn't closed. */
  readonly trade_state: ReturnType<typeof tradeStateOf>
  /** No payment and no ending has come yet. */
  readonly open: boolean
  /** The customer's money went out; true for a reversed order that had been paid, too. */
  readonly paid: boolean
  /** A reverse gave it back. */
  readonly moneyReturned: boolean
  /** What the customer paid; `refunded` and `kept` add up to it. */
  readonly charged: number
  /** What arrived at the customer again, by refunds or by a reverse. */
  readonly refunded: number
  readonly kept: number
  /** The part of `kept` that an accepted refund is about to give back: PROCESSING or ABNORMAL. */
  readonly refunding: number
  readonly total: number
  readonly currency: string
  /** How many placing requests for this number reached WeChat Pay, carried out or lost. */
  readonly received: number
  readonly createdAtMs: number
  readonly paidAtMs: number | null
  readonly endedAtMs: number | null
  readonly expiresAtMs: number | null
  readonly notify_url: string | null
  readonly customer: CustomerPlan
  readonly refunds: readonly RefundView[]
}

/** The truth about one refund. */
export interface RefundView {
  readonly out_refund_no: string
  readonly refund_id: string
  /** Of its order. */
  readonly key: string
  readonly out_trade_no: string
  readonly refund: number
  readonly currency: string
  readonly status: RefundStatus
  readonly by: Refund['by']
  readonly reason: string | null
  readonly createdAtMs: number
  /** When it got its status. */
  readonly atMs: number
}

export function viewOf(order: Order, world: World): OrderView {
  const { owner, life } = order
  const onWire = (ms: number | null): number | null => (ms === null ? null : world.age.onWireMs(ms))
  return {
    sequence: order.sequence,
    key: keyOf(order),
    mode: owner.mode,
    account: owner.mode === 'common' ? owner.mchid : owner.sp_mchid,
    sub_mchid: owner.mode === 'common' ? null : owner.sub_mchid,
    out_trade_no: order.out_trade_no,
    id: order.id,
    kind: KINDS[order.trade_type],
    trade_type: order.trade_type,
    trade_state: tradeStateOf(order, world.age.nowMs()),
    open: isOpen(order),
    paid: paidAtMs(order) !== null,
    moneyReturned: moneyReturned(order),
    ...moneyOf(order, world.age.nowMs()),
    total: order.total,
    currency: order.currency,
    received: world.received(keyOf(order)),
    createdAtMs: world.age.onWireMs(order.createdAtMs),
    paidAtMs: onWire(paidAtMs(order)),
    endedAtMs: 'endedAtMs' in life ? onWire(life.endedAtMs) : null,
    expiresAtMs: onWire(order.expiresAtMs),
    notify_url: order.notify_url ?? null,
    customer: order.plan,
    refunds: (order.refunds ?? []).map((one) => refundViewOf(order, one, world)),
  }
}

export function refundViewOf(order: Order, one: Refund, { age }: World): RefundView {
  const { status, atMs } = refundLife(one, age.nowMs())
  return {
    out_refund_no: one.out_refund_no,
    refund_id: one.refund_id,
    key: keyOf(order),
    out_trade_no: order.out_trade_no,
    refund: one.refund,
    currency: order.currency,
    status,
    by: one.by,
    reason: one.reason,
    createdAtMs: age.onWireMs(one.createdAtMs),
    atMs: age.onWireMs(atMs),
  }
}
