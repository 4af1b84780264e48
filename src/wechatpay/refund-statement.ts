import type { RefundPage, RefundStatement } from '../core/outcome.ts'
import { asJsonObject, integerOf, integersOf, type JsonObject, textOf, textsOf } from './json.ts'

const IDS = ['mchid', 'sp_mchid', 'sub_mchid', 'out_trade_no'] as const
const TEXTS = [...IDS, 'transaction_id', 'out_refund_no', 'success_time', 'create_time', 'channel'] as const

/**
 * What the reply to a refund request or to Query Refund, an item of "query all refunds" or a decrypted callback says
 * about a refund. Both spellings of its members are known: `id` or `refund_id`, `status` or `refund_status`. A field of
 * a wrong type counts as absent.
 *
 * @returns null if it names no refund: then it is no statement
 */
export function refundStatementFrom(json: JsonObject): RefundStatement | null {
  const texts = textsOf(json, TEXTS)
  const refund_id = textOf(json.refund_id) ?? textOf(json.id)
  if (texts.out_refund_no === undefined && refund_id === undefined) return null
  const status = textOf(json.status) ?? textOf(json.refund_status)
  const amount = asJsonObject(json.amount)
  return {
    ...texts,
    ...(refund_id === undefined ? {} : { refund_id }),
    ...(status === undefined ? {} : { status }),
    ...(amount === null ? {} : { amount: amountFrom(amount) }),
  }
}

/**
 * A page of "query all refunds". What is left to refund is worked out from it, so it is read whole or not at all.
 *
 * @returns null without `total_num`, and if an item of `data` can't be read
 */
export function refundPageFrom(json: JsonObject): RefundPage | null {
  const total = integerOf(json.total_num)
  // An order without refunds may come without a list.
  const data = json.data ?? (total === 0 ? [] : null)
  if (total === undefined || total < 0 || !Array.isArray(data)) return null
  // The one place where `id` is the order's number: here it stands beside a list of refunds with ids of their own.
  const transaction_id = textOf(json.transaction_id) ?? textOf(json.id)
  const ids = { ...textsOf(json, IDS), ...(transaction_id === undefined ? {} : { transaction_id }) }
  const refunds: RefundStatement[] = []
  for (const item of data) {
    const fields = asJsonObject(item)
    const refund = fields === null ? null : refundStatementFrom(fields)
    if (refund === null) return null
    refunds.push({ ...ids, ...refund })
  }
  return { total, refunds, ...ids }
}

function amountFrom(json: JsonObject): NonNullable<RefundStatement['amount']> {
  return {
    ...integersOf(json, ['refund', 'total', 'payer_refund']),
    ...textsOf(json, ['currency', 'payer_currency']),
  }
}
