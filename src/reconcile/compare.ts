import { isEnded, type Refund } from '../core/aftercare.ts'
import { type FinalOrder, isFinal, type Order } from '../core/order.ts'
import type { BillLine, BillRefund } from '../wechatpay/bill.ts'

export const DIFFERENCES = [
  /** The bill has an order that Verdict doesn't have. */
  'unknown_order',
  /** Paid or refunded in the bill; here without a verdict. It is asked about at once. */
  'order_open',
  /** Paid in the bill, and not reversed; here it ended unpaid. It is asked about at once: that is how late money is found. */
  'order_unpaid',
  /** Reversed in the bill, so that the money went back; here paid. */
  'order_reversed',
  /** The amount or the currency is another one. */
  'amount',
  /** WeChat Pay's number is another one. */
  'transaction_id',
  /** The bill has a refund that Verdict doesn't have: made on the merchant platform, or by other code. */
  'unknown_refund',
  /** Refunded in the bill; here its end isn't known yet. It is followed to its end. */
  'refund_open',
  /** Refunded in the bill and not here, or the other way round. */
  'refund_state',
  'refund_amount',
  /** Paid here on that day; the bill doesn't have it. */
  'not_in_bill',
  /** Refunded here on that day; the bill doesn't have it. */
  'refund_not_in_bill',
  /** The same line stands in the bill again. */
  'twice',
  /** A line that says nothing that could be compared. */
  'unreadable',
] as const
export type DifferenceKind = (typeof DIFFERENCES)[number]

/** What a line says, once its order was looked up. */
export interface Compared {
  readonly differs: DifferenceKind | null
  /** An amount that is still to be held against ours: in which unit the bill writes them, the whole of it tells. */
  readonly amount: BilledAmount | null
}

export interface BilledAmount {
  readonly differs: 'amount' | 'refund_amount'
  readonly billed: string
  /** In the smallest unit of `currency`. */
  readonly ours: number
  readonly currency: string
}

export type LineKind = 'payment' | 'refund' | 'reversal'

/** Null: a word that nobody knows. */
export function kindOf({ trade_state, refund }: BillLine): LineKind | null {
  if (trade_state === 'REVOKED') return 'reversal'
  if (refund !== null) return 'refund'
  return trade_state === 'SUCCESS' ? 'payment' : null
}

/**
 * A line of the bill against what is known here of its order.
 *
 * @param isReversed whether another line of the bill says that the order was reversed
 */
export function compared(line: BillLine, order: Order | null, isReversed: boolean): Compared {
  if (order === null) return only('unknown_order')
  if (!isFinal(order)) return only('order_open')
  if (line.currency !== null && line.currency !== order.currency) return only('amount')
  if (isOther(line.transaction_id, transactionIdOf(order))) return only('transaction_id')
  switch (kindOf(line)) {
    case 'payment':
      return paidHere(order) || (isReversed && order.state === 'REVOKED')
        ? { differs: null, amount: amountOf('amount', line.total, order.total, order) }
        : only('order_unpaid')
    case 'reversal':
      return only(order.state === 'SUCCESS' ? 'order_reversed' : null)
    case 'refund':
      return line.refund === null ? only('unreadable') : comparedRefund(line.refund, order)
    case null:
      return only('unreadable')
  }
}

function comparedRefund(billed: BillRefund, order: FinalOrder): Compared {
  const ours = refundIn(order, billed)
  if (ours === undefined) return only('unknown_refund')
  // A refund that is being processed counts as made, in a bill (guide 8.11).
  const isMade = billed.status === null || billed.status === 'SUCCESS' || billed.status === 'PROCESSING'
  if (!isEnded(ours)) return only(isMade && billed.status !== 'PROCESSING' ? 'refund_open' : null)
  if (isMade !== (ours.state === 'SUCCESS')) return only('refund_state')
  const amount = billed.amount === null ? null : amountOf('refund_amount', billed.amount, ours.amount, order)
  return { differs: null, amount }
}

function refundIn({ aftercare }: FinalOrder, { out_refund_no, refund_id }: BillRefund): Refund | undefined {
  return aftercare?.refunds.find(
    (one) =>
      (out_refund_no !== null && one.out_refund_no === out_refund_no) ||
      (refund_id !== null && one.refund_id === refund_id),
  )
}

/** Whether the customer's payment is known here: by the verdict, or as late money. */
function paidHere({ state, aftercare }: FinalOrder): boolean {
  const late = aftercare?.late ?? null
  return state === 'SUCCESS' || (late !== null && late.phase !== 'suspected')
}

function transactionIdOf({ verdict, aftercare }: FinalOrder): string | null {
  return verdict.transaction_id ?? aftercare?.late?.transaction_id ?? null
}

function isOther(theirs: string | null, ours: string | null): boolean {
  return theirs !== null && ours !== null && theirs !== ours
}

function only(differs: DifferenceKind | null): Compared {
  return { differs, amount: null }
}

function amountOf(
  differs: BilledAmount['differs'],
  billed: string,
  ours: number,
  { currency }: Order,
): BilledAmount {
  return { differs, billed, ours, currency }
}

/** A span of time: from inclusive, to exclusive, epoch ms. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Whether the order was paid in this span, as WeChat Pay states it. */
export function isPaidIn(order: FinalOrder, span: Span): boolean {
  return order.state === 'SUCCESS' && isIn(momentOf(order.verdict.success_time), span)
}

/** The refunds of an order that began and ended in this span: they can stand in no other day's bill. */
export function refundsMadeIn({ aftercare }: FinalOrder, span: Span): readonly Refund[] {
  const refunds = aftercare?.refunds ?? []
  return refunds.filter(
    ({ state, createdAtMs, success_time }) =>
      state === 'SUCCESS' && isIn(createdAtMs, span) && isIn(momentOf(success_time), span),
  )
}

function momentOf(time: string | null): number {
  return time === null ? Number.NaN : Date.parse(time)
}

function isIn(ms: number, { fromMs, toMs }: Span): boolean {
  return ms >= fromMs && ms < toMs
}
