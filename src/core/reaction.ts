import type { Call } from './change.ts'

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
  /** Repeating won't mend it: tell a person; the order stays open and is asked about slowly. */
  | 'alarm'
  /** The number belongs to other parameters: tell a person, query, and end nothing by ourselves. */
  | 'used'

/** One row per code: the reaction to every call, or call by call. Source: WeChat Pay's error tables, Global and v3. */
type Row = Reaction | { readonly [C in Call]: Reaction }

const REACTIONS: Readonly<Record<string, Row>> = {
  PARAM_ERROR: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  INVALID_REQUEST: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  SIGN_ERROR: 'alarm',
  SYSTEM_ERROR: 'again',
  BANK_ERROR: 'again',
  USERPAYING: { place: 'ask', query: 'again', close: 'paying', reverse: 'paying' },
  ORDER_NOT_EXIST: 'unknown',
  NOT_FOUND: 'unknown',
  ORDER_PAID: 'ask',
  ORDER_CLOSED: 'ask',
  ORDER_REVERSED: 'ask',
  OUT_TRADE_NO_USED: { place: 'used', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  AUTH_CODE_EXPIRE: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  AUTH_CODE_ERROR: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  AUTH_CODE_INVALID: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  NOT_ENOUGH: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'again' },
  NOTSUPORTCARD: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  BUYER_MISMATCH: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  TRADE_ERROR: { place: 'declined', query: 'again', close: 'again', reverse: 'again' },
  RULE_LIMIT: { place: 'declined', query: 'again', close: 'again', reverse: 'again' },
  ACCOUNT_ERROR: { place: 'declined', query: 'alarm', close: 'again', reverse: 'again' },
  NO_AUTH: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  APPID_MCHID_NOT_MATCH: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  APPID_NOT_EXIST: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  MCHID_NOT_EXIST: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  MCH_NOT_EXISTS: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  OPENID_MISMATCH: { place: 'declined', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  INVALID_TRANSACTIONID: 'alarm',
  REVERSE_EXPIRE: { place: 'alarm', query: 'alarm', close: 'alarm', reverse: 'alarm' },
  TRADE_STATE_ERROR: 'ask',
}

const FOLDED: ReadonlyMap<string, Row> = new Map(
  Object.entries(REACTIONS).map(([code, row]) => [folded(code), row]),
)

/** Codes come in two spellings, `ORDER_PAID` and `ORDERPAID`. */
function folded(code: string): string {
  return code.replaceAll('_', '').toUpperCase()
}

/** Whether two codes are the same in either spelling. */
export function sameCode(a: string, b: string): boolean {
  return folded(a) === folded(b)
}

/**
 * The reaction to a refusal. A code that we don't know: after a placing the state decides; for every other call a
 * person is told, and the order stays open.
 */
export function reactionTo(call: Call, code: string): Reaction {
  const row = FOLDED.get(folded(code))
  if (row === undefined) return call === 'place' ? 'ask' : 'alarm'
  return typeof row === 'string' ? row : row[call]
}

export const KNOWN_CODES: readonly string[] = Object.keys(REACTIONS)
