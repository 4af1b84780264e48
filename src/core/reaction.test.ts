import { describe, expect, it } from 'vitest'
import { ORDER_CALLS } from './change.ts'
import { KNOWN_CODES, type Reaction, reactionTo, sameCode } from './reaction.ts'

type Row = readonly [codes: string, place: Reaction, query: Reaction, close: Reaction, reverse: Reaction]

/** WeChat Pay's error tables (Global v3 and v3), row by row. */
const ROWS: readonly Row[] = [
  // Configuration or program: tell a person. A placing is refused for good, queried once and ended.
  ['PARAM_ERROR', 'alarm', 'alarm', 'alarm', 'alarm'],
  ['INVALID_REQUEST', 'alarm', 'alarm', 'alarm', 'alarm'],
  ['SIGN_ERROR SIGNERROR', 'alarm', 'alarm', 'alarm', 'alarm'],
  ['NO_AUTH NOAUTH', 'alarm', 'alarm', 'alarm', 'alarm'],
  ['APPID_MCHID_NOT_MATCH', 'alarm', 'alarm', 'alarm', 'alarm'],
  ['APPID_NOT_EXIST', 'alarm', 'alarm', 'alarm', 'alarm'],
  ['MCHID_NOT_EXIST MCH_NOT_EXISTS', 'alarm', 'alarm', 'alarm', 'alarm'],
  ['OPENID_MISMATCH', 'alarm', 'alarm', 'alarm', 'alarm'],
  ['INVALID_TRANSACTIONID', 'alarm', 'alarm', 'alarm', 'alarm'],
  ['REVERSE_EXPIRE', 'alarm', 'alarm', 'alarm', 'alarm'],
  // WeChat Pay's trouble, or too many calls: the same call later, the place in the schedule kept.
  ['SYSTEM_ERROR SYSTEMERROR', 'again', 'again', 'again', 'again'],
  ['BANK_ERROR BANKERROR', 'again', 'again', 'again', 'again'],
  ['SERVICE_UNAVAILABLE', 'again', 'again', 'again', 'again'],
  ['RULE_LIMIT RULELIMIT', 'again', 'again', 'again', 'again'],
  ['FREQUENCY_LIMITED FREQUENCYLIMITED', 'again', 'again', 'again', 'again'],
  ['RATELIMIT_EXCEEDED RATE_LIMITED', 'again', 'again', 'again', 'again'],
  ['INVALID_REQ_TOO_MUCH BIZERR_NEED_RETRY', 'again', 'again', 'again', 'again'],
  // The state has moved: query; the query decides.
  ['ORDER_PAID ORDERPAID', 'ask', 'ask', 'ask', 'ask'],
  ['ORDER_CLOSED ORDERCLOSED', 'ask', 'ask', 'ask', 'ask'],
  ['ORDER_REVERSED ORDERREVERSED', 'ask', 'ask', 'ask', 'ask'],
  ['TRADE_STATE_ERROR', 'ask', 'ask', 'ask', 'ask'],
  ['USERPAYING', 'ask', 'again', 'paying', 'paying'],
  ['ORDER_NOT_EXIST ORDERNOTEXIST NOT_FOUND', 'unknown', 'unknown', 'unknown', 'unknown'],
  ['OUT_TRADE_NO_USED', 'used', 'alarm', 'alarm', 'alarm'],
  // The customer, the code, the card: refused, after one query.
  ['AUTH_CODE_EXPIRE AUTHCODEEXPIRE', 'declined', 'alarm', 'alarm', 'alarm'],
  ['AUTH_CODE_ERROR AUTH_CODE_INVALID', 'declined', 'alarm', 'alarm', 'alarm'],
  ['NOTSUPORTCARD BUYER_MISMATCH', 'declined', 'alarm', 'alarm', 'alarm'],
  ['NOT_ENOUGH NOTENOUGH', 'declined', 'alarm', 'alarm', 'again'],
  ['TRADE_ERROR', 'declined', 'again', 'again', 'again'],
  ['ACCOUNT_ERROR ACCOUNTERROR', 'declined', 'alarm', 'again', 'again'],
]

describe('the reaction to each code, in both spellings', () => {
  it.each(ROWS)('%s', (codes, ...expected) => {
    for (const code of codes.split(' ')) {
      expect(ORDER_CALLS.map((call) => reactionTo(call, code))).toEqual(expected)
      expect(reactionTo('place', code.replaceAll('_', '').toLowerCase())).toBe(expected[0])
    }
  })

  it('the table here has every code of the table there', () => {
    const told = ROWS.flatMap(([codes]) => codes.split(' '))
    expect(KNOWN_CODES.filter((code) => !told.some((word) => sameCode(word, code)))).toEqual([])
  })

  it('a code that nobody knows: after a placing the state decides, otherwise a person is told', () => {
    expect(ORDER_CALLS.map((call) => reactionTo(call, 'NOBODY_KNOWS'))).toEqual([
      'ask',
      'alarm',
      'alarm',
      'alarm',
    ])
    expect(reactionTo('query', 'constructor')).toBe('alarm')
    expect(reactionTo('place', '')).toBe('ask')
  })

  it('codes are the same in either spelling, and others are not', () => {
    expect(sameCode('ORDER_PAID', 'ORDERPAID')).toBe(true)
    expect(sameCode('order_paid', 'ORDERPAID')).toBe(true)
    expect(sameCode('ORDER_PAID', 'ORDER_CLOSED')).toBe(false)
  })
})
