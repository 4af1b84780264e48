import { describe, expect, it } from 'vitest'
import { foldedCode, sameCode } from './reaction.ts'
import {
  KNOWN_REFUND_CODES,
  type RefundReaction,
  refundReactionTo,
  saysNoSuchRefund,
} from './refund-reaction.ts'
import { type Line, live, paid } from './testing.ts'

// What a refusal of a refund request leads to. One life per reaction: the refusal, and what is done then.

interface Row {
  /** In every spelling. */
  readonly codes: string
  readonly reaction: RefundReaction
  readonly standing: string
}

/** WeChat Pay's error tables for refunds, Global, v3 and v2: every code that they have. */
const ROWS: readonly Row[] = [
  {
    codes: 'NOT_ENOUGH NOTENOUGH',
    reaction: 'short',
    standing: 'SUCCESS, r1 queued, refund at 600',
  },
  {
    codes:
      'FREQUENCY_LIMITED FREQUENCYLIMITED RATELIMIT_EXCEEDED RATE_LIMITED INVALID_REQ_TOO_MUCH ORDER_NOT_READY',
    reaction: 'later',
    standing: 'SUCCESS, r1 requesting, queryRefund at 63',
  },
  {
    codes: 'SYSTEM_ERROR SYSTEMERROR BANK_ERROR BANKERROR SERVICE_UNAVAILABLE BIZERR_NEED_RETRY',
    reaction: 'ask',
    standing: 'SUCCESS, r1 requesting, queryRefund at 2',
  },
  {
    codes: 'PARAM_ERROR INVALID_REQUEST TRADE_OVERDUE USER_ACCOUNT_ABNORMAL',
    reaction: 'refused',
    standing: 'SUCCESS, r1 requesting, queryRefund at 0',
  },
  {
    codes: 'RESOURCE_NOT_EXISTS ORDER_NOT_EXIST ORDERNOTEXIST NOT_FOUND',
    reaction: 'unknown',
    standing: 'SUCCESS, r1 queued, refund at 2',
  },
  {
    codes: 'OUT_REFUND_NO_USED REFUND_FEE_MISMATCH',
    reaction: 'used',
    standing: 'SUCCESS !refund_mismatch, r1 requesting, queryRefund at 0',
  },
  {
    // Configuration or program; `ERROR` is v2's word for "see the text", and the last is no code of WeChat Pay's.
    codes:
      'SIGN_ERROR SIGNERROR NO_AUTH NOAUTH APPID_MCHID_NOT_MATCH APPID_NOT_EXIST MCHID_NOT_EXIST MCH_NOT_EXISTS INVALID_TRANSACTIONID CERT_ERROR ERROR NOBODY_KNOWS',
    reaction: 'alarm',
    standing: 'SUCCESS !call_refused, r1 requesting, queryRefund at 300',
  },
]

const CASES = ROWS.flatMap(({ codes, ...row }) => codes.split(' ').map((code) => ({ code, ...row })))

describe('the reaction to a refused refund, in both spellings', () => {
  it.each(CASES)('$code: $reaction', ({ code, reaction, standing }) => {
    expect(refundReactionTo(code)).toBe(reaction)
    expect(refundReactionTo(foldedCode(code).toLowerCase())).toBe(reaction)
    const life: readonly Line[] = [
      [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
      [0, `refund: ${code}`, standing],
    ]
    expect(live(paid(), life)).toEqual(life)
  })

  it('the table here has every code of the table there, and no other code has a row', () => {
    const isTold = (code: string): boolean => CASES.some((told) => sameCode(told.code, code))
    expect(KNOWN_REFUND_CODES.filter((code) => !isTold(code))).toEqual([])
    const hasRow = (code: string): boolean => KNOWN_REFUND_CODES.some((known) => sameCode(known, code))
    expect(CASES.filter(({ reaction, code }) => (reaction === 'alarm') === hasRow(code))).toEqual([])
  })

  it('a word of the language is no code', () => {
    expect(refundReactionTo('constructor')).toBe('alarm')
    expect(refundReactionTo('')).toBe('alarm')
  })
})

describe('the same number again, after each', () => {
  it.each(CASES.filter(({ reaction }) => reaction !== 'refused'))('$code', ({ code, reaction }) => {
    const lines: readonly Line[] = [
      [0, 'ask refund 500 as r1', ''],
      [0, `refund: ${code}`, ''],
      ...(['short', 'unknown'].includes(reaction) ? [] : [[400, 'queryRefund: none', ''] as const]),
      [1_000, 'refund: SUCCESS', ''],
    ]
    expect(live(paid(), lines).at(-1)?.[2]).toMatch(/, r1 SUCCESS$/)
  })
})

describe('a query that says that there is no such refund', () => {
  it.each(['RESOURCE_NOT_EXISTS', 'REFUNDNOTEXIST', 'REFUND_NOT_EXIST', 'ORDER_NOT_EXIST', 'NOT_FOUND'])(
    '%s',
    (code) => expect(saysNoSuchRefund(code)).toBe(true),
  )
  it.each(['SYSTEM_ERROR', 'NO_AUTH', 'PARAM_ERROR', 'NOBODY_KNOWS'])('twin: not %s', (code) =>
    expect(saysNoSuchRefund(code)).toBe(false),
  )
})
