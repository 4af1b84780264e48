import { REFUNDS_APART_MS, type Refund } from './aftercare.ts'
import type { Refusal } from './outcome.ts'
import { endPauseMs } from './plan.ts'
import {
  ALARM_MS,
  follow,
  followAgain,
  followSlowly,
  growing,
  HOUR_MS,
  MINUTE_MS,
  queue,
  refusalsInARow,
} from './refund-pace.ts'
import { refundReactionTo, saysNoSuchRefund } from './refund-reaction.ts'
import { end, money } from './refund-status.ts'
import { type FinalScene, UNKNOWN_MS, USABLE_MS } from './scene.ts'

/* WeChat Pay refused a refund, or a question about one. */

/** The pool is too small: other payments of the day have to fill it first (guide 4.7, 4.8). 10, 20, 40, … minutes. */
const SHORT_MS = { min: 10 * MINUTE_MS, max: 4 * HOUR_MS }
/**
 * A refund is only asked for where WeChat Pay signed the payment. "No such order" is believed when it is said for the eighth
 * time, more than four minutes after the first: 2, 4, 8, … s lie between.
 */
const UNKNOWN_TIMES = 8

export function onRefundRefused(scene: FinalScene, refund: Refund, { code, message }: Refusal): void {
  const { draft, moment } = scene
  const pauses = refusalsInARow(refund, code)
  const refused = { ...refund, said: code, pauses }
  switch (refundReactionTo(code)) {
    case 'short':
      queue(scene, { ...refused, unansweredAtMs: null }, growing(pauses, SHORT_MS) * (1 + moment.chance / 4))
      return
    case 'later':
      follow(scene, refused, REFUNDS_APART_MS + endPauseMs(pauses, moment.chance))
      return
    case 'ask':
      follow(scene, refused, endPauseMs(pauses, moment.chance))
      return
    case 'unknown':
      if (pauses < UNKNOWN_TIMES) queue(scene, refused, endPauseMs(pauses, moment.chance))
      else follow(scene, refused, 0)
      return
    case 'refused':
      // Perhaps an earlier attempt was accepted all the same: a query tells.
      follow(scene, refused, 0)
      return
    case 'used':
      draft.attend('refund_mismatch', `${refund.out_refund_no}: ${code} ${message}`)
      follow(scene, refused, 0)
      return
    case 'alarm':
      draft.attend('call_refused', `refund: ${code} ${message}`)
      follow(scene, refused, growing(pauses, ALARM_MS))
  }
}

/** Query Refund is refused. "No such refund" after a request without an answer: the same number is sent again. */
export function onQueryRefused(
  scene: FinalScene,
  refund: Refund,
  { code, message }: Refusal,
  tookMs: number,
): void {
  const { draft, moment } = scene
  if (isPassing(code)) {
    followAgain(scene, refund)
    return
  }
  if (!saysNoSuchRefund(code)) {
    draft.attend('call_refused', `queryRefund: ${code} ${message}`)
    followSlowly(scene, refund, ALARM_MS)
    return
  }
  if (refund.state === 'processing') {
    draft.attend('vanished', `WeChat Pay does not know the refund ${refund.out_refund_no} any more`)
    followSlowly(scene, refund, ALARM_MS)
    return
  }
  if (!isRefusedForGood(refund)) {
    // Nothing refused the latest attempt for good, and a dead process may have left it: it may still be accepted.
    const unanswered = { ...refund, unansweredAtMs: refund.sentAtMs }
    queue(scene, unanswered, endPauseMs(refund.pauses, moment.chance))
    return
  }
  const countsFromMs = (refund.unansweredAtMs ?? Number.NEGATIVE_INFINITY) + USABLE_MS + UNKNOWN_MS + 1
  if (moment.nowMs - tookMs < countsFromMs) {
    // An attempt without an answer may still be accepted, or just have been.
    follow(scene, refund, Math.max(0, countsFromMs - moment.nowMs))
    return
  }
  end(scene, refund, 'REFUSED')
  draft.attend(
    'refund_refused',
    `${refund.out_refund_no}: ${refund.said}; ${money(scene, refund)} did not go back`,
  )
  // Perhaps others refunded it: what they made counts.
  draft.compareAt(moment.nowMs)
}

function isRefusedForGood({ said, pauses }: Refund): boolean {
  const reaction = said === null ? null : refundReactionTo(said)
  return reaction === 'refused' || (reaction === 'unknown' && pauses >= UNKNOWN_TIMES)
}

/** WeChat Pay's own trouble, or too many calls: a question is repeated, and needs no person. */
export function isPassing(code: string): boolean {
  const reaction = refundReactionTo(code)
  return reaction === 'ask' || reaction === 'later'
}
