import { afterAnswer } from './attention.ts'
import type { Change } from './change.ts'
import type { Ending, RevokeTrail } from './order.ts'
import type { Evidence, NoAnswer, Outcome, Refusal } from './outcome.ts'
import { endableAtMs, endPauseMs } from './plan.ts'
import { type Reaction, reactionTo } from './reaction.ts'
import {
  type Learnt,
  mayEnd,
  next,
  noteSilence,
  restMs,
  type Scene,
  SLOW_MS,
  slowly,
  USABLE_MS,
} from './scene.ts'

/** A revoke refused because the customer is paying comes again after these pauses. Source: Global v3, Reverse Order. */
const PAYING_PAUSES_MS = [5_000, 10_000, 20_000] as const
/** An accepted revoke or close that doesn't show yet is sent again after so many queries. */
const CONFIRMATIONS_MAX = 3
/** A revoke without an answer is repeated blindly so often; from then on every repeat is preceded by a query. */
const BLIND_REVOKES_MAX = 3
/** A call that WeChat Pay keeps refusing is shown to a person after so many. Source: "max 3, then alarm", Reverse Order. */
const REFUSALS_MAX = 3
/** WeChat Pay called the revoke or close too early, or something like it: not again before. */
const REFUSED_MS = 5_000

export const NO_REVOKES: RevokeTrail = { inFlightAtMs: null, unansweredAtMs: null, accepted: false }

export const NEW_ENDING: Ending = {
  phase: 'ask',
  calls: 0,
  confirmations: 0,
  revoke: NO_REVOKES,
}

// ---------------------------------------------------------------- what a query says about an order in its ending

/** Not paid, not closed: act if that may be and is not too early, and wait for an accepted call to show. */
export function onOpenWhileEnding(scene: Scene, ending: Ending): Change {
  const { order, draft, moment } = scene
  if (!mayEnd(draft.order)) return draft.ending({ ...ending, phase: 'ask' }, slowly(scene))
  if (ending.phase === 'confirm') return onOpenWhileConfirming(scene, ending)
  const fromMs = endableAtMs(order)
  return moment.nowMs >= fromMs
    ? draft.ending({ ...ending, phase: 'act' }, moment.nowMs)
    : draft.ending({ ...ending, phase: 'ask' }, Math.min(next(scene), fromMs))
}

function onOpenWhileConfirming({ draft, moment: { nowMs, chance } }: Scene, ending: Ending): Change {
  const confirmations = ending.confirmations + 1
  return confirmations < CONFIRMATIONS_MAX
    ? draft.ending({ ...ending, confirmations }, nowMs + endPauseMs(confirmations, chance))
    : draft.ending({ ...ending, phase: 'ask' }, nowMs + endPauseMs(ending.calls, chance))
}

/** Paid, says WeChat Pay, and a revoke that was sent may still give the money back, or already has. */
export function onPaidWhileRevoking(scene: Scene, ending: Ending, evidence: Evidence): Change {
  const { order, draft, moment } = scene
  const { accepted } = ending.revoke
  draft.keep(evidence)
  draft.patch({ unknownAtMs: null, attention: afterAnswer(order.attention) })
  // It got no answer: repeat it. It was answered: only time, or the next statement, can tell.
  if (!accepted && ending.phase !== 'confirm' && mayEnd(draft.order)) {
    return draft.ending({ ...ending, phase: 'act' }, moment.nowMs)
  }
  const confirmations = ending.confirmations + 1
  if (accepted && confirmations >= CONFIRMATIONS_MAX) {
    draft.attend('paid_after_revoke', 'WeChat Pay accepted the revoke and states that the order is paid')
  }
  const atMs = moment.nowMs + endPauseMs(confirmations, moment.chance)
  const settledAtMs = accepted ? Infinity : openUntilMs(ending.revoke) + 1
  return draft.ending(
    { ...ending, phase: 'confirm', confirmations },
    Math.max(Math.min(atMs, settledAtMs), moment.nowMs + 1),
  )
}

// ---------------------------------------------------------------- what came of a revoke or close

type EndCall = Extract<Learnt, { call: 'close' | 'reverse' }>

export function onEndCall(scene: Scene, { call, outcome, tookMs }: EndCall): Change {
  const { order, draft, moment } = scene
  if (order.state !== 'ending') {
    // Nobody revokes or closes an order that isn't being ended; whatever this is, it changes nothing.
    draft.note(outcome.kind, { call, tookMs })
    return draft.asBefore(order.dueAtMs)
  }
  const { revoke: before } = order.ending
  const revoke = call === 'reverse' ? afterRevoke(before, outcome, moment.nowMs - tookMs) : before
  const ending = { ...order.ending, revoke }
  switch (outcome.kind) {
    case 'answer':
      draft.note('answer', { call, said: 'accepted', tookMs })
      draft.keep(outcome.evidence)
      draft.patch({ silence: 0, attention: afterAnswer(order.attention) })
      return draft.ending({ ...ending, phase: 'confirm', confirmations: 0 }, moment.nowMs)
    case 'refusal':
      return onEndRefused(scene, call, ending, outcome, tookMs)
    case 'no-answer':
      noteSilence(scene, call, outcome, tookMs)
      return onEndSilent(scene, ending, outcome)
  }
}

/**
 * Once a revoke has left it is repeated until it is answered: it may still take effect, and returns the money. A close
 * returns nothing, and a revoke that never left did nothing: both are preceded by a fresh query again.
 */
function onEndSilent({ draft, moment: { nowMs, chance } }: Scene, ending: Ending, outcome: NoAnswer): Change {
  const blindly = ending.calls <= BLIND_REVOKES_MAX && revokeIsOpen(ending.revoke, nowMs)
  const atMs = nowMs + Math.max(restMs(outcome), endPauseMs(ending.calls, chance))
  return draft.ending({ ...ending, phase: blindly ? 'act' : 'ask' }, atMs)
}

/** A refusal accounts for its call, so whatever it says, a query comes before the next one: the customer may have paid. */
function onEndRefused(
  { draft, moment: { nowMs, chance } }: Scene,
  call: EndCall['call'],
  ending: Ending,
  { code, message, evidence }: Refusal,
  tookMs: number,
): Change {
  draft.note('refusal', { call, said: code, note: message, tookMs })
  draft.keep(evidence)
  draft.patch({ silence: 0 })
  const reaction = reactionTo(call, code)
  if (reaction === 'ask') return draft.ending({ ...ending, phase: 'confirm', confirmations: 0 }, nowMs)
  // One refusal for good may be our clock, a few ms ahead of theirs; a second one is for a person.
  if (ending.calls > (isForGood(reaction) ? 1 : REFUSALS_MAX)) {
    draft.attend('call_refused', `${call}: ${code} ${message}`)
  }
  const pauseMs = Math.max(leastPauseMs(reaction, ending.calls), endPauseMs(ending.calls, chance))
  return draft.ending({ ...ending, phase: 'ask' }, nowMs + pauseMs)
}

function isForGood(reaction: Reaction): boolean {
  return reaction === 'alarm' || reaction === 'declined' || reaction === 'used'
}

function leastPauseMs(reaction: Reaction, calls: number): number {
  switch (reaction) {
    case 'paying':
      return PAYING_PAUSES_MS[calls - 1] ?? SLOW_MS
    case 'unknown':
      return SLOW_MS
    default:
      return REFUSED_MS
  }
}

// ---------------------------------------------------------------- accounting for revokes

/**
 * What a revoke's outcome leaves open. Only a verified answer or refusal accounts for a revoke. A late outcome may meet
 * a trail that another worker has written on: what it can't be matched with stays open.
 */
function afterRevoke(trail: RevokeTrail, outcome: Outcome<'done'>, sentAtMs: number): RevokeTrail {
  const { inFlightAtMs, unansweredAtMs } = trail
  const latestAtMs = latestOpenAtMs(trail)
  // Another worker's, signed since, is under way: this outcome tells nothing of it.
  const isOvertaken = inFlightAtMs !== null && inFlightAtMs > sentAtMs
  switch (outcome.kind) {
    case 'answer':
      return { ...trail, inFlightAtMs: null, accepted: true }
    case 'refusal':
      if (isOvertaken) return trail
      // Of several open ones nobody knows which was refused: the latest counts as the one without an answer.
      return { ...trail, inFlightAtMs: null, unansweredAtMs: unansweredAtMs === null ? null : latestAtMs }
    case 'no-answer':
      if (!outcome.sent) return isOvertaken ? trail : { ...trail, inFlightAtMs: null }
      return {
        ...trail,
        inFlightAtMs: null,
        unansweredAtMs: Math.max(latestAtMs ?? 0, inFlightAtMs ?? sentAtMs),
      }
  }
}

/** When the latest revoke was signed that WeChat Pay has not answered for; null without one. */
function latestOpenAtMs({ inFlightAtMs, unansweredAtMs }: RevokeTrail): number | null {
  if (inFlightAtMs === null || unansweredAtMs === null) return inFlightAtMs ?? unansweredAtMs
  return Math.max(inFlightAtMs, unansweredAtMs)
}

/** Until when a revoke without an answer may take effect. WeChat Pay refuses an older one for its timestamp. */
function openUntilMs(trail: RevokeTrail): number {
  const latestAtMs = latestOpenAtMs(trail)
  return latestAtMs === null ? -Infinity : latestAtMs + USABLE_MS
}

/** Whether any revoke left that no verified answer refused, however long ago. */
export function anyRevokeIsOpen(trail: RevokeTrail): boolean {
  return trail.accepted || latestOpenAtMs(trail) !== null
}

/** Whether a revoke without an answer may still take effect. */
export function revokeIsOpen(trail: RevokeTrail, nowMs: number): boolean {
  return nowMs <= openUntilMs(trail)
}

/**
 * Whether "paid", asked for at `askedAtMs`, may be believed to stay: every revoke that was sent was refused in a
 * verified answer, or is so old that WeChat Pay refuses its timestamp.
 */
export function revokesAreSettled(trail: RevokeTrail, askedAtMs: number): boolean {
  return !trail.accepted && !revokeIsOpen(trail, askedAtMs)
}

/** The trail with one more revoke that is about to leave, written before it does. */
export function withRevoke(trail: RevokeTrail, nowMs: number): RevokeTrail {
  // A revoke still marked as under way belongs to a worker that died: it may have left.
  return { ...trail, inFlightAtMs: nowMs, unansweredAtMs: latestOpenAtMs(trail) }
}
