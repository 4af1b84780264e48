import type { CustomerPlan } from '../customers.ts'
import { isOpen, moneyReturned, type Order, paidAtMs, type TradeType } from '../truth/order.ts'
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
  readonly trade_state: Order['life']['trade_state']
  /** No payment and no ending has come yet. */
  readonly open: boolean
  /** The customer's money went out; true for a reversed order that had been paid, too. */
  readonly paid: boolean
  readonly moneyReturned: boolean
  readonly total: number
  readonly currency: string
  /** How many placing requests for this number were carried out. */
  readonly received: number
  readonly createdAtMs: number
  readonly paidAtMs: number | null
  readonly endedAtMs: number | null
  readonly expiresAtMs: number | null
  readonly customer: CustomerPlan
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
    trade_state: life.trade_state,
    open: isOpen(order),
    paid: paidAtMs(order) !== null,
    moneyReturned: moneyReturned(order),
    total: order.total,
    currency: order.currency,
    received: world.received(keyOf(order)),
    createdAtMs: world.age.onWireMs(order.createdAtMs),
    paidAtMs: onWire(paidAtMs(order)),
    endedAtMs: 'endedAtMs' in life ? onWire(life.endedAtMs) : null,
    expiresAtMs: onWire(order.expiresAtMs),
    customer: order.plan,
  }
}
