import { numberOf } from './all-refunds.ts'
import type { Change } from './change.ts'
import { anyRevokeIsOpen } from './ending.ts'
import { lateOf } from './late-money.ts'
import type { Evidence, RefundStatement, TradeStatement } from './outcome.ts'
import { refundFitOf } from './refund-statement.ts'
import type { Scene } from './scene.ts'
import { fitOf } from './statement.ts'
import { meaningOf } from './trade-state.ts'

/**
 * A verified callback about the payment of an order without verdict (guide 2.3 to 2.8). It makes the verdict if it says
 * SUCCESS about this very order, its amount and currency included; whatever else it says is refused and leads to a query.
 */
export function onCallback(scene: Scene, trade: TradeStatement, evidence: Evidence): Change {
  const { order, draft, moment } = scene
  const { trade_state } = trade
  draft.note('callback', { said: trade_state })
  draft.goOn()
  const fit = fitOf(order, trade)
  if (fit.fit === 'contradicts') {
    draft.keep(evidence)
    draft.attend(fit.attention, fit.note)
    draft.refuses = fit.note
    return draft.asBefore(moment.nowMs)
  }
  if (meaningOf(trade_state) !== 'paid') {
    draft.refuses = `trade_state is ${trade_state}; expected SUCCESS`
    return draft.asBefore(moment.nowMs)
  }
  if (fit.fit === 'incomplete') {
    draft.refuses = `${fit.absent} is missing`
    return draft.asBefore(moment.nowMs)
  }
  draft.saw(trade_state)
  // When it was paid the callback tells, not whether a revoke has given the money back since: only a query does.
  if (order.state === 'ending' && anyRevokeIsOpen(order.ending.revoke)) {
    draft.keep(evidence)
    return draft.asBefore(moment.nowMs)
  }
  return draft.settled('SUCCESS', 'callback', trade, evidence, lateOf(scene, trade, null))
}

/**
 * A verified callback about a refund of an order that we don't know to be paid: somebody else refunded it. A query settles
 * the order, as `REFUND`, and then all its refunds are asked for. One that can't be about this order is refused.
 */
export function onRefundCallback(
  { order, draft, moment }: Scene,
  statement: RefundStatement,
  evidence: Evidence,
): Change {
  draft.note('callback', { said: `refund ${statement.status}` })
  draft.goOn()
  draft.keep(evidence)
  const refund = { out_refund_no: numberOf(statement), amount: statement.amount?.refund ?? 0 }
  const fit = refundFitOf(order, refund, statement)
  switch (fit.fit) {
    case 'contradicts':
      draft.attend('refund_mismatch', fit.note)
      draft.refuses = fit.note
      break
    case 'incomplete':
      draft.refuses = `${fit.absent} is missing`
      break
    case 'names it':
      // What was refunded was paid: should the query say no more than SUCCESS, its refunds are asked for all the same.
      draft.saw('REFUND')
      break
  }
  return draft.asBefore(moment.nowMs)
}

/** Nobody could verify it, but only WeChat Pay and we can have encrypted it: worth a question, now. */
export function onHint(scene: Scene): Change {
  scene.draft.note('hint')
  return dueNow(scene)
}

/** A person wants to know: no reason to wait. */
export function onAskedNow(scene: Scene, by: string): Change {
  scene.draft.note('ask-now', { note: by })
  return dueNow(scene)
}

function dueNow({ order, draft, moment }: Scene): Change {
  draft.goOn()
  return draft.asBefore(Math.min(order.dueAtMs, moment.nowMs))
}
