import type { TradeStatement } from '../core/outcome.ts'
import { asJsonObject, integersOf, type JsonObject, textOf, textsOf } from './json.ts'

const TEXTS = [
  'trade_state_desc',
  'mchid',
  'sp_mchid',
  'sub_mchid',
  'out_trade_no',
  'success_time',
  'trade_type',
] as const

/**
 * What a reply to Query Order or Quick Pay, or a decrypted callback, says about an order. Any field may be missing:
 * the answer to Quick Pay can consist of `trade_state` alone. A field of a wrong type counts as absent.
 *
 * @returns null without a `trade_state`: then it is no statement
 */
export function tradeStatementFrom(json: JsonObject): TradeStatement | null {
  const trade_state = textOf(json.trade_state)
  if (trade_state === undefined) return null
  // Global's pages call it `id`, its examples and callbacks `transaction_id`.
  const transaction_id = textOf(json.transaction_id) ?? textOf(json.id)
  const amount = asJsonObject(json.amount)
  return {
    trade_state,
    ...textsOf(json, TEXTS),
    ...(transaction_id === undefined ? {} : { transaction_id }),
    ...(amount === null ? {} : { amount: amountFrom(amount) }),
  }
}

function amountFrom(json: JsonObject): NonNullable<TradeStatement['amount']> {
  return { ...integersOf(json, ['total', 'payer_total']), ...textsOf(json, ['currency']) }
}
