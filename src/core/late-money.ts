import type { LateMoney, LatePhase } from './aftercare.ts'
import { afterAnswer, stopsEnding } from './attention.ts'
import type { Change } from './change.ts'
import type { FinalOrder } from './order.ts'
import type { Evidence, NoAnswer, Outcome, Refusal, TradeStatement } from './outcome.ts'
import { endPauseMs } from './plan.ts'
import { type FinalScene, noteSilence, restMs, type Scene, SLOW_MS, spokenAtMs } from './scene.ts'
import { fitOf } from './statement.ts'
import { meaningOf } from './trade-state.ts'

/** Answers that settle nothing are asked for so often; then a person has to look. */
const QUESTIONS_MAX = 5

type Paid = Pick<TradeStatement, 'transaction_id' | 'success_time'>

/** What follows when an order that is settled as paid had been given up; null if it hadn't. */
export function lateOf(scene: Scene, trade: Paid, confirmedAtMs: number | null): LateMoney | null {
  return scene.order.givenUpAtMs === null ? null : newLate(scene, trade, confirmedAtMs)
}

/** @param confirmedAtMs when it was asked for, if WeChat Pay said it in answer to a question: nothing has to confirm it */
function newLate(
  { rules, moment: { nowMs }, draft }: Scene | FinalScene,
  trade: Paid,
  confirmedAtMs: number | null,
): LateMoney {
  const { lateMoney = 'refund' } = rules.plan.policy
  const isHeld = stopsEnding(afterAnswer(draft.order.attention))
  const refund = isHeld ? 'asked' : confirmedAtMs === null ? 'confirm' : 'compare'
  const phase = { refund, accept: 'accepted', ask: 'asked' } as const
  return {
    phase: phase[lateMoney],
    learntAtMs: nowMs,
    transaction_id: trade.transaction_id ?? null,
    success_time: trade.success_time ?? null,
    dueAtMs: phase[lateMoney] === 'confirm' ? nowMs : null,
    questions: 0,
    confirmedAtMs,
  }
}

/** A verified callback about the payment of an order that has its verdict. Null: nothing that isn't known. */
export function onCallbackAfterwards(
  scene: FinalScene,
  trade: TradeStatement,
  evidence: Evidence,
): Change | null {
  const { order, draft, moment } = scene
  const fit = fitOf(order, trade)
  const note = (): void => draft.note('callback', { said: trade.trade_state })
  if (fit.fit === 'contradicts') {
    note()
    draft.keep(evidence)
    draft.attend(fit.attention, fit.note)
    draft.refuses = fit.note
    return draft.done()
  }
  if (meaningOf(trade.trade_state) !== 'paid') {
    note()
    draft.refuses = `trade_state is ${trade.trade_state}; expected SUCCESS`
    return draft.done()
  }
  if (isKnownAsPaid(order)) return null
  note()
  draft.keep(evidence)
  if (fit.fit === 'names it') return lateMoney(scene, trade, null)
  draft.refuses = `${fit.absent} is missing`
  draft.setLate(suspicion(moment.nowMs))
  return draft.done()
}

/** Whether a verified statement said that it is paid, in its verdict or after it. */
export function isKnownAsPaid({ state, aftercare }: FinalOrder): boolean {
  if (state === 'SUCCESS') return true
  const late = aftercare?.late ?? null
  return late !== null && late.phase !== 'suspected'
}

/** Somebody says "paid" about an order that ended unpaid, and nothing proves it: a query tells. */
export function onSuspicion({ order, draft, moment }: FinalScene): Change | null {
  if (order.state === 'SUCCESS' || (order.aftercare?.late ?? null) !== null) return null
  draft.note('hint')
  draft.setLate(suspicion(moment.nowMs))
  return draft.done()
}

/** Somebody asks about an order that has its verdict: whether it is paid after all, or else what others have refunded. */
export function onAskedAfterwards({ order, draft, moment }: FinalScene, by: string): Change | null {
  const isUnpaid = order.state !== 'SUCCESS' && (order.aftercare?.late ?? null) === null
  if (!isUnpaid && (!isKnownAsPaid(order) || draft.aftercare.compareAtMs !== null)) return null
  draft.note('ask-now', { note: by })
  if (isUnpaid) draft.setLate(suspicion(moment.nowMs))
  else draft.compareAt(moment.nowMs)
  return draft.done()
}

export function suspicion(nowMs: number): LateMoney {
  const nothing = { transaction_id: null, success_time: null, confirmedAtMs: null }
  return { phase: 'suspected', learntAtMs: nowMs, dueAtMs: nowMs, questions: 0, ...nothing }
}

function lateMoney(scene: FinalScene, trade: Paid, confirmedAtMs: number | null): Change {
  const { draft, moment } = scene
  const late = newLate(scene, trade, confirmedAtMs)
  draft.setLate(late)
  draft.noteLate(late)
  if (late.phase === 'compare') draft.compareAt(moment.nowMs)
  return draft.done()
}

// ---------------------------------------------------------------- what a query says after the verdict

/** A query that came back after the verdict: because of late money, or because it was under way when the verdict came. */
export function onQueriedAfterwards(
  scene: FinalScene,
  outcome: Outcome<TradeStatement>,
  tookMs: number,
): Change | null {
  const { order } = scene
  const phase = order.aftercare?.late?.phase ?? null
  if (phase !== 'suspected' && phase !== 'confirm') return onStraggler(scene, outcome)
  switch (outcome.kind) {
    case 'answer':
      return onAnswer(scene, phase, outcome.value, outcome.evidence, tookMs)
    case 'refusal':
      return onRefusal(scene, phase, outcome, tookMs)
    case 'no-answer':
      return onSilence(scene, outcome, tookMs)
  }
}

/**
 * It was asked before the verdict, so what it says may be older: "paid" about a revoked order may be from before the
 * revoke. It makes us ask, and proves nothing by itself.
 */
export function onStraggler(scene: FinalScene, outcome: Outcome<TradeStatement>): Change | null {
  if (outcome.kind !== 'answer') return null
  const saysPaid = meaningOf(outcome.value.trade_state) === 'paid'
  return saysPaid && fitOf(scene.order, outcome.value).fit === 'names it' ? onSuspicion(scene) : null
}

function onAnswer(
  scene: FinalScene,
  phase: LatePhase,
  trade: TradeStatement,
  evidence: Evidence,
  tookMs: number,
): Change {
  const { order, draft, moment } = scene
  draft.note('answer', { call: 'query', said: trade.trade_state, tookMs })
  draft.patch({ silence: 0, queries: order.queries + 1 })
  const fit = fitOf(order, trade)
  if (fit.fit === 'contradicts') {
    draft.keep(evidence)
    draft.attend(fit.attention, fit.note)
    // A suspicion is no proof that there is money: what is proven later still counts.
    if (phase === 'suspected') draft.setLate(null)
    else draft.late({ phase: 'asked', dueAtMs: null })
    return draft.done()
  }
  const askedAtMs = moment.nowMs - tookMs
  // An old reply over again tells nothing about now.
  if (fit.fit === 'incomplete' || spokenAtMs(evidence, askedAtMs) < askedAtMs) return unsettled(scene, phase)
  draft.answered()
  switch (meaningOf(trade.trade_state)) {
    case 'paid':
      draft.keep(evidence)
      return phase === 'suspected' ? lateMoney(scene, trade, askedAtMs) : confirmed(scene, trade, askedAtMs)
    case 'revoked':
      draft.keep(evidence)
      return returned(scene, phase)
    case 'closed':
      if (phase === 'suspected') draft.setLate(null)
      return phase === 'suspected' ? draft.done() : unsettled(scene, phase)
    default:
      return unsettled(scene, phase)
  }
}

function confirmed(
  { draft, moment }: FinalScene,
  { transaction_id, success_time }: Paid,
  askedAtMs: number,
): Change {
  const { late } = draft.aftercare
  draft.late({
    phase: 'compare',
    dueAtMs: null,
    questions: 0,
    confirmedAtMs: askedAtMs,
    transaction_id: transaction_id ?? late?.transaction_id ?? null,
    success_time: success_time ?? late?.success_time ?? null,
  })
  draft.compareAt(moment.nowMs)
  return draft.done()
}

/** A revoked order's money went back, if there was any. */
function returned({ draft }: FinalScene, phase: LatePhase): Change {
  if (phase === 'suspected') draft.setLate(null)
  else {
    draft.late({ phase: 'returned', dueAtMs: null })
    draft.note('late-money', { said: 'returned' })
  }
  return draft.done()
}

function onRefusal(scene: FinalScene, phase: LatePhase, { code, message }: Refusal, tookMs: number): Change {
  const { order, draft } = scene
  draft.note('refusal', { call: 'query', said: code, note: message, tookMs })
  draft.patch({ silence: 0, queries: order.queries + 1 })
  return unsettled(scene, phase)
}

function onSilence(scene: FinalScene, outcome: NoAnswer, tookMs: number): Change {
  const { draft, moment } = scene
  noteSilence(scene, 'query', outcome, tookMs)
  const pauseMs = Math.max(restMs(outcome), endPauseMs(draft.order.silence, moment.chance))
  draft.late({ dueAtMs: moment.nowMs + pauseMs })
  return draft.done()
}

/** The answer doesn't say what was claimed. Asked again slowly; then a claim that was proven is put before a person. */
function unsettled({ draft, moment }: FinalScene, phase: LatePhase): Change {
  const questions = (draft.aftercare.late?.questions ?? 0) + 1
  if (questions < QUESTIONS_MAX) {
    const pauseMs = SLOW_MS + endPauseMs(questions, moment.chance)
    draft.late({ questions, dueAtMs: moment.nowMs + pauseMs })
  } else if (phase === 'suspected') draft.setLate(null)
  else {
    draft.late({ phase: 'asked', dueAtMs: null })
    draft.attend('late_money', 'a verified callback says that it is paid, and Query Order does not')
  }
  return draft.done()
}
