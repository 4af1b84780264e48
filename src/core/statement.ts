import type { AttentionCode } from './attention.ts'
import type { OrderFacts } from './order.ts'
import type { TradeStatement } from './outcome.ts'
import { meaningOf } from './trade-state.ts'

/** How a signed statement fits the order that we asked about. */
export type Fit =
  | { readonly fit: 'names it' }
  /** Nothing contradicts, but a field that a verdict needs is absent. */
  | { readonly fit: 'incomplete'; readonly absent: string }
  | { readonly fit: 'contradicts'; readonly attention: AttentionCode; readonly note: string }

/**
 * Holds a statement against the order (design section 3.1; guide 2.3, 2.4): the account's ids and `out_trade_no` must
 * be there and match, and for a paid order `amount.total` and `amount.currency` too. A field that is there and differs
 * contradicts, whatever the state.
 */
export function fitOf(order: OrderFacts, statement: TradeStatement): Fit {
  const fields: Array<readonly [name: string, ours: string, theirs: string | undefined]> = [
    order.sub_mchid === null
      ? ['mchid', order.account, statement.mchid]
      : ['sp_mchid', order.account, statement.sp_mchid],
    ['out_trade_no', order.out_trade_no, statement.out_trade_no],
  ]
  if (order.sub_mchid !== null) fields.push(['sub_mchid', order.sub_mchid, statement.sub_mchid])

  const strange = fields.find(([, ours, theirs]) => theirs !== undefined && theirs !== ours)
  if (strange) return contradiction('identity_mismatch', strange)

  const { total, currency } = statement.amount ?? {}
  if (total !== undefined && total !== order.total) {
    return contradiction('amount_mismatch', ['amount.total', String(order.total), String(total)])
  }
  if (currency !== undefined && currency !== order.currency) {
    return contradiction('amount_mismatch', ['amount.currency', order.currency, currency])
  }

  const absent = fields.filter(([, , theirs]) => theirs === undefined).map(([name]) => name)
  if (meaningOf(statement.trade_state) === 'paid') {
    if (total === undefined) absent.push('amount.total')
    if (currency === undefined) absent.push('amount.currency')
  }
  return absent.length === 0 ? { fit: 'names it' } : { fit: 'incomplete', absent: absent.join(', ') }
}

function contradiction(
  attention: AttentionCode,
  [name, ours, theirs]: readonly [string, string, string | undefined],
): Fit {
  return { fit: 'contradicts', attention, note: `${name}: expected ${ours}, WeChat Pay states ${theirs}` }
}
