import { beijingTime } from '../../wechatpay/beijing.ts'
import type { Age } from '../age.ts'
import type { Order } from '../truth/order.ts'
import { type Refund, type RefundLife, refundLife } from '../truth/refund.ts'
import { idsOf } from './statement.ts'
import type { Page } from './understand.ts'

type Statement = Readonly<Record<string, unknown>>

/** In this simulator everybody pays in the order's currency: WeChat Pay's rates are real ones times 10^8. */
const EXCHANGE_RATE = { type: 'SETTLEMENT_RATE', rate: 100_000_000 } as const
const RECV_ACCOUNT = 'Balance of the user'

/** The answer to an accepted refund request: that it was accepted, not that it is done. */
export function acceptanceOf({ currency }: Order, one: Refund, age: Age): Statement {
  return {
    id: one.refund_id,
    out_refund_no: one.out_refund_no,
    create_time: beijingTime(age.onWireMs(one.createdAtMs)),
    amount: amountOf(one, currency),
  }
}

/** The answer to a query about one refund. */
export function refundStatementOf(order: Order, one: Refund, age: Age): Statement {
  const life = refundLife(one, age.nowMs())
  return {
    id: one.refund_id,
    out_refund_no: one.out_refund_no,
    transaction_id: order.id,
    out_trade_no: order.out_trade_no,
    channel: 'ORIGINAL',
    recv_account: RECV_ACCOUNT,
    fund_source: one.source,
    ...successTime(life, age),
    create_time: beijingTime(age.onWireMs(one.createdAtMs)),
    status: life.status,
    amount: amountOf(one, order.currency),
  }
}

/** The answer to a query about all refunds of an order, a page of them. */
export function refundsStatementOf(order: Order, { offset, count }: Page, age: Age): Statement {
  const refunds = order.refunds ?? []
  const page = refunds.slice(offset, offset + count)
  const { total, currency } = order
  return {
    id: order.id,
    ...idsOf(order.owner),
    out_trade_no: order.out_trade_no,
    amount: { total, currency, payer_total: total, payer_currency: currency },
    data: page.map((one) => refundStatementOf(order, one, age)),
    total_num: refunds.length,
    current_total_num: page.length,
  }
}

/** The decrypted resource of a refund's callback: other names than in the query, and CLOSED for REFUNDCLOSE. */
export function refundNoticeOf(order: Order, one: Refund, life: RefundLife, age: Age): Statement {
  const { total, currency } = order
  return {
    ...idsOf(order.owner),
    out_trade_no: order.out_trade_no,
    transaction_id: order.id,
    out_refund_no: one.out_refund_no,
    refund_id: one.refund_id,
    refund_status: life.status === 'REFUNDCLOSE' ? 'CLOSED' : life.status,
    ...successTime(life, age),
    recv_account: RECV_ACCOUNT,
    fund_source: one.source,
    amount: {
      total,
      refund: one.refund,
      currency,
      payer_total: total,
      payer_refund: one.refund,
      payer_currency: currency,
      settlement_refund: one.refund,
      settlement_currency: currency,
      exchange_rate: EXCHANGE_RATE,
    },
  }
}

function successTime({ status, atMs }: RefundLife, age: Age): { success_time?: string } {
  return status === 'SUCCESS' ? { success_time: beijingTime(age.onWireMs(atMs)) } : {}
}

function amountOf({ refund }: Refund, currency: string): Statement {
  return {
    refund,
    currency,
    payer_refund: refund,
    payer_currency: currency,
    exchange_rate: EXCHANGE_RATE,
  }
}
