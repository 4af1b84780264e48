import type { OrderCall } from './change.ts'

/**
 * What a code of WeChat Pay leads to. It is never a verdict: a code names the next call, and only the state that the
 * query then states decides.
 */
export type Reaction =
  /** Query now: the state has moved, or the code itself says so. */
  | 'ask'
  /** The placing was refused for good: query once, then end the order. */
  | 'declined'
  /** WeChat Pay doesn't know the number. */
  | 'unknown'
  /** The customer is typing the password: the same call again after 5, 10, 20 s. */
  | 'paying'
  /** The same call again later. */
  | 'again'
  /**
   * Repeating won't mend it: tell a person. A placing is refused for good, as if declined; otherwise the order stays
   * open and is asked about slowly.
   */
  | 'alarm'
  /** The number belongs to other parameters: tell a person, query, and end nothing by ourselves. */
  | 'used'

/** One row per code: the reaction to every call, or call by call. Source: WeChat Pay's error tables, Global and v3. */
type Row = Reaction | { readonly [C in OrderCall]: Reaction }

/** Refused at the till, or by the parameters: this attempt is over, and for any other call the code makes no sense. */
const DECLINED = { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' } as const

const REACTIONS: Readonly<Record<string, Row>> = {
  // Our configuration or our program is wrong. For a placing: not created, or refused for good.
  PARAM_ERROR: 'alarm',
  INVALID_REQUEST: 'alarm',
  SIGN_ERROR: 'alarm',
  NO_AUTH: 'alarm',
  APPID_MCHID_NOT_MATCH: 'alarm',
  APPID_NOT_EXIST: 'alarm',
  MCHID_NOT_EXIST: 'alarm',
  MCH_NOT_EXISTS: 'alarm',
  OPENID_MISMATCH: 'alarm',
  INVALID_TRANSACTIONID: 'alarm',
  REVERSE_EXPIRE: 'alarm',
  // WeChat Pay's own trouble, or too much of ours.
  SYSTEM_ERROR: 'again',
  BANK_ERROR: 'again',
  SERVICE_UNAVAILABLE: 'again',
  BIZERR_NEED_RETRY: 'again',
  FREQUENCY_LIMITED: 'again',
  RATELIMIT_EXCEEDED: 'again',
  RATE_LIMITED: 'again',
  INVALID_REQ_TOO_MUCH: 'again',
  RULE_LIMIT: 'again',
  // The state has moved, or there is none.
  USERPAYING: { place: 'ask', query: 'again', close: 'paying', reverse: 'paying' },
  ORDER_NOT_EXIST: 'unknown',
  NOT_FOUND: 'unknown',
  ORDER_PAID: 'ask',
  ORDER_CLOSED: 'ask',
  ORDER_REVERSED: 'ask',
  TRADE_STATE_ERROR: 'ask',
  OUT_TRADE_NO_USED: { place: 'used', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  // The customer, the code or the card.
  AUTH_CODE_EXPIRE: DECLINED,
  AUTH_CODE_ERROR: DECLINED,
  AUTH_CODE_INVALID: DECLINED,
  NOTSUPORTCARD: DECLINED,
  BUYER_MISMATCH: DECLINED,
  NOT_ENOUGH: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'again' },
  TRADE_ERROR: { place: 'declined', query: 'again', close: 'again', reverse: 'again' },
  ACCOUNT_ERROR: { place: 'declined', query: 'alarm', close: 'again', reverse: 'again' },
}

const FOLDED: ReadonlyMap<string, Row> = new Map(
  Object.entries(REACTIONS).map(([code, row]) => [foldedCode(code), row]),
)

/** Codes come in two spellings, `ORDER_PAID` and `ORDERPAID`. */
export function foldedCode(code: string): string {
  return code.replaceAll('_', '').toUpperCase()
}

/** Whether two codes are the same in either spelling. */
export function sameCode(a: string, b: string): boolean {
  return foldedCode(a) === foldedCode(b)
}

/**
 * The reaction to a refusal. A code that we don't know: after a placing the state decides; for every other call a
 * person is told, and the order stays open.
 */
export function reactionTo(call: OrderCall, code: string): Reaction {
  const row = FOLDED.get(foldedCode(code))
  if (row === undefined) return call === 'place' ? 'ask' : 'alarm'
  return typeof row === 'string' ? row : row[call]
}

export const KNOWN_CODES: readonly string[] = Object.keys(REACTIONS)
