/** WeChat Pay's words for the state of an order (Query Order, `trade_state`), and what each means to us. */
export const TRADE_STATES = {
  /** Paid. */
  SUCCESS: 'paid',
  /** Paid, and then given back in part or whole: a later stage of SUCCESS (guide 3.9). */
  REFUND: 'paid',
  NOTPAY: 'open',
  /** Quick Pay: the customer types the password. A wrong password leaves the order here. */
  USERPAYING: 'open',
  /** Accepted, waiting for the deduction. Seen in SDKs only. */
  ACCEPT: 'open',
  /** The attempt failed, but the loop is not closed before the order is revoked or closed (guide 3.9). */
  PAYERROR: 'failed',
  CLOSED: 'closed',
  /** Quick Pay only. If it had been paid, WeChat Pay gave the money back. */
  REVOKED: 'revoked',
} as const satisfies Record<string, 'paid' | 'open' | 'failed' | 'closed' | 'revoked'>

export type TradeState = keyof typeof TRADE_STATES
export type TradeMeaning = (typeof TRADE_STATES)[TradeState]

export function isTradeState(word: string): word is TradeState {
  return Object.hasOwn(TRADE_STATES, word)
}

/** What a `trade_state` means. A word that we don't know is `'unknown'`: ask again, tell a person, never conclude. */
export function meaningOf(trade_state: string): TradeMeaning | 'unknown' {
  return isTradeState(trade_state) ? TRADE_STATES[trade_state] : 'unknown'
}
