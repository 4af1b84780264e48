import { afterAnswer, stopsEnding } from './attention.ts'
import type { Change } from './change.ts'
import { NEW_ENDING, onOpenWhileEnding, onPaidWhileRevoking, revokesAreSettled } from './ending.ts'
import { lateOf } from './late-money.ts'
import type { Evidence, NoAnswer, Refusal, TradeStatement } from './outcome.ts'
import { QUERIES_APART_MS } from './plan.ts'
import { reactionTo } from './reaction.ts'
import {
  inRhythm,
  type Learnt,
  mayEnd,
  next,
  noteSilence,
  restMs,
  type Scene,
  SLOW_MS,
  slowly,
  spokenAtMs,
  UNKNOWN_MS,
  USABLE_MS,
} from './scene.ts'
import { fitOf } from './statement.ts'
import { meaningOf } from './trade-state.ts'

/** No call takes longer: 10 s until it leaves and 20 s until it is read. A process that was stopped hears it later. */
const CALL_MS_MAX = 30_000

/** WeChat Pay signs whole seconds. */
const SIGNED_TO_THE_MS = 1_000
/** By its own clock WeChat Pay takes nothing that was signed 300 s ago: the margin for ours is not needed, but for that second. */
const THEIR_MARGIN_MS = USABLE_MS - 300_000 - SIGNED_TO_THE_MS

/** What becomes of an order when a query came back, or didn't. */
export function onQueried(scene: Scene, { outcome, tookMs }: Extract<Learnt, { call: 'query' }>): Change {
  switch (outcome.kind) {
    case 'answer':
      return onStatement(scene, 'query', outcome.value, outcome.evidence, tookMs)
    case 'refusal':
      return onQueryRefused(scene, outcome, tookMs)
    case 'no-answer':
      return onQuerySilent(scene, outcome, tookMs)
  }
}

/** A signed statement about the order. It makes the verdict if it is final, fits, and no revoke can still overtake it. */
export function onStatement(
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
    return draft.asBefore(inRhythm(scene))
  }
  draft.saw(trade_state)

  if (meaning === 'open' || meaning === 'failed') return onOpen(scene, meaning, by, tookMs)
  if (fit.fit === 'incomplete') {
    if (by === 'place') return draft.asBefore(moment.nowMs)
    draft.keep(evidence)
    draft.attend('incomplete_statement', `${trade_state} without ${fit.absent}`)
    return draft.asBefore(slowly(scene))
  }
  if (meaning !== 'paid')
    return draft.settled(meaning === 'closed' ? 'CLOSED' : 'REVOKED', by, trade, evidence)
  // What counts is when it was asked: a revoke may have taken effect while the answer was on its way.
  const askedAtMs = moment.nowMs - tookMs
  const toldAtMs = spokenAtMs(evidence, askedAtMs)
  // Whether a revoke is too old to be taken, WeChat Pay decides by its own clock.
  const theirsMs = Number(evidence.timestamp) * 1_000 + THEIR_MARGIN_MS
  if (order.state === 'ending' && !revokesAreSettled(order.ending.revoke, Math.min(toldAtMs, theirsMs))) {
    // An old reply over again, from before the revoke was too old to take effect.
    if (revokesAreSettled(order.ending.revoke, askedAtMs)) return draft.asBefore(moment.nowMs + SLOW_MS)
    return onPaidWhileRevoking(scene, order.ending, evidence)
  }
  return draft.settled(
    'SUCCESS',
    by,
    trade,
    evidence,
    lateOf(scene, trade, toldAtMs === askedAtMs ? askedAtMs : null),
  )
}

/** A signed answer that is not final. */
function onOpen(scene: Scene, meaning: 'open' | 'failed', by: 'place' | 'query', tookMs: number): Change {
  const { order, moment, draft } = scene
  draft.patch({ unknownAtMs: null, attention: afterAnswer(order.attention) })
  // "Query once more, then revoke or close": the reply to a placing is no such query, nor is an answer that waited for us.
  const isQuery = by === 'query' && tookMs <= CALL_MS_MAX
  if (order.state === 'ending') {
    return isQuery ? onOpenWhileEnding(scene, order.ending) : draft.asBefore(order.dueAtMs)
  }
  const why = whyItEnds(scene, meaning, by)
  if (why === null) {
    // A reply to the placing that was written late: the order may have been asked about since, and goes on from there.
    return by === 'place' && order.state !== 'placing'
      ? draft.asBefore(order.dueAtMs)
      : draft.waiting(next(scene))
  }
  if (!mayEnd(draft.order)) return draft.waiting(slowly(scene))
  draft.note('ending', { said: why })
  return isQuery ? onOpenWhileEnding(scene, NEW_ENDING) : draft.ending(NEW_ENDING, moment.nowMs)
}

/** Why an order that is not paid is not waited for any longer, in words; null while it is. */
function whyItEnds(
  { order, rules, moment, draft }: Scene,
  meaning: 'open' | 'failed',
  by: 'place' | 'query',
): string | null {
  if (order.givenUpAtMs !== null) return 'given up'
  if (meaning === 'failed') return 'payment failed'
  if (order.declined && by === 'query') return 'placing refused'
  return rules.plan.isOver(draft.order, moment.nowMs) ? 'window over' : null
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
 * that was never seen in a state. A mark about identity or money tells of a statement, so it was seen.
 */
function onUnknown(scene: Scene, evidence: Evidence | null, tookMs: number): Change {
  const { order, draft, moment } = scene
  if (evidence) draft.keep(evidence)
  if (order.seen !== null || order.origin === 'tracked' || stopsEnding(order.attention)) {
    draft.attend('vanished', 'WeChat Pay does not know this order (any more)')
    return draft.asBefore(inRhythm(scene))
  }
  const askedAtMs = moment.nowMs - tookMs
  const toldAtMs = evidence === null ? askedAtMs : spokenAtMs(evidence, askedAtMs)
  const countsFromMs = order.latestPlacingAtMs + USABLE_MS + 1
  if (toldAtMs < countsFromMs)
    return draft.asBefore(sooner(scene, askedAtMs < countsFromMs ? countsFromMs : askedAtMs + SLOW_MS))
  const signedAtMs = evidence === null ? askedAtMs : Number(evidence.timestamp) * 1000
  if (order.unknownAtMs === null) {
    // Signed before any could count: it may be one of those that came then, come again.
    if (signedAtMs + SIGNED_TO_THE_MS <= countsFromMs)
      return draft.asBefore(sooner(scene, askedAtMs + SLOW_MS))
    const unknownAtMs = Math.max(askedAtMs, signedAtMs)
    draft.patch({ unknownAtMs })
    return draft.asBefore(sooner(scene, unknownAtMs + UNKNOWN_MS))
  }
  const apartAtMs = order.unknownAtMs + UNKNOWN_MS
  if (askedAtMs < apartAtMs) return draft.asBefore(sooner(scene, apartAtMs))
  // Signed too soon after the first: an answer that came before, come again. Two must be two, and apart.
  const isAnother = evidence === null || signedAtMs + SIGNED_TO_THE_MS > apartAtMs
  return isAnother ? draft.notCreated(evidence) : draft.asBefore(sooner(scene, askedAtMs + SLOW_MS))
}

/**
 * The schedule's next query, at most 30 s away once the window is over, or `atMs` if that comes first; never sooner than
 * two queries may follow each other.
 */
function sooner(scene: Scene, atMs: number): number {
  const { order, moment } = scene
  const nextMs = moment.nowMs < order.windowEndAtMs ? next(scene) : moment.nowMs + SLOW_MS
  return Math.max(Math.min(nextMs, atMs), moment.nowMs + QUERIES_APART_MS)
}

function onQuerySilent(scene: Scene, outcome: NoAnswer, tookMs: number): Change {
  const { order, draft, rules, moment } = scene
  const unknown = outcome.reason === 'unsigned' && reactionTo('query', outcome.claims ?? '') === 'unknown'
  noteSilence(scene, 'query', outcome, tookMs)
  if (unknown && rules.believesUnsignedUnknown) {
    draft.patch({ silence: 0, queries: order.queries + 1 })
    return onUnknown(scene, null, tookMs)
  }
  if (unknown) draft.attend('unsigned_unknown', 'the reply is not signed, so it does not count')
  return draft.asBefore(Math.max(next(scene), moment.nowMs + restMs(outcome)))
}
