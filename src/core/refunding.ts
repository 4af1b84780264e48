import { VerdictError } from '../errors.ts'
import {
  isEnded,
  REFUNDS_APART_MS,
  REFUNDS_MAX,
  type Refund,
  type RefundState,
  refundedBy,
  reservedBy,
} from './aftercare.ts'
import { afterAnswer, afterRefund, stopsEnding } from './attention.ts'
import type { Change, RefundCall } from './change.ts'
import { isKnownAsPaid, suspicion } from './late-money.ts'
import { isFinal, nameOf, type Order } from './order.ts'
import type { Evidence, NoAnswer, RefundPage, RefundStatement, Refusal } from './outcome.ts'
import { endPauseMs } from './plan.ts'
import { checkRefund } from './refund-check.ts'
import { refundReactionTo, saysNoSuchRefund } from './refund-reaction.ts'
import { refundFitOf, strangerIn } from './refund-statement.ts'
import {
  type FinalScene,
  type Learnt,
  noteSilence,
  type RefundWish,
  restMs,
  spokenAtMs,
  USABLE_MS,
} from './scene.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** The pool is too small: other payments of the day have to fill it first (guide 4.7, 4.8). 10, 20, 40, … minutes. */
const SHORT_MS = { min: 10 * MINUTE_MS, max: 4 * HOUR_MS }
/** Accepted: a balance takes up to 20 minutes, a bank card some three days. A quarter of the time since, within these. */
const PROCESSING_MS = { min: 20_000, max: HOUR_MS }
/** A person has to act before anything can change. */
const ABNORMAL_MS = { min: HOUR_MS, max: 6 * HOUR_MS }
/** Tried on, slowly, though only a person can mend it. */
const ALARM_MS = { min: 5 * MINUTE_MS, max: 6 * HOUR_MS }
/** A refund that has not ended by then is shown to a person. */
const OVERDUE_MS = 4 * DAY_MS
/** Before late money goes back, "paid" must have been asked for lately. */
const CONFIRMED_MS_MAX = 60_000

const LATE_REASON = 'The order was cancelled'

export function unpaid(order: Order): VerdictError {
  const expected = isFinal(order) ? 'a paid order' : 'the verdict SUCCESS first'
  return new VerdictError(
    'ORDER_STATE',
    `${nameOf(order)} is ${order.state}; expected ${expected}, to refund it`,
  )
}

// ---------------------------------------------------------------- asked for

/** The merchant asks for a refund: its amount is reserved from here on, under the order's version. */
export function onRefundAsked(scene: FinalScene, wish: RefundWish): Change {
  const { order, rules, draft } = scene
  const { refunds } = draft.aftercare
  if (!isKnownAsPaid(order)) throw unpaid(order)
  const known = numbered(refunds, rules.refundNumber(order, wish.key))
  if (known === undefined)
    enter(scene, { ...wish, amount: checkRefund(order, refunds, wish), origin: 'asked' })
  else adopt(scene, known, wish)
  return draft.done()
}

/** WeChat Pay has a refund of this number, made before a backup was restored: it is the one that is asked for. */
function adopt(
  { order, draft, moment }: FinalScene,
  known: Refund,
  { key, amount, reason }: RefundWish,
): void {
  const { out_refund_no } = known
  if (known.origin !== 'elsewhere' || (amount !== null && amount !== known.amount)) {
    throw new VerdictError(
      'REFUND_CONFLICT',
      `idempotencyKey ${JSON.stringify(key)} of ${nameOf(order)} gives ${out_refund_no}, which is another refund, of ${known.amount}; expected another key`,
    )
  }
  draft.note('refund', { said: known.state, note: `${out_refund_no} is there already` })
  const dueAtMs = isEnded(known) ? null : moment.nowMs
  draft.refund({ ...known, key, reason, origin: 'asked', dueAtMs })
}

function enter(
  { order, rules, draft, moment: { nowMs } }: FinalScene,
  {
    key,
    amount,
    reason,
    origin,
  }: { key: string; amount: number; reason: string | null; origin: Refund['origin'] },
): void {
  const out_refund_no = rules.refundNumber(order, key)
  const nothing = { sentAtMs: null, unansweredAtMs: null, said: null, refund_id: null, success_time: null }
  const life = { state: 'queued', dueAtMs: nowMs, attempts: 0, pauses: 0, ...nothing } as const
  draft.note('refund', { said: 'queued', note: `${out_refund_no}: ${amount} ${order.currency}` })
  draft.refund({ out_refund_no, key, origin, amount, reason, createdAtMs: nowMs, ...life })
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

/** An old reply over again tells nothing about now. */
function isOld({ moment }: FinalScene, evidence: Evidence, tookMs: number): boolean {
  const askedAtMs = moment.nowMs - tookMs
  return spokenAtMs(evidence, askedAtMs) < askedAtMs
}

/** A signed statement about this refund: the answer to its request, to a query, or a callback. */
function onRefundStatement(
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

/** Money that moved, or may still move, counts, whatever was said before. */
function isAgainstItsEnd({ state }: Refund, { status = 'PROCESSING' }: RefundStatement): boolean {
  return state === 'REFUSED' || (state === 'CLOSED' && status === 'SUCCESS')
}

function told(refund: Refund, { refund_id, success_time }: RefundStatement, status: string): Refund {
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

function end(
  scene: FinalScene,
  refund: Refund,
  state: Extract<RefundState, 'SUCCESS' | 'CLOSED' | 'REFUSED'>,
): void {
  const { draft } = scene
  const ended = { ...refund, state, dueAtMs: null }
  draft.refund(ended)
  draft.note('refund', { said: state, note: `${refund.out_refund_no}: ${money(scene, refund)}` })
  draft.tell({ type: 'order.refund', out_refund_no: refund.out_refund_no })
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

function isAllBack({ order, draft }: FinalScene): boolean {
  return refundedBy(draft.aftercare.refunds) >= order.total
}

function becomesReturned({ draft }: FinalScene): void {
  draft.late({ phase: 'returned', dueAtMs: null })
  draft.compareAt(null)
  draft.note('late-money', { said: 'returned' })
  if (draft.order.attention === 'late_money') draft.patch({ attention: null })
}

// ---------------------------------------------------------------- refused

function onRefundRefused(scene: FinalScene, refund: Refund, { code, message }: Refusal): void {
  const { draft, moment } = scene
  const pauses = refund.pauses + 1
  const refused = { ...refund, said: code, pauses }
  switch (refundReactionTo(code)) {
    case 'short': {
      // The pauses of before, after silence perhaps, are no measure for how long the pool takes to fill.
      const times = refundReactionTo(refund.said ?? '') === 'short' ? pauses : 1
      const short = { ...refused, pauses: times, unansweredAtMs: null }
      queue(scene, short, growing(times, SHORT_MS) * (1 + moment.chance / 4))
      return
    }
    case 'later':
      follow(scene, refused, REFUNDS_APART_MS + endPauseMs(pauses, moment.chance))
      return
    case 'ask':
      follow(scene, refused, endPauseMs(pauses, moment.chance))
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
      followSlowly(scene, { ...refund, said: code }, ALARM_MS)
  }
}

/** Query Refund is refused. "No such refund" after a request without an answer: the same number is sent again. */
function onQueryRefused(scene: FinalScene, refund: Refund, { code, message }: Refusal, tookMs: number): void {
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
  if (refund.said === null || refundReactionTo(refund.said) !== 'refused') {
    // Nothing refused the latest attempt for good, and a dead process may have left it: it may still be accepted.
    const unanswered = { ...refund, unansweredAtMs: refund.sentAtMs }
    queue(scene, unanswered, endPauseMs(refund.pauses, moment.chance))
    return
  }
  const countsFromMs = (refund.unansweredAtMs ?? Number.NEGATIVE_INFINITY) + USABLE_MS + 1
  if (moment.nowMs - tookMs < countsFromMs) {
    // An attempt without an answer may still be accepted.
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

/** WeChat Pay's own trouble, or too many calls: a question is repeated, and needs no person. */
function isPassing(code: string): boolean {
  const reaction = refundReactionTo(code)
  return reaction === 'ask' || reaction === 'later'
}

// ---------------------------------------------------------------- no answer

/** Nothing is known, 429 included: query, and then the same number again. */
function onRefundSilent(scene: FinalScene, refund: Refund, call: RefundCall, outcome: NoAnswer): void {
  const { moment } = scene
  const pauses = refund.pauses + 1
  const pauseMs = Math.max(restMs(outcome), endPauseMs(pauses, moment.chance))
  if (call !== 'refund') follow(scene, { ...refund, pauses }, pauseMs)
  else if (outcome.sent) follow(scene, { ...refund, pauses, unansweredAtMs: refund.sentAtMs }, pauseMs)
  else queue(scene, { ...refund, pauses }, pauseMs)
}

// ---------------------------------------------------------------- all refunds of the order

/** All refunds of the order were asked for: those that others made are counted from now on. */
export function onAllRefunds(
  scene: FinalScene,
  { outcome, earlier, tookMs }: Extract<Learnt, { call: 'queryRefunds' }>,
): Change | null {
  const { draft, moment, order } = scene
  if (draft.aftercare.compareAtMs === null) return null
  const again = (): Change => {
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
      if (!saysNoSuchRefund(outcome.code) && !isPassing(outcome.code))
        draft.attend('call_refused', `queryRefunds: ${outcome.code} ${outcome.message}`)
      return again()
    case 'no-answer':
      noteSilence(scene, 'queryRefunds', outcome, tookMs)
      return again()
  }
}

function onEveryRefund(scene: FinalScene, page: RefundPage, evidence: Evidence): Change {
  const { draft } = scene
  draft.compareAt(null)
  for (const statement of page.refunds) count(scene, statement, evidence)
  if (draft.aftercare.late?.phase === 'compare') refundWhatIsLeft(scene)
  followOthers(scene)
  return draft.done()
}

/** While a refund that others made is open, all of the order are asked for again. */
function followOthers(scene: FinalScene): void {
  const { draft, moment } = scene
  const { nowMs } = moment
  const { refunds, compareAtMs } = draft.aftercare
  const open = refunds.find((refund) => refund.origin === 'elsewhere' && !isEnded(refund))
  if (open === undefined || compareAtMs !== null) return
  attendOverdue(scene, open)
  draft.compareAt(nowMs + Math.round(between((nowMs - open.createdAtMs) / 4, PROCESSING_MS)))
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

function numbered(refunds: readonly Refund[], out_refund_no: string | undefined): Refund | undefined {
  return refunds.find((one) => one.out_refund_no === out_refund_no)
}

/** By our number, or by WeChat Pay's: somebody else's refund may come without ours at one time, and with it at another. */
function meantIn(
  refunds: readonly Refund[],
  { out_refund_no, refund_id }: RefundStatement,
): Refund | undefined {
  return (
    numbered(refunds, out_refund_no) ??
    refunds.find((one) => one.refund_id !== null && one.refund_id === refund_id)
  )
}

/** Somebody else's number may be missing; WeChat Pay's own never is. */
function numberOf({ out_refund_no, refund_id }: RefundStatement): string {
  return out_refund_no ?? refund_id ?? ''
}

/** A refund that we didn't ask for: made on the merchant platform, by other code, or before a backup was restored. */
function found(scene: FinalScene, statement: RefundStatement): void {
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
    return
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
}

function followElsewhere(scene: FinalScene, refund: Refund, statement: RefundStatement): void {
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

// ---------------------------------------------------------------- callbacks

/** A verified callback about a refund, of ours or of others. Null: known already. */
export function onRefundCallbackAfterwards(
  scene: FinalScene,
  statement: RefundStatement,
  evidence: Evidence,
): Change | null {
  const { order, draft, moment } = scene
  const out_refund_no = numberOf(statement)
  const refund = meantIn(draft.aftercare.refunds, statement)
  if (refund !== undefined && isKnown(refund, statement)) return null
  draft.note('callback', { said: `refund ${statement.status}`, note: out_refund_no })
  const fit = refundFitOf(
    order,
    refund ?? { out_refund_no, amount: statement.amount?.refund ?? 0 },
    statement,
  )
  if (fit.fit !== 'names it') {
    draft.keep(evidence)
    if (fit.fit === 'contradicts') draft.attend('refund_mismatch', fit.note)
    draft.refuses = fit.fit === 'contradicts' ? fit.note : `${fit.absent} is missing`
    if (refund !== undefined && !isEnded(refund) && refund.origin !== 'elsewhere') follow(scene, refund, 0)
    return draft.done()
  }
  if (!isKnownAsPaid(order)) {
    // Somebody refunded what we hold for unpaid: it comes again, and is counted, once a query says that it is paid.
    draft.keep(evidence)
    draft.refuses = `the order is ${order.state}, and not known to be paid`
    draft.setLate(order.aftercare?.late ?? suspicion(moment.nowMs))
    return draft.done()
  }
  if (refund === undefined || refund.origin === 'elsewhere') {
    draft.keep(evidence)
    if (refund === undefined) found(scene, statement)
    else followElsewhere(scene, refund, statement)
    followOthers(scene)
  } else onRefundStatement(scene, refund, 'callback', statement, evidence)
  return draft.done()
}

/** A repeat, or an older word than what we know. */
function isKnown(refund: Refund, statement: RefundStatement): boolean {
  const { status, amount } = statement
  if (amount?.refund !== undefined && amount.refund !== refund.amount) return false
  if (isEnded(refund)) return !isAgainstItsEnd(refund, statement)
  return status === 'ABNORMAL' && refund.said === 'ABNORMAL'
}

// ---------------------------------------------------------------- due times

/** Asked about after `pauseMs`. What was sent and not accepted stays `requesting`. */
function follow(scene: FinalScene, refund: Refund, pauseMs: number): void {
  const { draft, moment } = scene
  attendOverdue(scene, refund)
  const state = refund.state === 'queued' ? 'requesting' : refund.state
  draft.refund({ ...refund, state, dueAtMs: moment.nowMs + Math.round(pauseMs) })
}

/** The reply told nothing: the same question again, with growing pauses. */
function followAgain(scene: FinalScene, refund: Refund): void {
  const pauses = refund.pauses + 1
  follow(scene, { ...refund, pauses }, endPauseMs(pauses, scene.moment.chance))
}

/** Ever more slowly: only a person can bring it further. */
function followSlowly(scene: FinalScene, refund: Refund, bounds: { min: number; max: number }): void {
  const pauses = refund.pauses + 1
  follow(scene, { ...refund, pauses }, growing(pauses, bounds))
}

/** Sent, once more perhaps, after `pauseMs`. What a callback said was accepted meanwhile is only asked about. */
function queue(scene: FinalScene, refund: Refund, pauseMs: number): void {
  if (refund.state === 'processing') {
    follow(scene, refund, pauseMs)
    return
  }
  const { draft, moment } = scene
  attendOverdue(scene, refund)
  draft.refund({ ...refund, state: 'queued', dueAtMs: moment.nowMs + Math.round(pauseMs) })
}

/** It has not ended for days: a person should look, unless one is told more than that already. */
function attendOverdue({ draft, moment }: FinalScene, { out_refund_no, createdAtMs, said }: Refund): void {
  const sinceMs = moment.nowMs - createdAtMs
  if (sinceMs <= OVERDUE_MS || draft.order.attention !== null) return
  draft.attend(
    'refund_overdue',
    `${out_refund_no} has not ended for ${Math.floor(sinceMs / DAY_MS)} days: ${said}`,
  )
}

function growing(times: number, { min, max }: { min: number; max: number }): number {
  return Math.min(min * 2 ** Math.max(0, times - 1), max)
}

function between(ms: number, { min, max }: { min: number; max: number }): number {
  return Math.min(Math.max(ms, min), max)
}

function money({ order }: FinalScene, { amount }: Refund): string {
  return `${amount} ${order.currency}`
}
