import { type Aftercare, isEnded, numbered, REFUNDS_MAX, type Refund, reservedBy } from './aftercare.ts'
import { stopsEnding } from './attention.ts'
import type { Change } from './change.ts'
import type { Evidence, RefundPage, RefundStatement } from './outcome.ts'
import { endPauseMs } from './plan.ts'
import { followOthers } from './refund-pace.ts'
import { saysNoSuchRefund } from './refund-reaction.ts'
import { isPassing } from './refund-refusals.ts'
import { refundFitOf, strangerIn } from './refund-statement.ts'
import { becomesReturned, end, isAgainstItsEnd, isAllBack, onRefundStatement, told } from './refund-status.ts'
import { enter } from './refunding.ts'
import { type FinalScene, isOld, type Learnt, noteSilence, restMs } from './scene.ts'

/* All refunds of an order, those that others made among them; and what of late money is left to give back. */

/** Before late money goes back, "paid" must have been asked for lately. */
const CONFIRMED_MS_MAX = 60_000

/** So often, within half an hour or so, it is asked for what somebody only wanted to know. */
const CURIOUS_MAX = 10

const LATE_REASON = 'The order was cancelled'

/** All refunds of the order were asked for: those that others made are counted from now on. */
export function onAllRefunds(
  scene: FinalScene,
  { outcome, earlier, tookMs }: Extract<Learnt, { call: 'queryRefunds' }>,
): Change | null {
  const { draft, moment, order } = scene
  if (draft.aftercare.compareAtMs === null) return null
  const again = (): Change => {
    if (!isNeeded(draft.aftercare) && draft.order.silence >= CURIOUS_MAX) return forget(scene)
    draft.compareAt(
      moment.nowMs +
        Math.max(
          outcome.kind === 'no-answer' ? restMs(outcome) : 0,
          endPauseMs(draft.order.silence, moment.chance),
        ),
    )
    return draft.done()
  }
  switch (outcome.kind) {
    case 'answer': {
      draft.note('answer', { call: 'queryRefunds', said: String(outcome.value.total), tookMs })
      const pages = [...earlier, outcome.evidence]
      const isStrange = [outcome.value, ...outcome.value.refunds].some(
        (one) => strangerIn(order, one) !== null,
      )
      if (isStrange || pages.some((page) => isOld(scene, page, tookMs))) {
        draft.patch({ silence: draft.order.silence + 1 })
        return again()
      }
      draft.answered()
      for (const evidence of pages) draft.keep(evidence)
      return onEveryRefund(scene, outcome.value, outcome.evidence)
    }
    case 'refusal':
      draft.note('refusal', { call: 'queryRefunds', said: outcome.code, note: outcome.message, tookMs })
      draft.keep(outcome.evidence)
      // An order without refunds may be answered like this.
      if (saysNoSuchRefund(outcome.code) && !isOld(scene, outcome.evidence, tookMs)) {
        draft.answered()
        return onEveryRefund(scene, { total: 0, refunds: [] }, outcome.evidence)
      }
      draft.patch({ silence: draft.order.silence + 1 })
      if (saysNoSuchRefund(outcome.code) || isPassing(outcome.code)) return again()
      if (!isNeeded(draft.aftercare)) return forget(scene)
      draft.attend('call_refused', `queryRefunds: ${outcome.code} ${outcome.message}`)
      return again()
    case 'no-answer':
      noteSilence(scene, 'queryRefunds', outcome, tookMs)
      return again()
  }
}

/** Whether money waits for the answer, or a refund of others for its end; else somebody only wanted to know. */
function isNeeded({ late, refunds }: Aftercare): boolean {
  return late?.phase === 'compare' || refunds.some((one) => one.origin === 'elsewhere' && !isEnded(one))
}

/** Nobody can say, and nothing rests on it: the journal tells, and whoever asks again may. */
function forget({ draft }: FinalScene): Change {
  draft.compareAt(null)
  draft.patch({ silence: 0 })
  return draft.done()
}

function onEveryRefund(scene: FinalScene, page: RefundPage, evidence: Evidence): Change {
  const { draft } = scene
  draft.compareAt(null)
  for (const statement of page.refunds) count(scene, statement, evidence)
  if (draft.aftercare.late?.phase === 'compare') refundWhatIsLeft(scene)
  followOthers(scene)
  return draft.done()
}

function count(scene: FinalScene, statement: RefundStatement, evidence: Evidence): void {
  const known = meantIn(scene.draft.aftercare.refunds, statement)
  if (known === undefined) found(scene, statement)
  else if (known.origin === 'elsewhere') followElsewhere(scene, known, statement)
  else if (!isEnded(known) || isAgainstItsEnd(known, statement)) {
    const { out_refund_no } = known
    onRefundStatement(scene, known, 'queryRefunds', { ...statement, out_refund_no }, evidence)
  }
}

/** By our number, or by WeChat Pay's: somebody else's refund may come without ours at one time, and with it at another. */
export function meantIn(
  refunds: readonly Refund[],
  { out_refund_no, refund_id }: RefundStatement,
): Refund | undefined {
  return (
    numbered(refunds, out_refund_no) ??
    refunds.find((one) => one.refund_id !== null && one.refund_id === refund_id)
  )
}

/** Somebody else's number may be missing; WeChat Pay's own never is. */
export function numberOf({ out_refund_no, refund_id }: RefundStatement): string {
  return out_refund_no ?? refund_id ?? ''
}

/**
 * A refund that we didn't ask for: made on the merchant platform, by other code, or before a backup was restored.
 *
 * @returns why it can't be counted; null if it is
 */
export function found(scene: FinalScene, statement: RefundStatement): string | null {
  const { draft, order, moment } = scene
  const out_refund_no = numberOf(statement)
  const { refund: amount = 0 } = statement.amount ?? {}
  const fit = refundFitOf(order, { out_refund_no, amount }, { ...statement, out_refund_no })
  if (fit.fit !== 'names it' || amount <= 0) {
    const why = fit.fit === 'contradicts' ? fit.note : 'it has no amount'
    draft.attend(
      'refund_mismatch',
      `${out_refund_no}, a refund that was made elsewhere, can't be counted: ${why}`,
    )
    return why
  }
  const refund: Refund = {
    out_refund_no,
    key: null,
    origin: 'elsewhere',
    amount,
    reason: null,
    createdAtMs: moment.nowMs,
    state: 'processing',
    dueAtMs: null,
    attempts: 0,
    sentAtMs: null,
    unansweredAtMs: null,
    pauses: 0,
    said: statement.status ?? null,
    refund_id: statement.refund_id ?? null,
    success_time: statement.success_time ?? null,
  }
  draft.refund(refund)
  draft.note('refund', { said: 'elsewhere', note: `${refund.out_refund_no}: ${amount} ${order.currency}` })
  followElsewhere(scene, refund, statement)
  return null
}

export function followElsewhere(scene: FinalScene, refund: Refund, statement: RefundStatement): void {
  const { status } = statement
  if (status === undefined || (isEnded(refund) && !isAgainstItsEnd(refund, statement))) return
  const now = told(refund, statement, status)
  if (status === 'SUCCESS') end(scene, now, 'SUCCESS')
  else if (status === 'REFUNDCLOSE' || status === 'CLOSED') end(scene, now, 'CLOSED')
  else if (status !== refund.said) scene.draft.refund(now)
}

/** Late money goes back: what no other refund has taken or may take. */
function refundWhatIsLeft(scene: FinalScene): void {
  const { order, draft, moment } = scene
  const { late, refunds } = draft.aftercare
  const amount = order.total - reservedBy(refunds)
  if (isAllBack(scene)) {
    becomesReturned(scene)
    return
  }
  if (amount <= 0) {
    draft.late({ phase: 'refunding', dueAtMs: null })
    return
  }
  if (stopsEnding(draft.order.attention) || refunds.length >= REFUNDS_MAX) {
    draft.late({ phase: 'asked', dueAtMs: null })
    draft.attend('late_money', `${amount} ${order.currency} can't go back by another refund`)
    return
  }
  if (moment.nowMs - (late?.confirmedAtMs ?? Number.NEGATIVE_INFINITY) > CONFIRMED_MS_MAX) {
    draft.late({ phase: 'confirm', dueAtMs: moment.nowMs })
    return
  }
  draft.late({ phase: 'refunding', dueAtMs: null })
  enter(scene, { key: lateKey(scene), amount, reason: LATE_REASON, origin: 'late_money' })
}

/** The idempotency key of late money's refund, or the next one if a refund has its number already. */
function lateKey(scene: FinalScene, times = 1): string {
  const { order, rules, draft } = scene
  const key = times === 1 ? 'late money' : `late money ${times}`
  const isTaken = numbered(draft.aftercare.refunds, rules.refundNumber(order, key)) !== undefined
  return isTaken ? lateKey(scene, times + 1) : key
}
