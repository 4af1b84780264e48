import { isEnded, type Refund, type RefundState, refundedBy } from './aftercare.ts'
import { afterRefund } from './attention.ts'
import type { RefundCall } from './change.ts'
import type { Evidence, RefundStatement } from './outcome.ts'
import {
  ALARM_MS,
  between,
  follow,
  followAgain,
  followOthers,
  followSlowly,
  HOUR_MS,
  PROCESSING_MS,
} from './refund-pace.ts'
import { refundFitOf } from './refund-statement.ts'
import type { FinalScene } from './scene.ts'

/* What WeChat Pay's signed word about a refund makes of it, and what its end means for late money. */

/** A person has to act before anything can change. */
const ABNORMAL_MS = { min: HOUR_MS, max: 6 * HOUR_MS }

/** A signed statement about this refund: the answer to its request, to a query, or a callback. */
export function onRefundStatement(
  scene: FinalScene,
  refund: Refund,
  by: RefundCall | 'callback',
  statement: RefundStatement,
  evidence: Evidence,
): void {
  const { order, draft } = scene
  const fit = refundFitOf(order, refund, statement)
  if (fit.fit === 'contradicts') {
    draft.keep(evidence)
    draft.attend('refund_mismatch', `${refund.out_refund_no}: ${fit.note}`)
    if (!isEnded(refund)) followSlowly(scene, { ...refund, state: 'processing' }, ALARM_MS)
    return
  }
  const accepted = by === 'refund' && statement.status === undefined && fit.fit === 'names it'
  const status = accepted ? 'PROCESSING' : statement.status
  if (fit.fit === 'incomplete' || status === undefined) {
    // Perhaps a reply to another question: asked again.
    if (by === 'callback') draft.refuses = 'status is missing'
    if (!isEnded(refund)) followAgain(scene, refund)
    return
  }
  draft.keep(evidence)
  if (isFromBefore(scene, refund, status)) return
  // It is known, and so is its order: an older answer may have said otherwise.
  if (draft.order.attention === 'vanished') draft.patch({ attention: null })
  if (isEnded(refund)) {
    draft.attend(
      'refund_mismatch',
      `${refund.out_refund_no} was ${refund.state}; WeChat Pay states ${status}`,
    )
  }
  if (status === 'ABNORMAL' && refund.said !== status) {
    draft.tell({ type: 'order.refund', out_refund_no: refund.out_refund_no })
  }
  becomes(scene, told(refund, statement, status), status)
}

/**
 * An answer that is written late, after a callback said ABNORMAL. Nobody asked since: that comes when the refund is due, an
 * hour later at least.
 */
function isFromBefore({ moment }: FinalScene, { said, dueAtMs }: Refund, status: string): boolean {
  return said === 'ABNORMAL' && status === 'PROCESSING' && dueAtMs !== null && moment.nowMs < dueAtMs
}

/** Money that moved, or may still move, counts, whatever was said before. */
export function isAgainstItsEnd({ state }: Refund, { status = 'PROCESSING' }: RefundStatement): boolean {
  return state === 'REFUSED' || (state === 'CLOSED' && status === 'SUCCESS')
}

export function told(refund: Refund, { refund_id, success_time }: RefundStatement, status: string): Refund {
  return {
    ...refund,
    said: status,
    unansweredAtMs: null,
    refund_id: refund_id ?? refund.refund_id,
    success_time: success_time ?? refund.success_time,
  }
}

/** What WeChat Pay's word for a refund's state makes of it. A query says REFUNDCLOSE where a callback says CLOSED. */
function becomes(scene: FinalScene, refund: Refund, status: string): void {
  const { draft } = scene
  switch (status) {
    case 'SUCCESS':
      end(scene, refund, 'SUCCESS')
      break
    case 'REFUNDCLOSE':
    case 'CLOSED':
      end(scene, refund, 'CLOSED')
      draft.attend(
        'refund_closed',
        `${refund.out_refund_no} was closed: ${money(scene, refund)} did not go back`,
      )
      break
    case 'ABNORMAL':
      draft.attend(
        'refund_abnormal',
        `${refund.out_refund_no} can't reach the customer's account: give it another way on the merchant platform`,
      )
      followSlowly(scene, { ...refund, state: 'processing' }, ABNORMAL_MS)
      break
    case 'PROCESSING':
      processing(scene, refund)
      break
    default:
      draft.attend('unknown_refund_status', `${refund.out_refund_no}: status is ${status}`)
      processing(scene, refund)
  }
}

function processing(scene: FinalScene, refund: Refund): void {
  const { moment } = scene
  const sinceMs = moment.nowMs - (refund.sentAtMs ?? refund.createdAtMs)
  const pauseMs = between(sinceMs / 4, PROCESSING_MS)
  follow(scene, { ...refund, state: 'processing', pauses: 0 }, pauseMs * (1 + moment.chance / 4))
}

export function end(
  scene: FinalScene,
  refund: Refund,
  state: Extract<RefundState, 'SUCCESS' | 'CLOSED' | 'REFUSED'>,
): void {
  const { draft } = scene
  const ended = { ...refund, state, dueAtMs: null }
  draft.refund(ended)
  draft.note('refund', { said: state, note: `${refund.out_refund_no}: ${money(scene, refund)}` })
  draft.tell({ type: 'order.refund', out_refund_no: refund.out_refund_no })
  const refunded = refundedBy(draft.aftercare.refunds)
  if (refunded > scene.order.total) {
    draft.attend(
      'refund_mismatch',
      `${refund.out_refund_no}: with it ${refunded} ${scene.order.currency} went back, of ${scene.order.total}`,
    )
  }
  if (state === 'SUCCESS' && draft.aftercare.refunds.every(isEnded)) {
    draft.patch({ attention: afterRefund(draft.order.attention) })
  }
  lateMoneyAfter(scene, ended)
}

/** What a refund's end means for late money: it is back, or a person has to look. */
function lateMoneyAfter(scene: FinalScene, { state, origin }: Refund): void {
  const { draft, moment } = scene
  const { late } = draft.aftercare
  if (late === null || late.phase === 'suspected' || late.phase === 'returned') return
  if (isAllBack(scene)) becomesReturned(scene)
  else if (state === 'SUCCESS') return
  // Our own is for a person; what others tried and was closed is ours to give back again.
  else if (origin === 'late_money') draft.late({ phase: 'asked', dueAtMs: null })
  else if (late.phase === 'refunding') {
    draft.late(
      origin === 'elsewhere'
        ? { phase: 'confirm', dueAtMs: moment.nowMs, questions: 0 }
        : { phase: 'asked', dueAtMs: null },
    )
  }
}

export function isAllBack({ order, draft }: FinalScene): boolean {
  return refundedBy(draft.aftercare.refunds) >= order.total
}

export function becomesReturned(scene: FinalScene): void {
  const { draft } = scene
  draft.late({ phase: 'returned', dueAtMs: null })
  draft.compareAt(null)
  // What others refund has an end as well.
  followOthers(scene)
  draft.note('late-money', { said: 'returned' })
  if (draft.order.attention === 'late_money') draft.patch({ attention: null })
}

export function money({ order }: FinalScene, { amount }: Refund): string {
  return `${amount} ${order.currency}`
}
