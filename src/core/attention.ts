/**
 * Why an order needs a person. `ending: 'stops'` marks those about identity or money: while they stand, Verdict
 * neither ends nor refunds the order by itself. `passing` ones go when WeChat Pay answers normally again.
 */
export const ATTENTION = {
  /** A signed statement names another amount or currency than the order. */
  amount_mismatch: { ending: 'stops', passing: false },
  /** A signed statement for our question names another merchant or order. */
  identity_mismatch: { ending: 'stops', passing: false },
  /** WeChat Pay says that the number was used with other parameters: somebody else may have placed it. */
  number_used: { ending: 'stops', passing: false },
  /** WeChat Pay accepted a revoke and still says that the order is paid. */
  paid_after_revoke: { ending: 'stops', passing: false },
  /** WeChat Pay doesn't know an order that it stated a state for before, or that somebody else placed. */
  vanished: { ending: 'stops', passing: true },
  /** A `trade_state` that we don't know. */
  unknown_trade_state: { ending: 'stops', passing: true },
  /** A final state in a statement that doesn't name the order fully: no verdict can rest on it. */
  incomplete_statement: { ending: 'goes on', passing: true },
  /** "No such order" without a signature: not believed unless the account allows it. */
  unsigned_unknown: { ending: 'goes on', passing: true },
  /** WeChat Pay refuses our signature: check key, serial number and clock. */
  key_refused: { ending: 'goes on', passing: true },
  /** Answers are signed with a key that the account doesn't have. */
  key_unknown: { ending: 'goes on', passing: true },
  /** WeChat Pay refuses a call for a reason that repeating won't mend. */
  call_refused: { ending: 'goes on', passing: true },
  /** Nothing final long after the window. */
  overdue: { ending: 'goes on', passing: false },
  /** A tracked order that Verdict may not end stays unpaid. */
  unfinished: { ending: 'goes on', passing: false },
  /** An order that was given up is paid, and the policy, what WeChat Pay says or its silence leaves it to a person. */
  late_money: { ending: 'goes on', passing: false },
  /** A signed statement about a refund names another amount or currency than was asked for, or contradicts its end. */
  refund_mismatch: { ending: 'stops', passing: false },
  /** WeChat Pay can't bring a refund to the customer: a person has to give it another way on the merchant platform. */
  refund_abnormal: { ending: 'goes on', passing: false },
  /** WeChat Pay closed a refund: the money did not go back. Whoever still wants it asks with a new idempotency key. */
  refund_closed: { ending: 'goes on', passing: false },
  /** WeChat Pay refused a refund for good: the money did not go back. */
  refund_refused: { ending: 'goes on', passing: false },
  /** A refund was asked for days ago and has not ended. */
  refund_overdue: { ending: 'goes on', passing: false },
  /** A refund's `status` that we don't know. */
  unknown_refund_status: { ending: 'goes on', passing: true },
} as const satisfies Record<string, { ending: 'stops' | 'goes on'; passing: boolean }>

export type AttentionCode = keyof typeof ATTENTION

export function stopsEnding(attention: AttentionCode | null): boolean {
  return attention !== null && ATTENTION[attention].ending === 'stops'
}

/** What remains of a mark after WeChat Pay gave a normal answer. */
export function afterAnswer(attention: AttentionCode | null): AttentionCode | null {
  return attention !== null && ATTENTION[attention].passing ? null : attention
}

/** Marks that a refund's success answers. */
const ABOUT_REFUNDS: ReadonlySet<AttentionCode> = new Set([
  'refund_abnormal',
  'refund_overdue',
  'unknown_refund_status',
])

/**
 * What remains of a mark after the last refund that it may have been about succeeded. What would pass with an answer
 * passes here: a callback may have told the success, and then no answer comes any more.
 */
export function afterRefund(attention: AttentionCode | null): AttentionCode | null {
  if (attention === null || ABOUT_REFUNDS.has(attention)) return null
  return stopsEnding(attention) ? attention : afterAnswer(attention)
}

/** They are taken away by a verdict or a refund's success, and found again where they are still true. */
const FOUND_AGAIN: ReadonlySet<AttentionCode> = new Set([
  'overdue',
  'unfinished',
  'refund_abnormal',
  'refund_overdue',
])

/** Only a person takes it away, and nothing would find it again. */
function isLasting(code: AttentionCode): boolean {
  return !ATTENTION[code].passing && !FOUND_AGAIN.has(code)
}

/**
 * The mark that stands when `next` is learnt. One that only a person takes away is not lost behind one that goes by
 * itself; among marks of the same sort, one that stops the ending is not overwritten by one that doesn't.
 */
export function marked(now: AttentionCode | null, next: AttentionCode): AttentionCode {
  if (now === null) return next
  const isAlike = isLasting(now) === isLasting(next)
  const stands = isAlike ? stopsEnding(now) && !stopsEnding(next) : isLasting(now)
  return stands ? now : next
}
