import type { RefundPlan } from '../refund-plans.ts'
import { upToNow } from './life.ts'
import { wechatPayNumber } from './number.ts'
import {
  moneyReturned,
  type Order,
  type Owner,
  orderKey,
  paidAtMs,
  type Refusal,
  type RefusalCode,
} from './order.ts'

/** WeChat Pay's limits on the refunds of one order. */
export const REFUNDS_MAX = 50
export const REFUNDS_APART_MS = 60_000
export const REFUND_NOT_AFTER_MS = 365 * 86_400_000

/** What a refund request asks for, read and checked; its order is found. */
export interface RefundRequest {
  readonly out_refund_no: string
  /** In the smallest unit of `currency`. */
  readonly refund: number
  /** What the caller believes that the order's amount is. */
  readonly total: number
  readonly currency: string
  readonly reason: string | null
  readonly source: RefundSource
  /** Null: the callback goes to the order's. */
  readonly notify_url: string | null
}

export type RefundSource = 'REFUND_SOURCE_UNSETTLED_FUNDS' | 'REFUND_SOURCE_RECHARGE_FUNDS'

/** An accepted refund. What became of it follows from its plan and the moment: see `refundLife`. */
export interface Refund {
  readonly out_refund_no: string
  /** WeChat Pay's own number of the refund. */
  readonly refund_id: string
  readonly refund: number
  readonly reason: string | null
  readonly source: RefundSource
  readonly notify_url: string | null
  readonly createdAtMs: number
  /** Asked for on the wire, or by hand on WeChat Pay's merchant platform. */
  readonly by: 'api' | 'merchant_platform'
  readonly plan: RefundPlan
  /** When a person put an ABNORMAL one right. */
  readonly mendedAtMs: number | null
}

/** In the words of the query; the callback says CLOSED for REFUNDCLOSE. */
export type RefundStatus = 'PROCESSING' | 'SUCCESS' | 'ABNORMAL' | 'REFUNDCLOSE'

export interface RefundLife {
  readonly status: RefundStatus
  /** Since when. */
  readonly atMs: number
}

/** Everything that became of a refund up to a moment, the present status last. */
export function refundLives(refund: Refund, nowMs: number): readonly [RefundLife, ...RefundLife[]] {
  const { createdAtMs, mendedAtMs, plan } = refund
  const doneAtMs = createdAtMs + plan.takesMs
  const accepted: RefundLife = { status: 'PROCESSING', atMs: createdAtMs }
  if (nowMs < doneAtMs) return [accepted]
  const done: RefundLife = { status: plan.ends, atMs: doneAtMs }
  return mendedAtMs === null ? [accepted, done] : [accepted, done, { status: 'SUCCESS', atMs: mendedAtMs }]
}

export function refundLife(refund: Refund, nowMs: number): RefundLife {
  return refundLives(refund, nowMs).at(-1) ?? { status: 'PROCESSING', atMs: refund.createdAtMs }
}

/** The refunds of an order that give or gave money back: all but the closed ones. */
export function standingRefunds(order: Order, nowMs: number): readonly Refund[] {
  return (order.refunds ?? []).filter((refund) => refundLife(refund, nowMs).status !== 'REFUNDCLOSE')
}

export function refundKey(owner: Owner, out_refund_no: string): string {
  return orderKey(owner, out_refund_no)
}

/** The order's state as a query tells it: REFUND is a later stage of SUCCESS, while any refund stands. */
export function tradeStateOf(order: Order, nowMs: number): Order['life']['trade_state'] | 'REFUND' {
  const { trade_state } = order.life
  return trade_state === 'SUCCESS' && standingRefunds(order, nowMs).length > 0 ? 'REFUND' : trade_state
}

export interface RefundMoment {
  readonly nowMs: number
  /** What will become of the refund, if this request is accepted. */
  readonly plan: RefundPlan
  /** Whether the pool of the day can pay it. */
  readonly poolPays: boolean
}

/** `order` and `refund` as they stand afterwards; without a refusal the refund is there. */
export interface RefundResult {
  readonly order: Order
  readonly refund: Refund | null
  readonly refusal: Refusal | null
}

/** The effect of one refund request, the first or a repeated one, on the order that it names. */
export function refund(known: Order, request: RefundRequest, moment: RefundMoment): RefundResult {
  const order = upToNow(known, moment.nowMs)
  const earlier = (order.refunds ?? []).find(({ out_refund_no }) => out_refund_no === request.out_refund_no)
  if (earlier) return repeated(order, earlier, request)
  const refusal = whyNot(order, request, moment)
  return refusal ? { order, refund: null, refusal } : accepted(order, request, moment, 'api')
}

/** Somebody refunds on the merchant platform. Neither the pause between refunds nor the pool stands in the way there. */
export function refundElsewhere(
  known: Order,
  request: RefundRequest,
  moment: Omit<RefundMoment, 'poolPays'>,
): RefundResult {
  const order = upToNow(known, moment.nowMs)
  const refusal = unrefundable(order, moment.nowMs) ?? tooMuch(order, request, moment.nowMs)
  return refusal
    ? { order, refund: null, refusal }
    : accepted(order, request, { ...moment, poolPays: true }, 'merchant_platform')
}

/** A person puts an ABNORMAL refund right. @returns null if it isn't ABNORMAL */
export function mended(order: Order, out_refund_no: string, nowMs: number): Order | null {
  const refunds = order.refunds ?? []
  const one = refunds.find((refund) => refund.out_refund_no === out_refund_no)
  if (!one || refundLife(one, nowMs).status !== 'ABNORMAL') return null
  return {
    ...order,
    refunds: refunds.map((other) => (other === one ? { ...one, mendedAtMs: nowMs } : other)),
  }
}

function repeated(order: Order, earlier: Refund, { refund, total, currency }: RefundRequest): RefundResult {
  const same = earlier.refund === refund && order.total === total && order.currency === currency
  if (same) return { order, refund: earlier, refusal: null }
  const message = `out_refund_no ${earlier.out_refund_no} is taken by a refund of ${earlier.refund} ${order.currency}`
  return { order, refund: null, refusal: { code: 'OUT_REFUND_NO_USED', message } }
}

function whyNot(order: Order, request: RefundRequest, { nowMs, poolPays }: RefundMoment): Refusal | null {
  return (
    unrefundable(order, nowMs) ??
    otherAmounts(order, request) ??
    tooMuch(order, request, nowMs) ??
    tooSoon(order, nowMs) ??
    (poolPays ? null : NOT_ENOUGH)
  )
}

const NOT_ENOUGH: Refusal = {
  code: 'NOT_ENOUGH',
  message:
    'The CNY pool of the day is too small for this refund; try again later with the same out_refund_no',
}

function unrefundable(order: Order, nowMs: number): Refusal | null {
  const { out_trade_no } = order
  const paid = paidAtMs(order)
  if (paid === null)
    return refused('RESOURCE_NOT_EXISTS', `${out_trade_no} is not paid: there is nothing to refund`)
  if (moneyReturned(order)) {
    return refused(
      'INVALID_REQUEST',
      `${out_trade_no} was reversed: its money went back already`,
      REFUND_NUMBER,
    )
  }
  if (nowMs - paid > REFUND_NOT_AFTER_MS)
    return refused('TRADE_OVERDUE', `${out_trade_no} is older than one year`)
  return null
}

/** INVALID_REQUEST's usual number is about closing. */
const REFUND_NUMBER = 268435461

function otherAmounts(order: Order, { total, currency }: RefundRequest): Refusal | null {
  if (total === order.total && currency === order.currency) return null
  const message = `amount.total is ${total} ${currency}, but ${order.out_trade_no} is ${order.total} ${order.currency}`
  return refused('INVALID_REQUEST', message, REFUND_NUMBER)
}

function tooMuch(order: Order, { refund }: RefundRequest, nowMs: number): Refusal | null {
  const { out_trade_no, total, currency } = order
  if ((order.refunds ?? []).length >= REFUNDS_MAX) {
    return refused('RULE_LIMIT', `${out_trade_no} has ${REFUNDS_MAX} refunds already, the most there can be`)
  }
  const before = standingRefunds(order, nowMs).reduce((sum, one) => sum + one.refund, 0)
  if (before + refund <= total) return null
  const message = `${refund} and ${before} refunded before are more than the ${total} ${currency} of ${out_trade_no}`
  return refused('INVALID_REQUEST', message, REFUND_NUMBER)
}

function tooSoon(order: Order, nowMs: number): Refusal | null {
  const latestMs = Math.max(...(order.refunds ?? []).map(({ createdAtMs }) => createdAtMs))
  if (nowMs - latestMs >= REFUNDS_APART_MS) return null
  const message = `${order.out_trade_no} was refunded ${Math.floor((nowMs - latestMs) / 1000)} s ago; wait ${REFUNDS_APART_MS / 1000} s between two refunds`
  return refused('FREQUENCY_LIMITED', message)
}

function accepted(
  order: Order,
  request: RefundRequest,
  { nowMs, plan }: RefundMoment,
  by: Refund['by'],
): RefundResult {
  const { out_refund_no, refund, reason, source, notify_url } = request
  const one: Refund = {
    out_refund_no,
    refund_id: wechatPayNumber('5030', refundKey(order.owner, out_refund_no), nowMs),
    refund,
    reason,
    source,
    notify_url,
    createdAtMs: nowMs,
    by,
    plan,
    mendedAtMs: null,
  }
  return { order: { ...order, refunds: [...(order.refunds ?? []), one] }, refund: one, refusal: null }
}

function refused(code: RefusalCode, message: string, number?: number): Refusal {
  return number === undefined ? { code, message } : { code, message, number }
}
