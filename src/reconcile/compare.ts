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
  /** WeChat Pay's number of the refund is another one. */
  'refund_id',
  /** Paid here on that day; the bill doesn't have it. */
  'not_in_bill',
  /** Refunded here on that day; the bill doesn't have it. */
  'refund_not_in_bill',
  /** Another line of a payment, refund or reversal that the bill had before. */
  'twice',
  /** A payment of another day than the bill's. */
  'other_day',
  /** A line that says nothing that could be compared. */
  'unreadable',
] as const
export type DifferenceKind = (typeof DIFFERENCES)[number]

/** What a line says, once its order was looked up. */
export interface Compared {
  readonly differs: DifferenceKind | null
  /** Whether WeChat Pay is to be asked about the order. */
  readonly asks: boolean
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

/** What else is known when a line is judged. */
export interface Around {
  /** Whether another line of the bill says that the order was reversed. */
  readonly isReversed: boolean
  readonly day: Span
}

/** A line of the bill, of a known kind, against what is known here of its order. */
export function compared(line: BillLine, order: Order | null, { isReversed, day }: Around): Compared {
  if (order === null) return only('unknown_order')
  if (!isFinal(order)) return { ...only('order_open'), asks: true }
  if (kindOf(line) === 'reversal') return only(order.state === 'SUCCESS' ? 'order_reversed' : null)
  if (line.refund !== null) return comparedRefund(line.refund, line.currency, order)
  if (!paidHere(order) && !isReversed) {
    // Reversed after midnight, its reversal stands in the next bill. Asked about it is all the same.
    return { ...only(isRevokedSoonAfter(order, day) ? null : 'order_unpaid'), asks: true }
  }
  if (isOther(line.currency, order.currency)) return only('amount')
  if (isOther(line.transaction_id, transactionIdOf(order))) return only('transaction_id')
  return { ...AGREES, amount: amountOf('amount', line.total, order.total, order) }
}

function comparedRefund(billed: BillRefund, currency: string | null, order: FinalOrder): Compared {
  const ours = refundIn(order, billed)
  if (ours === undefined) return { ...only('unknown_refund'), asks: true }
  if (isOther(billed.refund_id, ours.refund_id)) return only('refund_id')
  // A refund that is being processed counts as made, in a bill (guide 8.11).
  const isMade = billed.status === null || billed.status === 'SUCCESS' || billed.status === 'PROCESSING'
  if (isEnded(ours) && isMade !== (ours.state === 'SUCCESS')) return only('refund_state')
  if (!isEnded(ours) && isMade && billed.status !== 'PROCESSING')
    return { ...only('refund_open'), asks: true }
  if (isOther(currency, order.currency)) return only('refund_amount')
  if (billed.amount === null) return AGREES
  return { ...AGREES, amount: amountOf('refund_amount', billed.amount, ours.amount, order) }
}

function refundIn({ aftercare }: FinalOrder, { out_refund_no, refund_id }: BillRefund): Refund | undefined {
  const refunds = aftercare?.refunds ?? []
  return (
    refunds.find((one) => one.out_refund_no === out_refund_no) ??
    refunds.find((one) => one.refund_id !== null && one.refund_id === refund_id)
  )
}

/** A revoke that WeChat Pay confirmed so soon after midnight may have been carried out after it. */
const SOON_MS = 3_600_000

function isRevokedSoonAfter({ state, verdict }: FinalOrder, { toMs }: Span): boolean {
  return state === 'REVOKED' && verdict.atMs >= toMs && verdict.atMs < toMs + SOON_MS
}

/** The customer's payment as it is known here, by the verdict or as late money; null without one. */
function paymentOf({ state, verdict, aftercare }: FinalOrder): Payment | null {
  if (state === 'SUCCESS') return verdict
  const late = aftercare?.late ?? null
  return late === null || late.phase === 'suspected' ? null : late
}

interface Payment {
  readonly transaction_id: string | null
  readonly success_time: string | null
}

function paidHere(order: FinalOrder): boolean {
  return paymentOf(order) !== null
}

export function transactionIdOf(order: FinalOrder): string | null {
  return paymentOf(order)?.transaction_id ?? order.verdict.transaction_id
}

function isOther(theirs: string | null, ours: string | null): boolean {
  return theirs !== null && ours !== null && theirs !== ours
}

const AGREES: Compared = { differs: null, asks: false, amount: null }

function only(differs: DifferenceKind | null): Compared {
  return { ...AGREES, differs }
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
  return isIn(momentOf(paymentOf(order)?.success_time ?? null), span)
}

/** Whether a line says of itself that it is of another day; one that doesn't say when is of none. */
export function isOfAnotherDay({ time }: BillLine, { fromMs, toMs }: Span): boolean {
  const ms = Date.parse(`${time?.replace(' ', 'T')}+08:00`)
  return ms < fromMs || ms >= toMs
}

/** The refunds of an order that began and ended in this span: they can stand in no other day's bill. */
export function refundsMadeIn({ aftercare }: FinalOrder, span: Span): readonly Refund[] {
  const refunds = aftercare?.refunds ?? []
  return refunds.filter(
    ({ origin, state, createdAtMs, success_time }) =>
      // When one that was made elsewhere was asked for, nobody here knows.
      origin !== 'elsewhere' &&
      state === 'SUCCESS' &&
      isIn(createdAtMs, span) &&
      isIn(momentOf(success_time), span),
  )
}

function momentOf(time: string | null): number {
  return time === null ? Number.NaN : Date.parse(time)
}

function isIn(ms: number, { fromMs, toMs }: Span): boolean {
  return ms >= fromMs && ms < toMs
}
