import type { TradeStatement } from '../core/outcome.ts'
import { asJsonObject, integerOf, type JsonObject, textOf } from './json.ts'

const TEXTS = [
  'trade_state_desc',
  'mchid',
  'sp_mchid',
  'sub_mchid',
  'out_trade_no',
  'success_time',
  'trade_type',
] as const

type Writable<T> = { -readonly [Field in keyof T]: T[Field] }

/**
 * What a reply to Query Order or Quick Pay, or a decrypted callback, says about an order. Any field may be missing:
 * the answer to Quick Pay can consist of `trade_state` alone. A field of a wrong type counts as absent.
 *
 * @returns null without a `trade_state`: then it is no statement
 */
export function tradeStatementFrom(json: JsonObject): TradeStatement | null {
  const trade_state = textOf(json.trade_state)
  if (trade_state === undefined) return null
  const statement: Writable<TradeStatement> = { trade_state }
  for (const name of TEXTS) {
    const text = textOf(json[name])
    if (text !== undefined) statement[name] = text
  }
  // Global's pages call it `id`, its examples and callbacks `transaction_id`.
  const transaction_id = textOf(json.transaction_id) ?? textOf(json.id)
  if (transaction_id !== undefined) statement.transaction_id = transaction_id
  const amount = asJsonObject(json.amount)
  if (amount !== null) statement.amount = amountFrom(amount)
  return statement
}

function amountFrom(json: JsonObject): NonNullable<TradeStatement['amount']> {
  const amount: Writable<NonNullable<TradeStatement['amount']>> = {}
  const total = integerOf(json.total)
  const payer_total = integerOf(json.payer_total)
  const currency = textOf(json.currency)
  if (total !== undefined) amount.total = total
  if (currency !== undefined) amount.currency = currency
  if (payer_total !== undefined) amount.payer_total = payer_total
  return amount
}
