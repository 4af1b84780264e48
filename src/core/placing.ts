import { afterAnswer } from './attention.ts'
import type { Change } from './change.ts'
import type { Credential, NoAnswer, Refusal } from './outcome.ts'
import { retryPauseMs } from './plan.ts'
import { onStatement } from './querying.ts'
import { reactionTo } from './reaction.ts'
import { type Learnt, next, noteSilence, restMs, type Scene } from './scene.ts'

/** Placing requests of one order, the first included. Quick Pay is placed once, whatever happens. */
export const PLACINGS_MAX = 4

/** What becomes of an order when its placing request came back, or didn't. */
export function onPlaced(scene: Scene, { outcome, tookMs }: Extract<Learnt, { call: 'place' }>): Change {
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
  // A signed credential is WeChat Pay's word that the order exists, to be paid: it can't be "never created" any more.
  const seen = order.seen ?? 'NOTPAY'
  draft.patch({ silence: 0, seen, unknownAtMs: null, attention: afterAnswer(order.attention) })
  return order.state === 'placing' ? draft.waiting(next(scene)) : draft.asBefore(order.dueAtMs)
}

function onPlacingRefused(scene: Scene, { code, message }: Refusal, tookMs: number): Change {
  const { draft, moment } = scene
  draft.note('refusal', { call: 'place', said: code, note: message, tookMs })
  draft.patch({ silence: 0 })
  switch (reactionTo('place', code)) {
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
      return onPlacingOpen(scene, 0)
    case 'ask':
    case 'paying':
    case 'unknown':
      break
  }
  // Rule 1.3: a reply that says anything but success is followed by a query, at once.
  return draft.asBefore(moment.nowMs)
}

function onPlacingSilent(scene: Scene, outcome: NoAnswer, tookMs: number): Change {
  noteSilence(scene, 'place', outcome, tookMs)
  return onPlacingOpen(scene, restMs(outcome))
}

/** The reply left open what came of the request: Quick Pay is asked about, the others are repeated with the same bytes. */
function onPlacingOpen(scene: Scene, leastMs: number): Change {
  const { order, draft, moment } = scene
  if (order.state !== 'placing') return draft.asBefore(order.dueAtMs)
  const repeatable = order.kind !== 'quick_pay' && order.placings < PLACINGS_MAX
  return repeatable
    ? draft.placing(moment.nowMs + Math.max(leastMs, retryPauseMs(order.placings, moment.chance)))
    : draft.waiting(next(scene))
}
