import { isEnded, type Refund } from './aftercare.ts'
import { endPauseMs } from './plan.ts'
import { type RefundReaction, refundReactionTo } from './refund-reaction.ts'
import type { FinalScene } from './scene.ts'

/* When something is done about a refund next. */

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Accepted: a balance takes up to 20 minutes, a bank card some three days. A quarter of the time since, within these. */
export const PROCESSING_MS = { min: 20_000, max: HOUR_MS }
/** Tried on, slowly, though only a person can mend it. */
export const ALARM_MS = { min: 5 * MINUTE_MS, max: 6 * HOUR_MS }
/** A refund that has not ended by then is shown to a person. */
const OVERDUE_MS = 4 * DAY_MS

interface Bounds {
  readonly min: number
  readonly max: number
}

/** Asked about after `pauseMs`. What was sent and not accepted stays `requesting`. */
export function follow(scene: FinalScene, refund: Refund, pauseMs: number): void {
  const { draft, moment } = scene
  attendOverdue(scene, refund)
  const state = refund.state === 'queued' ? 'requesting' : refund.state
  draft.refund({ ...refund, state, dueAtMs: moment.nowMs + Math.round(pauseMs) })
}

/** The reply told nothing: the same question again, with growing pauses. */
export function followAgain(scene: FinalScene, refund: Refund): void {
  const again = afterSilence(refund)
  follow(scene, again, endPauseMs(again.pauses, scene.moment.chance))
}

/** The refund once nothing more was learnt. What it waited for a fuller pool, or for a person, makes no silence longer. */
export function afterSilence(refund: Refund): Refund {
  const { state, said, pauses } = refund
  const isOther = state !== 'processing' && said !== null && isLong(refundReactionTo(said))
  return isOther ? { ...refund, said: null, pauses: 1 } : { ...refund, pauses: pauses + 1 }
}

/**
 * How many refusals in a row lead to the same, this one included. Silences before it make no wait for a fuller pool longer,
 * and no belief in an unknown order earlier.
 */
export function refusalsInARow({ said, pauses }: Refund, code: string): number {
  const reaction = refundReactionTo(code)
  const beginsAnew = isLong(reaction) || reaction === 'unknown'
  const isOther = beginsAnew && (said === null || refundReactionTo(said) !== reaction)
  return isOther ? 1 : pauses + 1
}

/** Whether what is waited for takes minutes to hours, and not the seconds of an answer that was lost. */
function isLong(reaction: RefundReaction): boolean {
  return reaction === 'short' || reaction === 'alarm'
}

/** Ever more slowly: only a person can bring it further. */
export function followSlowly(scene: FinalScene, refund: Refund, bounds: Bounds): void {
  const pauses = refund.pauses + 1
  follow(scene, { ...refund, pauses }, growing(pauses, bounds))
}

/** Sent, once more perhaps, after `pauseMs`. What a callback said was accepted meanwhile is only asked about. */
export function queue(scene: FinalScene, refund: Refund, pauseMs: number): void {
  if (refund.state === 'processing') {
    follow(scene, refund, pauseMs)
    return
  }
  const { draft, moment } = scene
  attendOverdue(scene, refund)
  draft.refund({ ...refund, state: 'queued', dueAtMs: moment.nowMs + Math.round(pauseMs) })
}

/** It has not ended for days: a person should look, unless one is told more than that already. */
export function attendOverdue(
  { draft, moment }: FinalScene,
  { out_refund_no, createdAtMs, said }: Refund,
): void {
  const sinceMs = moment.nowMs - createdAtMs
  if (sinceMs <= OVERDUE_MS || draft.order.attention !== null) return
  draft.attend(
    'refund_overdue',
    `${out_refund_no} has not ended for ${Math.floor(sinceMs / DAY_MS)} days: ${said}`,
  )
}

/** While a refund that others made is open, all of the order are asked for again. */
export function followOthers(scene: FinalScene): void {
  const { draft, moment } = scene
  const { nowMs } = moment
  const { refunds, compareAtMs } = draft.aftercare
  const open = refunds.find((refund) => refund.origin === 'elsewhere' && !isEnded(refund))
  if (open === undefined || compareAtMs !== null) return
  attendOverdue(scene, open)
  draft.compareAt(nowMs + Math.round(between((nowMs - open.createdAtMs) / 4, PROCESSING_MS)))
}

export function growing(times: number, { min, max }: Bounds): number {
  return Math.min(min * 2 ** Math.max(0, times - 1), max)
}

export function between(ms: number, { min, max }: Bounds): number {
  return Math.min(Math.max(ms, min), max)
}
