import type { CustomerPlan } from '../customers.ts'
import { firstLife, upToNow } from './life.ts'
import { wechatPayNumber } from './number.ts'
import { isOpen, type Order, orderKey, type Placing, paidAtMs, type Refusal } from './order.ts'

export interface PlacingMoment {
  readonly nowMs: number
  /** What the customer will do, if this request makes the order. */
  readonly plan: CustomerPlan
  /** The number that the new order gets. */
  readonly sequence: number
  /** The order that used this payment code first, by its key; null for a fresh code or none. */
  readonly codeUsedBy: string | null
}

/** `order` is what is stored afterwards, null for nothing. Both can come: a refused payment leaves an order behind. */
export interface PlacingResult {
  readonly order: Order | null
  readonly refusal: Refusal | null
}

/** The effect of one placing request, the first or a repeated one. */
export function place(known: Order | null, placing: Placing, moment: PlacingMoment): PlacingResult {
  if (known) return repeat(upToNow(known, moment.nowMs), placing)
  const { out_trade_no, owner } = placing
  if (moment.codeUsedBy !== null) {
    return refused(
      'AUTH_CODE_INVALID',
      `The payment code of ${out_trade_no} was used for another order; ask for a new one`,
    )
  }
  if (moment.plan.does === 'refused' && moment.plan.code === 'AUTH_CODE_EXPIRE') {
    return refused(
      'AUTH_CODE_EXPIRE',
      'The payment code has expired; ask for a new one and use a new out_trade_no',
    )
  }
  const order: Order = {
    ...placing,
    sequence: moment.sequence,
    id: wechatPayNumber('4200', orderKey(owner, out_trade_no), moment.nowMs),
    createdAtMs: moment.nowMs,
    plan: moment.plan,
    life: firstLife(placing.trade_type, moment.plan),
  }
  if (moment.plan.does === 'refused') {
    const refusal: Refusal = { code: 'NOT_ENOUGH', message: "The customer's balance is not enough" }
    return { order, refusal }
  }
  return { order: upToNow(order, moment.nowMs), refusal: null }
}

function repeat(order: Order, placing: Placing): PlacingResult {
  const { out_trade_no } = placing
  if (order.fingerprint !== placing.fingerprint) {
    return refused(
      'OUT_TRADE_NO_USED',
      `out_trade_no ${out_trade_no} is taken by an order with other parameters`,
    )
  }
  // A repeated Quick Pay charges nobody again: it is told how the order stands. The other kinds get their credential.
  if (order.trade_type === 'MICROPAY' || isOpen(order)) return { order, refusal: null }
  return paidAtMs(order) === null
    ? refused('ORDER_CLOSED', `${out_trade_no} is closed; use a new out_trade_no`)
    : refused('ORDERPAID', `${out_trade_no} is paid already`)
}

function refused(code: Refusal['code'], message: string): PlacingResult {
  return { order: null, refusal: { code, message } }
}
