import { z } from 'zod'
import type { RefundRequest } from '../truth/refund.ts'
import type { Selector } from '../world.ts'
import { type ApiError, type FieldLocation, paramError } from './api-error.ts'
import { ownerOf } from './owner.ts'
import { NOTIFY_URL, OUT_TRADE_NO, text } from './placing-fields.ts'
import { type Body, fieldError, type PlacingContext, wrongAppid } from './read-placing.ts'
import type { Page } from './understand.ts'

export const OUT_REFUND_NO = text(64).regex(
  /^[\w\-|*@]+$/,
  'may consist of letters, digits and _ - | * @ only',
)

const REFUND_FIELDS = z.looseObject({
  transaction_id: OUT_TRADE_NO.optional(),
  out_trade_no: OUT_TRADE_NO.optional(),
  out_refund_no: OUT_REFUND_NO,
  reason: text(80).optional(),
  source: z
    .enum(['REFUND_SOURCE_UNSETTLED_FUNDS', 'REFUND_SOURCE_RECHARGE_FUNDS'])
    .default('REFUND_SOURCE_UNSETTLED_FUNDS'),
  amount: z.looseObject({
    refund: z.int('is no whole number').min(1, 'is below 1'),
    total: z.int('is no whole number').min(1, 'is below 1'),
    currency: z.string().regex(/^[A-Z]{3}$/, 'is no ISO 4217 code'),
  }),
  notify_url: NOTIFY_URL.optional(),
})

/** The refund that a body asks for, or the first thing that is wrong with it. */
export function readRefund(
  body: Body,
  context: PlacingContext,
): { selector: Selector; request: RefundRequest } | ApiError {
  const owner = ownerOf(body, context.caller, 'body')
  if ('code' in owner) return owner
  const parsed = REFUND_FIELDS.safeParse(body)
  if (!parsed.success) return fieldError(parsed.error, body)
  const { amount, out_refund_no, reason = null, source, notify_url = null } = parsed.data
  const wrong = wrongAppid(body, context)
  if (wrong) return wrong
  const order = orderNamed(body, 'body')
  if ('code' in order) return order
  const { refund, total, currency } = amount
  const request = { out_refund_no, refund, total, currency, reason, source, notify_url }
  return { selector: { ...order, owner }, request }
}

/** No source says how many refunds fit on a page: all that an order can have. */
const COUNT_MAX = 50
const NUMBER = z.string().regex(/^\d{1,6}$/)

/** Which refunds the query "all refunds of an order" asks for. */
export function readRefundsQuery(
  query: Body,
  { caller }: PlacingContext,
): { selector: Selector; page: Page } | ApiError {
  const owner = ownerOf(query, caller, 'query')
  if ('code' in owner) return owner
  const order = orderNamed(query, 'query')
  if ('code' in order) return order
  for (const field of ['offset', 'count']) {
    if (NUMBER.safeParse(query[field]).success) continue
    const issue = query[field] === undefined ? 'is required' : 'is no whole number'
    return paramError({ field, value: query[field], issue, location: 'query' })
  }
  const [offset, count] = [Number(query.offset), Number(query.count)]
  if (count < 1 || count > COUNT_MAX) {
    const issue = `is not between 1 and ${COUNT_MAX}`
    return paramError({ field: 'count', value: query.count, issue, location: 'query' })
  }
  return { selector: { ...order, owner }, page: { offset, count } }
}

/** An order is named by one of its numbers. Some clients send both; the documents prefer `transaction_id`. */
function orderNamed(given: Body, location: FieldLocation): Omit<Selector, 'owner'> | ApiError {
  const { transaction_id, out_trade_no } = given
  const fault = (name: string, value: unknown, issue: string): ApiError =>
    paramError({ field: location === 'body' ? `/${name}` : name, value, issue, location })
  if (transaction_id === undefined && out_trade_no === undefined) {
    return fault('transaction_id', undefined, 'or out_trade_no is required')
  }
  for (const [name, value] of [
    ['transaction_id', transaction_id],
    ['out_trade_no', out_trade_no],
  ] as const) {
    if (value !== undefined && !OUT_TRADE_NO.safeParse(value).success)
      return fault(name, value, 'is no number of an order')
  }
  if (transaction_id === undefined) return { by: 'out_trade_no', value: String(out_trade_no) }
  const both = out_trade_no === undefined ? {} : { out_trade_no: String(out_trade_no) }
  return { by: 'id', value: String(transaction_id), ...both }
}
