import { stopsEnding } from './attention.ts'
import type { Change } from './change.ts'
import { Draft } from './draft.ts'
import { NEW_ENDING, onEndCall } from './ending.ts'
import type { OpenOrder } from './order.ts'
import { onPlaced } from './placing.ts'
import type { Moment } from './plan.ts'
import { onQueried } from './querying.ts'
import type { Learnt, Rules, Scene } from './scene.ts'

export { PLACINGS_MAX } from './placing.ts'
export { UNKNOWN_APART_MS } from './querying.ts'
export type { Learnt, Rules } from './scene.ts'
export { USABLE_MS } from './scene.ts'

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

function onGiveUp({ order, draft, moment: { nowMs } }: Scene): Change {
  draft.note('give-up')
  draft.patch({ givenUpAtMs: order.givenUpAtMs ?? nowMs })
  if (order.state === 'ending') return draft.ending(order.ending, order.dueAtMs)
  // The wish is kept: the first answer after the mark is gone starts the ending.
  if (stopsEnding(order.attention)) return draft.asBefore(order.dueAtMs)
  draft.note('ending', { said: 'given up' })
  return draft.ending(NEW_ENDING, nowMs)
}
