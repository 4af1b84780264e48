import { onAllRefunds } from './all-refunds.ts'
import { stopsEnding } from './attention.ts'
import { onAskedNow, onCallback, onHint, onRefundCallback } from './callback.ts'
import type { Change } from './change.ts'
import { FinalDraft, OpenDraft } from './draft.ts'
import { NEW_ENDING, onEndCall } from './ending.ts'
import {
  onAskedAfterwards,
  onCallbackAfterwards,
  onQueriedAfterwards,
  onStraggler,
  onSuspicion,
} from './late-money.ts'
import { type FinalOrder, isFinal, type OpenOrder, type Order } from './order.ts'
import { onPlaced } from './placing.ts'
import type { Moment } from './plan.ts'
import { onQueried } from './querying.ts'
import { onRefundCallbackAfterwards } from './refund-callback.ts'
import { onRefundAnswered, onRefundAsked, unpaid } from './refunding.ts'
import { onResolved, onResolvedAfterwards } from './resolving.ts'
import type { FinalScene, Learnt, Rules, Scene } from './scene.ts'

export { PLACINGS_MAX } from './placing.ts'
export type { Learnt, RefundWish, Rules } from './scene.ts'
export { UNKNOWN_MS, USABLE_MS } from './scene.ts'

/**
 * The one road to a change of an order: the order as it is, what was learnt, the rules and the moment give what is to
 * be written. Pure; the same arguments give the same change.
 *
 * No outcome without evidence leads to a final state, and no code does: a code names the next call. A verdict never
 * changes: what is learnt after it is about late money and refunds, or nothing new.
 *
 * @returns null if nothing is new; never for an order without verdict
 * @throws ORDER_STATE, REFUND_INVALID, REFUND_EXCEEDS or REFUNDS_TOO_MANY for a refund that can't be asked for, ORDER_STATE
 * for a mark that can't be answered like this
 */
export function decide(order: OpenOrder, learnt: Learnt, rules: Rules, moment: Moment): Change
export function decide(order: Order, learnt: Learnt, rules: Rules, moment: Moment): Change | null
export function decide(order: Order, learnt: Learnt, rules: Rules, moment: Moment): Change | null {
  return isFinal(order) ? afterwards(order, learnt, rules, moment) : beforehand(order, learnt, rules, moment)
}

function beforehand(order: OpenOrder, learnt: Learnt, rules: Rules, moment: Moment): Change {
  const scene: Scene = { order, rules, moment, draft: new OpenDraft(order, moment.nowMs) }
  switch (learnt.call) {
    case 'give-up':
      return onGiveUp(scene, learnt.by)
    case 'place':
      return onPlaced(scene, learnt)
    case 'query':
      return onQueried(scene, learnt)
    case 'close':
    case 'reverse':
      return onEndCall(scene, learnt)
    case 'callback':
      return onCallback(scene, learnt.trade, learnt.evidence)
    case 'refund-callback':
      return onRefundCallback(scene, learnt.refund, learnt.evidence)
    case 'hint':
      return onHint(scene)
    case 'ask-now':
      return onAskedNow(scene, learnt.by)
    case 'resolve':
      return onResolved(scene, learnt)
    case 'ask-refund':
    case 'refund':
    case 'queryRefund':
    case 'queryRefunds':
      throw unpaid(order)
  }
}

function afterwards(order: FinalOrder, learnt: Learnt, rules: Rules, moment: Moment): Change | null {
  const scene: FinalScene = { order, rules, moment, draft: new FinalDraft(order, moment.nowMs) }
  switch (learnt.call) {
    case 'query':
      return onQueriedAfterwards(scene, learnt.outcome, learnt.tookMs)
    case 'place':
      return learnt.outcome.kind === 'answer' && learnt.outcome.value.kind === 'trade'
        ? onStraggler(scene, { ...learnt.outcome, value: learnt.outcome.value.trade })
        : null
    case 'callback':
      return onCallbackAfterwards(scene, learnt.trade, learnt.evidence)
    case 'refund-callback':
      return onRefundCallbackAfterwards(scene, learnt.refund, learnt.evidence)
    case 'hint':
      return onSuspicion(scene)
    case 'ask-now':
      return onAskedAfterwards(scene, learnt.by)
    case 'resolve':
      return onResolvedAfterwards(scene, learnt)
    case 'ask-refund':
      return onRefundAsked(scene, learnt)
    case 'refund':
    case 'queryRefund':
      return onRefundAnswered(scene, learnt)
    case 'queryRefunds':
      return onAllRefunds(scene, learnt)
    case 'close':
    case 'reverse':
    case 'give-up':
      return null
  }
}

function onGiveUp({ order, draft, moment: { nowMs } }: Scene, by: string | undefined): Change {
  draft.note('give-up', by === undefined ? {} : { note: by })
  draft.goOn()
  draft.patch({ givenUpAtMs: order.givenUpAtMs ?? nowMs })
  if (order.state === 'ending') return draft.ending(order.ending, order.dueAtMs)
  // The wish is kept: the first answer after the mark is gone starts the ending.
  if (stopsEnding(order.attention)) return draft.asBefore(order.dueAtMs)
  draft.note('ending', { said: 'given up' })
  return draft.ending(NEW_ENDING, nowMs)
}
