import { isEnded, type Refund } from './aftercare.ts'
import { followElsewhere, found, meantIn, numberOf } from './all-refunds.ts'
import type { Change } from './change.ts'
import { isKnownAsPaid, suspicion } from './late-money.ts'
import type { OrderFacts } from './order.ts'
import type { Evidence, RefundStatement } from './outcome.ts'
import { follow, followOthers } from './refund-pace.ts'
import { refundFitOf } from './refund-statement.ts'
import { isAgainstItsEnd, onRefundStatement } from './refund-status.ts'
import type { FinalScene } from './scene.ts'

/** A verified callback about a refund, of ours or of others. Null: known already. */
export function onRefundCallbackAfterwards(
  scene: FinalScene,
  statement: RefundStatement,
  evidence: Evidence,
): Change | null {
  const { order, draft, moment } = scene
  const out_refund_no = numberOf(statement)
  const refund = meantIn(draft.aftercare.refunds, statement)
  if (refund !== undefined && isKnown(order, refund, statement)) return null
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
    if (refund === undefined) draft.refuses = found(scene, statement) ?? undefined
    else followElsewhere(scene, refund, statement)
    followOthers(scene)
  } else onRefundStatement(scene, refund, 'callback', statement, evidence)
  return draft.done()
}

/** A repeat, or an older word than what we know, about the same money. */
function isKnown(order: OrderFacts, refund: Refund, statement: RefundStatement): boolean {
  const { status } = statement
  if (refundFitOf(order, refund, statement).fit === 'contradicts') return false
  if (isEnded(refund)) return !isAgainstItsEnd(refund, statement)
  return status === 'ABNORMAL' && refund.said === 'ABNORMAL'
}
