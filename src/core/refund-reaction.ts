import { foldedCode } from './reaction.ts'

/** What a refusal of a refund request leads to. It is never "refunded", and never at once "not refunded". */
export type RefundReaction =
  /** Not enough balance right now: the same number later (guide 4.8). */
  | 'short'
  /** Too many, too soon, or not ready: the same number later. Whether it was accepted is open. */
  | 'later'
  /** WeChat Pay's own trouble: whether it was accepted is open, so ask now. */
  | 'ask'
  /** Refused for good, once a query says that WeChat Pay doesn't know the number. */
  | 'refused'
  /** Contradicts the payment that WeChat Pay signed: perhaps its servers don't all know it yet. Later, and then refused. */
  | 'unknown'
  /** The number belongs to a refund with other parameters: ask what it is, and tell a person. */
  | 'used'
  /** Our configuration is wrong, or we don't know the code: tell a person, and try on slowly. */
  | 'alarm'

/** Source: WeChat Pay's error tables for refunds, Global, v3 and v2. */
const REACTIONS: Readonly<Record<string, RefundReaction>> = {
  NOT_ENOUGH: 'short',
  FREQUENCY_LIMITED: 'later',
  RATELIMIT_EXCEEDED: 'later',
  RATE_LIMITED: 'later',
  INVALID_REQ_TOO_MUCH: 'later',
  ORDER_NOT_READY: 'later',
  SYSTEM_ERROR: 'ask',
  BANK_ERROR: 'ask',
  SERVICE_UNAVAILABLE: 'ask',
  BIZERR_NEED_RETRY: 'ask',
  OUT_REFUND_NO_USED: 'used',
  REFUND_FEE_MISMATCH: 'used',
  PARAM_ERROR: 'refused',
  INVALID_REQUEST: 'refused',
  TRADE_OVERDUE: 'refused',
  USER_ACCOUNT_ABNORMAL: 'refused',
  RESOURCE_NOT_EXISTS: 'unknown',
  ORDER_NOT_EXIST: 'unknown',
  NOT_FOUND: 'unknown',
}

const FOLDED: ReadonlyMap<string, RefundReaction> = new Map(
  Object.entries(REACTIONS).map(([code, reaction]) => [foldedCode(code), reaction]),
)

export function refundReactionTo(code: string): RefundReaction {
  return FOLDED.get(foldedCode(code)) ?? 'alarm'
}

const UNKNOWN = new Set(
  ['RESOURCE_NOT_EXISTS', 'REFUND_NOT_EXIST', 'ORDER_NOT_EXIST', 'NOT_FOUND'].map(foldedCode),
)

/** Whether Query Refund's refusal says that WeChat Pay has no refund of this number. */
export function saysNoSuchRefund(code: string): boolean {
  return UNKNOWN.has(foldedCode(code))
}

export const KNOWN_REFUND_CODES: readonly string[] = Object.keys(REACTIONS)
