import { createHash } from 'node:crypto'
import type { OrderKey } from '../core/order.ts'

const DIGITS = 24

/**
 * The `out_refund_no` of an order's refund: the same for the same order and idempotency key, whoever derives it and
 * whenever, so that even a database restored from a backup asks for the same refund (design section 2). It begins with
 * the order's number, for people, and has at most 58 of the 64 characters that WeChat Pay allows.
 */
export function refundNumber({ account, sub_mchid, out_trade_no }: OrderKey, key: string): string {
  const named = JSON.stringify([account, sub_mchid, out_trade_no, key])
  return `${out_trade_no}-R${createHash('sha256').update(named).digest('hex').slice(0, DIGITS)}`
}
