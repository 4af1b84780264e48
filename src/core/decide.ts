import { type AttentionCode, afterAnswer, stopsEnding } from './attention.ts'
import type { Call, Change } from './change.ts'
import { Draft } from './draft.ts'
import type { Ending, OpenOrder, RevokeTrail } from './order.ts'
import type { Credential, Evidence, NoAnswer, Outcome, Placed, Refusal, TradeStatement } from './outcome.ts'
import { endableAtMs, type Moment, type Plan, retryPauseMs } from './plan.ts'
import { reactionTo } from './reaction.ts'
import { fitOf } from './statement.ts'
import { meaningOf } from './trade-state.ts'

/** Something that was learnt about one order, from WeChat Pay or from the merchant. */
export type Learnt =
  | { readonly call: 'place'; readonly outcome: Outcome<Placed>; readonly tookMs: number }
  | { readonly call: 'query'; readonly outcome: Outcome<TradeStatement>; readonly tookMs: number }
  | { readonly call: 'close' | 'reverse'; readonly outcome: Outcome<'done'>; readonly tookMs: number }
  /** The merchant no longer wants the order. */
  | { readonly call: 'give-up' }

/** What holds for the order's account and kind. */
export interface Rules {
  readonly plan: Plan
  /** Whether an unsigned "no such order" counts like a signed one. */
  readonly believesUnsignedUnknown: boolean
}

/** Placing requests of one order, the first included. Quick Pay is placed once, whatever happens. */
export const PLACINGS_MAX = 4
/** A signed request stays usable for 300 s (WeChat Pay's limit) and a margin: until then it may still take effect. */
export const USABLE_MS = 310_000
/** Two "no such order" count only this far apart. Source: WeChat Pay's advice to wait 30 s and query again. */
export const UNKNOWN_APART_MS = 30_000
/** A revoke refused because the customer is paying is repeated after these pauses. Source: Global v3, Reverse Order. */
const PAYING_PAUSES_MS = [5_000, 10_000, 20_000] as const
/** An accepted revoke or close that doesn't show yet is sent again after so many queries. */
const CONFIRMATIONS_MAX = 3
/** Questions that a person has to look at, or that WeChat Pay refuses, are repeated at this pace. */
const SLOW_MS = 30_000
const RATE_LIMITED_MS = 5_000

/**
 * The one road to a change of an order: the order as it is, what was learnt, the rules and the moment give what is to
 * be written. Pure; the same arguments give the same change.
 *
 * No outcome without evidence leads to a final state, and no code does: a code names the next call.
 */
export function decide(order: OpenOrder, learnt: Learnt, rules: Rules, moment: Moment): Change {
  const scene: Scene = { order, rules, moment, draft: new Draft(order, moment.nowMs) }
  switch (learnt.call) {
    case 'give-up':
      return onGiveUp(scene)
    case 'place':
      return onPlaced(scene, learnt)
    case 'query':
      return onQueried(scene, learnt)
    case 'close':
    case 'reverse':
      return onEndCall(scene, learnt)
  }
}

interface Scene {
  readonly order: OpenOrder
  readonly rules: Rules
  readonly moment: Moment
  readonly draft: Draft
}

function onGiveUp({ order, draft, moment: { nowMs } }: Scene): Change {
  draft.note('give-up')
  draft.patch({ givenUpAtMs: order.givenUpAtMs ?? nowMs })
  if (order.state === 'ending') return draft.ending(order.ending, order.dueAtMs)
  if (stopsEnding(order.attention)) return draft.asBefore(order.dueAtMs)
  draft.note('ending', { said: 'given up' })
  return draft.ending(NEW_ENDING, nowMs)
}

// ---------------------------------------------------------------- placing

function onPlaced(scene: Scene, { outcome, tookMs }: Extract<Learnt, { call: 'place' }>): Change {
  switch (outcome.kind) {
    case 'answer':
      return outcome.value.kind === 'trade'
        ? onStatement(scene, 'place', outcome.value.trade, outcome.evidence, tookMs)
        : onCredential(scene, outcome.value.credential, tookMs)
    case 'refusal':
      return onPlacingRefused(scene, outcome, tookMs)
    case 'no-answer':
      return onPlacingSilent(scene, outcome, tookMs)
  }
}

function onCredential(scene: Scene, credential: Credential, tookMs: number): Change {
  const { order, draft } = scene
  draft.note('answer', { call: 'place', said: credential.name, tookMs })
  draft.credential = credential
  draft.patch({ silence: 0, attention: afterAnswer(order.attention) })
  return order.state === 'placing' ? draft.waiting(next(scene)) : draft.asBefore(order.dueAtMs)
}

function onPlacingRefused(scene: Scene, { code, message }: Refusal, tookMs: number): Change {
  const { order, draft, moment } = scene
  draft.note('refusal', { call: 'place', said: code, note: message, tookMs })
  draft.patch({ silence: 0 })
  const reaction = reactionTo('place', code)
  switch (reaction) {
    case 'declined':
      draft.patch({ declined: true })
      break
    case 'alarm':
      draft.patch({ declined: true })
      draft.attend('call_refused', `place: ${code}`)
      break
    case 'used':
      draft.attend('number_used', 'WeChat Pay has this number with other parameters')
      break
    case 'again':
      return onPlacingOpen(scene)
    case 'ask':
    case 'paying':
    case 'unknown':
      break
  }
  // Rule 1.3: a reply that says anything but success is followed by a query, at once.
  return order.state === 'ending' ? draft.ending(order.ending, moment.nowMs) : draft.waiting(moment.nowMs)
}

function onPlacingSilent(scene: Scene, outcome: NoAnswer, tookMs: number): Change {
  noteSilence(scene, 'place', outcome, tookMs)
  return onPlacingOpen(scene)
}

/** The reply left open what came of the request: Quick Pay is asked about, the others are repeated with the same bytes. */
function onPlacingOpen(scene: Scene): Change {
  const { order, draft, moment } = scene
  if (order.state !== 'placing') return draft.asBefore(order.dueAtMs)
  const repeatable = order.kind !== 'quick_pay' && order.placings < PLACINGS_MAX
  return repeatable
    ? draft.placing(moment.nowMs + retryPauseMs(order.silence + 1, moment.chance))
    : draft.waiting(next(scene))
}

// ---------------------------------------------------------------- queries

function onQueried(scene: Scene, { outcome, tookMs }: Extract<Learnt, { call: 'query' }>): Change {
  switch (outcome.kind) {
    case 'answer':
      return onStatement(scene, 'query', outcome.value, outcome.evidence, tookMs)
    case 'refusal':
      return onQueryRefused(scene, outcome, tookMs)
    case 'no-answer':
      return onQuerySilent(scene, outcome, tookMs)
  }
}

function onStatement(
  scene: Scene,
  by: 'place' | 'query',
  trade: TradeStatement,
  evidence: Evidence,
  tookMs: number,
): Change {
  const { order, draft, moment } = scene
  const { trade_state } = trade
  draft.note('answer', { call: by, said: trade_state, tookMs })
  draft.patch({ silence: 0, queries: order.queries + (by === 'query' ? 1 : 0) })

  const fit = fitOf(order, trade)
  if (fit.fit === 'contradicts') {
    draft.keep(evidence)
    draft.attend(fit.attention, fit.note)
    return draft.asBefore(slowly(scene))
  }

  const meaning = meaningOf(trade_state)
  if (meaning === 'unknown') {
    draft.keep(evidence)
    draft.attend('unknown_trade_state', `trade_state is ${trade_state}`)
    return draft.asBefore(slowly(scene))
  }
  draft.saw(trade_state)

  if (meaning === 'open' || meaning === 'failed') return onOpen(scene, meaning, by)
  if (fit.fit === 'incomplete') {
    if (by === 'place') return draft.asBefore(moment.nowMs)
    draft.keep(evidence)
    draft.attend('incomplete_statement', `${trade_state} without ${fit.absent}`)
    return draft.asBefore(slowly(scene))
  }
  if (meaning === 'paid' && !revokesAreSettled(order, moment.nowMs))
    return onPaidWhileRevoking(scene, evidence)
  return draft.settled(
    meaning === 'paid' ? 'SUCCESS' : meaning === 'closed' ? 'CLOSED' : 'REVOKED',
    by,
    trade,
    evidence,
  )
}

/** A signed answer that is not final. */
function onOpen(scene: Scene, meaning: 'open' | 'failed', by: 'place' | 'query'): Change {
  const { order, rules, moment, draft } = scene
  draft.patch({ unknownAtMs: null, attention: afterAnswer(order.attention) })
  if (order.state === 'ending') return onOpenWhileEnding(scene, order.ending)

  const why =
    meaning === 'failed'
      ? 'payment failed'
      : order.declined && by === 'query'
        ? 'placing refused'
        : rules.plan.isOver(draft.order, moment.nowMs)
          ? 'window over'
          : null
  if (why !== null && mayEnd(draft.order)) {
    draft.note('ending', { said: why })
    return onOpenWhileEnding(scene, NEW_ENDING)
  }
  return draft.waiting(why === null ? next(scene) : slowly(scene))
}

function onOpenWhileEnding(scene: Scene, ending: Ending): Change {
  const { order, draft, moment } = scene
  if (!mayEnd(draft.order)) return draft.ending({ ...ending, phase: 'ask' }, slowly(scene))
  switch (ending.phase) {
    case 'ask': {
      const fromMs = endableAtMs(order)
      return moment.nowMs >= fromMs
        ? draft.ending({ ...ending, phase: 'act' }, moment.nowMs)
        : draft.ending(ending, Math.min(next(scene), fromMs))
    }
    case 'act':
      return draft.ending(ending, moment.nowMs)
    case 'confirm': {
      const confirmations = ending.confirmations + 1
      return confirmations < CONFIRMATIONS_MAX
        ? draft.ending(
            { ...ending, confirmations },
            moment.nowMs + retryPauseMs(confirmations, moment.chance),
          )
        : draft.ending({ ...ending, phase: 'act' }, moment.nowMs + retryPauseMs(ending.calls, moment.chance))
    }
  }
}

function onQueryRefused(scene: Scene, { code, message, evidence }: Refusal, tookMs: number): Change {
  const { order, draft } = scene
  draft.note('refusal', { call: 'query', said: code, tookMs })
  draft.patch({ silence: 0, queries: order.queries + 1 })
  switch (reactionTo('query', code)) {
    case 'unknown':
      return onUnknown(scene, evidence, tookMs)
    case 'alarm':
    case 'declined':
    case 'used':
      draft.attend('call_refused', `query: ${code} ${message}`)
      return draft.asBefore(slowly(scene))
    case 'again':
    case 'ask':
    case 'paying':
      return draft.asBefore(next(scene))
  }
}

/**
 * WeChat Pay says that it doesn't know the number. That ends the order only as design section 2 says: twice, apart,
 * long enough after the last placing that none of its requests can still take effect, for an order that we placed and
 * that was never seen in a state.
 */
function onUnknown(scene: Scene, evidence: Evidence | null, tookMs: number): Change {
  const { order, draft, moment } = scene
  if (evidence) draft.keep(evidence)
  if (order.seen !== null || order.origin === 'tracked') {
    draft.attend('vanished', 'WeChat Pay does not know this order (any more)')
    return draft.asBefore(slowly(scene))
  }
  const askedAtMs = moment.nowMs - tookMs
  const countsFromMs = order.latestPlacingAtMs + USABLE_MS + 1
  if (askedAtMs < countsFromMs) return draft.asBefore(sooner(scene, countsFromMs))
  if (order.unknownAtMs === null) {
    draft.patch({ unknownAtMs: askedAtMs })
    return draft.asBefore(sooner(scene, askedAtMs + UNKNOWN_APART_MS))
  }
  const apartAtMs = order.unknownAtMs + UNKNOWN_APART_MS
  return askedAtMs >= apartAtMs ? draft.notCreated(evidence) : draft.asBefore(sooner(scene, apartAtMs))
}

/** The schedule's next query, at most 30 s away once the window is over, or `atMs` if that comes first. */
function sooner(scene: Scene, atMs: number): number {
  const { order, moment } = scene
  const nextMs = moment.nowMs < order.windowEndAtMs ? next(scene) : moment.nowMs + UNKNOWN_APART_MS
  return Math.max(Math.min(nextMs, atMs), moment.nowMs + 1)
}

function onQuerySilent(scene: Scene, outcome: NoAnswer, tookMs: number): Change {
  const { draft, rules, moment } = scene
  const unknown = outcome.reason === 'unsigned' && reactionTo('query', outcome.claims ?? '') === 'unknown'
  noteSilence(scene, 'query', outcome, tookMs)
  if (unknown && rules.believesUnsignedUnknown) {
    draft.patch({ silence: 0, queries: scene.order.queries + 1 })
    return onUnknown(scene, null, tookMs)
  }
  if (unknown) draft.attend('unsigned_unknown', 'the reply is not signed, so it does not count')
  const pauseMs = outcome.reason === 'rate-limited' ? RATE_LIMITED_MS : 0
  return draft.asBefore(Math.max(next(scene), moment.nowMs + pauseMs))
}

// ---------------------------------------------------------------- ending

const NEW_ENDING: Ending = {
  phase: 'ask',
  calls: 0,
  confirmations: 0,
  revoke: { inFlightAtMs: null, unansweredAtMs: null, accepted: false },
}

function onEndCall(
  scene: Scene,
  { call, outcome, tookMs }: Extract<Learnt, { call: 'close' | 'reverse' }>,
): Change {
  const { order, draft, moment } = scene
  if (order.state !== 'ending') return draft.asBefore(order.dueAtMs)
  const ending = { ...order.ending, revoke: afterCall(order.ending.revoke, outcome) }
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
      // Once a revoke has left it is repeated until it is answered: it may still take effect, and returns the money.
      return draft.ending(ending, moment.nowMs + retryPauseMs(order.silence + 1, moment.chance))
  }
}

function onEndRefused(
  scene: Scene,
  call: 'close' | 'reverse',
  ending: Ending,
  { code, message, evidence }: Refusal,
  tookMs: number,
): Change {
  const { draft, moment } = scene
  draft.note('refusal', { call, said: code, note: message, tookMs })
  draft.keep(evidence)
  draft.patch({ silence: 0 })
  const again = retryPauseMs(ending.calls, moment.chance)
  switch (reactionTo(call, code)) {
    case 'ask':
      return draft.ending({ ...ending, phase: 'confirm', confirmations: 0 }, moment.nowMs)
    case 'paying':
      return draft.ending(ending, moment.nowMs + (PAYING_PAUSES_MS[ending.calls - 1] ?? SLOW_MS))
    case 'again':
      return draft.ending({ ...ending, phase: 'ask' }, moment.nowMs + again)
    case 'unknown':
      return draft.ending({ ...ending, phase: 'ask' }, moment.nowMs + SLOW_MS)
    case 'alarm':
    case 'declined':
    case 'used':
      // One refusal may be our clock, a few ms ahead of theirs; a second one is for a person.
      if (ending.calls > 1) draft.attend('call_refused', `${call}: ${code} ${message}`)
      return draft.ending({ ...ending, phase: 'ask' }, moment.nowMs + Math.max(again, RATE_LIMITED_MS))
  }
}

/** What a revoke's outcome leaves open. Only a verified answer or refusal accounts for it. */
function afterCall(trail: RevokeTrail, outcome: Outcome<'done'>): RevokeTrail {
  const { inFlightAtMs, unansweredAtMs } = trail
  if (inFlightAtMs === null) return trail
  if (outcome.kind === 'answer') return { ...trail, inFlightAtMs: null, accepted: true }
  const mayHaveLeft = outcome.kind === 'no-answer' && outcome.sent
  return {
    ...trail,
    inFlightAtMs: null,
    unansweredAtMs: mayHaveLeft ? Math.max(inFlightAtMs, unansweredAtMs ?? 0) : unansweredAtMs,
  }
}

/**
 * Whether "paid" may be believed to stay: every revoke that was sent was refused in a verified answer, or is so old
 * that WeChat Pay refuses its timestamp.
 */
function revokesAreSettled(order: OpenOrder, nowMs: number): boolean {
  if (order.state !== 'ending') return true
  const { inFlightAtMs, unansweredAtMs, accepted } = order.ending.revoke
  if (accepted) return false
  const lastMs = Math.max(inFlightAtMs ?? 0, unansweredAtMs ?? 0)
  return nowMs - lastMs > USABLE_MS
}

function onPaidWhileRevoking(scene: Scene, evidence: Evidence): Change {
  const { order, draft, moment } = scene
  if (order.state !== 'ending') return draft.asBefore(slowly(scene))
  draft.keep(evidence)
  const { ending } = order
  // The last revoke got no answer: repeat it. It was answered: only time, or the next statement, can tell.
  if (ending.phase !== 'confirm') return draft.ending({ ...ending, phase: 'act' }, moment.nowMs)
  const confirmations = ending.confirmations + 1
  if (ending.revoke.accepted && confirmations >= CONFIRMATIONS_MAX) {
    draft.attend('paid_after_revoke', 'WeChat Pay accepted the revoke and states that the order is paid')
  }
  return draft.ending(
    { ...ending, phase: 'confirm', confirmations },
    moment.nowMs + retryPauseMs(confirmations, moment.chance),
  )
}

// ---------------------------------------------------------------- shared

function mayEnd(order: OpenOrder): boolean {
  return (order.mayEnd || order.givenUpAtMs !== null) && !stopsEnding(order.attention)
}

const SILENCE_ATTENTION: Partial<Record<NoAnswer['reason'], AttentionCode>> = {
  'key-refused': 'key_refused',
  'unknown-key': 'key_unknown',
}

function noteSilence({ order, draft }: Scene, call: Call, outcome: NoAnswer, tookMs: number): void {
  const { reason, claims, status, detail } = outcome
  draft.note('no-answer', {
    call,
    said: claims ?? (status === undefined ? reason : `${reason} ${status}`),
    note: detail,
    tookMs,
  })
  draft.patch({ silence: order.silence + 1 })
  const attention = SILENCE_ATTENTION[reason]
  if (attention !== undefined) draft.attend(attention, detail)
}

/** When the policy queries next, with what this step already changed. */
function next({ draft, rules, moment }: Scene): number {
  return rules.plan.next(draft.order, moment)
}

function slowly(scene: Scene): number {
  return Math.max(next(scene), scene.moment.nowMs + SLOW_MS)
}
