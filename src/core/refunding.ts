import { VerdictError } from '../errors.ts'
import { isEnded, numbered, type Refund } from './aftercare.ts'
import { afterAnswer } from './attention.ts'
import type { Change, RefundCall } from './change.ts'
import { isKnownAsPaid } from './late-money.ts'
import { isFinal, nameOf, type Order } from './order.ts'
import type { NoAnswer } from './outcome.ts'
import { endPauseMs } from './plan.ts'
import { checkRefund } from './refund-check.ts'
import { afterSilence, follow, followAgain, queue } from './refund-pace.ts'
import { onQueryRefused, onRefundRefused } from './refund-refusals.ts'
import { isAgainstItsEnd, onRefundStatement } from './refund-status.ts'
import { type FinalScene, isOld, type Learnt, noteSilence, type RefundWish, restMs } from './scene.ts'

export function unpaid(order: Order): VerdictError {
  const expected = isFinal(order) ? 'a paid order' : 'the verdict SUCCESS first'
  return new VerdictError(
    'ORDER_STATE',
    `${nameOf(order)} is ${order.state}; expected ${expected}, to refund it`,
  )
}

// ---------------------------------------------------------------- asked for

/**
 * The merchant asks for a refund: its amount is reserved from here on, under the order's version.
 *
 * @returns null if it was asked for before, in the same words
 * @throws ORDER_STATE, REFUND_CONFLICT if the key asked for something else, and as `checkRefund`
 */
export function onRefundAsked(scene: FinalScene, wish: RefundWish): Change | null {
  const { order, rules, draft } = scene
  const { refunds } = draft.aftercare
  if (!isKnownAsPaid(order)) throw unpaid(order)
  const known = numbered(refunds, rules.refundNumber(order, wish.key))
  if (known === undefined)
    enter(scene, { ...wish, amount: checkRefund(order, refunds, wish), origin: 'asked' })
  else if (!isWished(known, wish)) throw conflict(order, known, wish)
  else if (known.origin === 'asked') return null
  else adopt(scene, known, wish)
  return draft.done()
}

/** Whether a refund of the wish's number is the one that is wished for. Elsewhere nobody told us its reason. */
function isWished({ origin, amount, reason }: Refund, wish: RefundWish): boolean {
  if (wish.amount !== null && wish.amount !== amount) return false
  return origin === 'elsewhere' || (origin === 'asked' && reason === wish.reason)
}

/** WeChat Pay has a refund of this number, made before a backup was restored: it is the one that is asked for. */
function adopt({ draft, moment }: FinalScene, known: Refund, { key, reason, by }: RefundWish): void {
  draft.note('refund', { said: known.state, note: `${known.out_refund_no} is there already${byWhom(by)}` })
  const dueAtMs = isEnded(known) ? null : moment.nowMs
  draft.refund({ ...known, key, reason, origin: 'asked', dueAtMs })
}

function conflict(
  order: Order,
  { out_refund_no, amount, reason }: Refund,
  { key }: RefundWish,
): VerdictError {
  const why = reason === null ? 'without a reason' : `for ${JSON.stringify(reason)}`
  return new VerdictError(
    'REFUND_CONFLICT',
    `idempotencyKey ${JSON.stringify(key)} of ${nameOf(order)} is the refund ${out_refund_no} of ${amount}, ${why}; expected the same, or another key`,
  )
}

/** The refund is written, and due. */
export function enter(
  { order, rules, draft, moment: { nowMs } }: FinalScene,
  {
    key,
    amount,
    reason,
    origin,
    by,
  }: {
    key: string
    amount: number
    reason: string | null
    origin: Refund['origin']
    by?: string | undefined
  },
): void {
  const out_refund_no = rules.refundNumber(order, key)
  const nothing = { sentAtMs: null, unansweredAtMs: null, said: null, refund_id: null, success_time: null }
  const life = { state: 'queued', dueAtMs: nowMs, attempts: 0, pauses: 0, ...nothing } as const
  draft.note('refund', { said: 'queued', note: `${out_refund_no}: ${amount} ${order.currency}${byWhom(by)}` })
  draft.refund({ out_refund_no, key, origin, amount, reason, createdAtMs: nowMs, ...life })
}

function byWhom(by: string | undefined): string {
  return by === undefined ? '' : `, by ${by}`
}

// ---------------------------------------------------------------- what came of a call

type Answered = Extract<Learnt, { call: 'refund' | 'queryRefund' }>

export function onRefundAnswered(
  scene: FinalScene,
  { call, out_refund_no, outcome, tookMs }: Answered,
): Change | null {
  const { draft } = scene
  const refund = numbered(draft.aftercare.refunds, out_refund_no)
  if (refund === undefined) return null
  if (isEnded(refund) && !(outcome.kind === 'answer' && isAgainstItsEnd(refund, outcome.value))) return null
  switch (outcome.kind) {
    case 'answer':
      draft.note('answer', { call, said: outcome.value.status ?? 'accepted', note: out_refund_no, tookMs })
      draft.patch({ silence: 0, attention: afterAnswer(draft.order.attention) })
      onRefundStatement(scene, refund, call, outcome.value, outcome.evidence)
      return draft.done()
    case 'refusal':
      draft.note('refusal', {
        call,
        said: outcome.code,
        note: `${out_refund_no}: ${outcome.message}`,
        tookMs,
      })
      draft.patch({ silence: 0 })
      draft.keep(outcome.evidence)
      if (isOld(scene, outcome.evidence, tookMs)) {
        const { unansweredAtMs, sentAtMs } = refund
        followAgain(scene, { ...refund, unansweredAtMs: call === 'refund' ? sentAtMs : unansweredAtMs })
      } else if (call === 'refund') onRefundRefused(scene, refund, outcome)
      else onQueryRefused(scene, refund, outcome, tookMs)
      return draft.done()
    case 'no-answer':
      noteSilence(scene, call, outcome, tookMs)
      onRefundSilent(scene, refund, call, outcome)
      return draft.done()
  }
}

/** Nothing is known, 429 included: query, and then the same number again. */
function onRefundSilent(scene: FinalScene, refund: Refund, call: RefundCall, outcome: NoAnswer): void {
  const { moment } = scene
  const silent = afterSilence(refund)
  const pauseMs = Math.max(restMs(outcome), endPauseMs(silent.pauses, moment.chance))
  if (call !== 'refund') follow(scene, silent, pauseMs)
  else if (outcome.sent) follow(scene, { ...silent, unansweredAtMs: refund.sentAtMs }, pauseMs)
  else queue(scene, silent, pauseMs)
}
