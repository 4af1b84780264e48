import type { Refund } from './aftercare.ts'
import type { OrderFacts } from './order.ts'
import type { RefundPage, RefundStatement } from './outcome.ts'

/** How a signed statement fits the refund that is meant. */
export type RefundFit =
  | { readonly fit: 'names it' }
  /** A field that a conclusion needs is absent, or it is about another refund: perhaps the reply to another question. */
  | { readonly fit: 'incomplete'; readonly absent: string }
  /** It is about this refund, and says another amount or currency. */
  | { readonly fit: 'contradicts'; readonly note: string }

/** Holds a statement against the refund: number, amount and order must match, and be there as far as WeChat Pay sends them. */
export function refundFitOf(
  order: OrderFacts,
  refund: Pick<Refund, 'out_refund_no' | 'amount'>,
  statement: RefundStatement,
): RefundFit {
  const { out_refund_no, amount } = statement
  if (out_refund_no !== undefined && out_refund_no !== refund.out_refund_no) {
    return { fit: 'incomplete', absent: `out_refund_no ${refund.out_refund_no}` }
  }
  const strange = strangerIn(order, statement)
  if (strange !== null) return { fit: 'incomplete', absent: strange }
  if (amount?.refund !== undefined && amount.refund !== refund.amount) {
    return contradiction('amount.refund', refund.amount, amount.refund)
  }
  if (refund.amount > order.total) {
    return { fit: 'contradicts', note: `amount.refund is ${refund.amount}; the order is ${order.total}` }
  }
  if (amount?.total !== undefined && amount.total !== order.total) {
    return contradiction('amount.total', order.total, amount.total)
  }
  if (amount?.currency !== undefined && amount.currency !== order.currency) {
    return contradiction('amount.currency', order.currency, amount.currency)
  }
  if (out_refund_no === undefined) return { fit: 'incomplete', absent: 'out_refund_no' }
  return amount?.refund === undefined ? { fit: 'incomplete', absent: 'amount.refund' } : { fit: 'names it' }
}

/** The id by which a statement names another order or merchant than this one; null if none does. */
export function strangerIn(
  order: OrderFacts,
  { mchid, sp_mchid, sub_mchid, out_trade_no }: RefundStatement | RefundPage,
): string | null {
  const account = order.sub_mchid === null ? mchid : sp_mchid
  if (account !== undefined && account !== order.account) return `the account ${order.account}`
  if (sub_mchid !== undefined && order.sub_mchid !== null && sub_mchid !== order.sub_mchid) {
    return `sub_mchid ${order.sub_mchid}`
  }
  if (out_trade_no !== undefined && out_trade_no !== order.out_trade_no)
    return `out_trade_no ${order.out_trade_no}`
  return null
}

function contradiction(name: string, ours: string | number, theirs: string | number): RefundFit {
  return { fit: 'contradicts', note: `${name}: expected ${ours}, WeChat Pay states ${theirs}` }
}
