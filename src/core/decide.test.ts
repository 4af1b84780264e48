import { describe, expect, it } from 'vitest'
import { decide } from './decide.ts'
import { isFinal, type OpenOrder } from './order.ts'
import type { TradeStatement } from './outcome.ts'
import { compilePlan } from './plan.ts'
import type { Learnt } from './scene.ts'
import {
  answer,
  at,
  evidence,
  type Given,
  type Line,
  learntFrom,
  live,
  NO_ANSWER_REASONS,
  noAnswer,
  placing,
  refusal,
  rulesFor,
  slow,
  statement,
  T0,
  tracked,
} from './testing.ts'

// Lives of orders as tables: the second, what happens, where the order stands then. `testing.ts` explains the words.
// Chance is 0 here: Quick Pay is asked every 3 s, a pause after silence is exactly 2, 4, 8, … s.

function lives(name: string, order: OpenOrder, lines: readonly Line[], rules = rulesFor(order.kind)): void {
  it(name, () => expect(live(order, lines, rules)).toEqual(lines))
}

const quickPay = (given: Given = {}): OpenOrder => placing('quick_pay', given)
const native = (given: Given = {}): OpenOrder => placing('native', given)

/** A statement made by hand about the order that a table lives. */
function query(order: OpenOrder, trade_state: string, more: Partial<TradeStatement> = {}): Learnt {
  return { call: 'query', outcome: answer(statement(order, trade_state, more)), tookMs: 0 }
}

/** What WeChat Pay signed at second `s` comes again: a reply doesn't name its question. */
function replay(order: OpenOrder, said: string, s: number): Learnt {
  return learntFrom(order, `query: ${said}`, at(s))
}

/** Quick Pay, unpaid to the end of its window: the revoke is due. */
const TO_THE_REVOKE: readonly Line[] = [
  [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
  [44, 'all queries: USERPAYING', 'waiting, query at 45.5'],
  [45.5, 'query: USERPAYING', 'ending, reverse at 45.5'],
]

/** Native, unpaid to the end of its window of 15 min: the close is due. */
const TO_THE_CLOSE: readonly Line[] = [
  [0.5, 'place: code_url', 'waiting, query at 10'],
  [899, 'all queries: NOTPAY', 'waiting, query at 900'],
  [900, 'query: NOTPAY', 'ending, close at 900'],
]

describe('Quick Pay is placed and asked about', () => {
  lives('6.2 the reply says SUCCESS: paid', quickPay(), [[0.5, 'place: SUCCESS', 'SUCCESS']])
  lives('1.4 no reply at all: query, and find it paid', quickPay(), [
    [5, 'place: timeout', 'waiting, query at 8'],
    [8, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('1.3, 6.3 refused, but paid: a refusal is followed by a query at once', quickPay(), [
    [1, 'place: NOT_ENOUGH', 'waiting, query at 1'],
    [1.1, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('3.2, 3.3 refused and unpaid: one query, then the ending, and no revoke before 15 s', quickPay(), [
    [1, 'place: NOT_ENOUGH', 'waiting, query at 1'],
    [1.1, 'query: NOTPAY', 'ending, query at 4.1'],
    [14, 'all queries: NOTPAY', 'ending, query at 15'],
    [15, 'query: NOTPAY', 'ending, reverse at 15'],
    [15.1, 'reverse: done', 'ending, query at 15.1'],
    [15.2, 'query: REVOKED', 'REVOKED'],
  ])
  lives('3.9 PAYERROR is no final state: the order is revoked', quickPay(), [
    [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
    [3.5, 'query: PAYERROR', 'ending, query at 6.5'],
    [14, 'all queries: PAYERROR', 'ending, query at 15'],
    [15, 'query: PAYERROR', 'ending, reverse at 15'],
    [15.1, 'reverse: done', 'ending, query at 15.1'],
    [15.2, 'query: CLOSED', 'CLOSED'],
  ])
  lives('3.9 PAYERROR in the reply: queried at once, then ended', quickPay(), [
    [0.5, 'place: PAYERROR', 'ending, query at 0.5'],
    [0.6, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('1.6, 3.3 asked through the window, then "the order MUST be revoked"', quickPay(), [
    ...TO_THE_REVOKE,
    [45.6, 'reverse: done', 'ending, query at 45.6'],
    [45.8, 'query: REVOKED', 'REVOKED'],
  ])
  lives('1.7 WeChat Pay revoked it by itself after 45 s: no call of ours is needed', quickPay(), [
    [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
    [44, 'all queries: USERPAYING', 'waiting, query at 45.5'],
    [45.5, 'query: REVOKED', 'REVOKED'],
  ])
  lives(
    'a reply that took until after the window is no "query once more": no revoke rests on it',
    quickPay(),
    [
      [50, 'place: USERPAYING', 'ending, query at 50'],
      [50.1, 'query: SUCCESS', 'SUCCESS'],
    ],
  )
  lives('3.1 a reply SUCCESS that lacks the ids is no verdict: query', quickPay(), [
    [
      0.5,
      { call: 'place', outcome: answer({ kind: 'trade', trade: { trade_state: 'SUCCESS' } }), tookMs: 0 },
      'waiting, query at 0.5',
    ],
    [0.6, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('a USERPAYING reply may hold nothing but its trade_state', quickPay(), [
    [
      0.5,
      { call: 'place', outcome: answer({ kind: 'trade', trade: { trade_state: 'USERPAYING' } }), tookMs: 0 },
      'waiting, query at 3.5',
    ],
  ])
  lives('a reply that comes late, when the order is waited for already, still counts', quickPay(), [
    [0, 'crash in query', 'placing, query at 0'],
    [0, 'query: USERPAYING', 'waiting, query at 3'],
    [1, 'late place: SUCCESS', 'SUCCESS'],
  ])
  lives('"sent once": a crash after the intent leads to queries, never to a second request', quickPay(), [
    [60, 'late query: timeout', 'waiting, query at 63'],
    [63, 'query: SUCCESS', 'SUCCESS'],
  ])
})

describe('other kinds are placed and asked about', () => {
  lives('1.11, 1.12 period 1 waits for the callback, its end queries', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [10, 'query: NOTPAY', 'waiting, query at 20'],
    [20, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('1.11 period 2 asks at 20, 30, 40, 50, 60, 80, 100, 120 s and then every 120 s', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [10, 'query: NOTPAY', 'waiting, query at 20'],
    [20, 'query: NOTPAY', 'waiting, query at 30'],
    [50, 'all queries: NOTPAY', 'waiting, query at 60'],
    [60, 'query: NOTPAY', 'waiting, query at 80'],
    [100, 'all queries: NOTPAY', 'waiting, query at 120'],
    [120, 'query: NOTPAY', 'waiting, query at 240'],
  ])
  lives('a placing without a reply "may be repeated with the same number", four times in all', native(), [
    [5, 'place: timeout', 'placing, place at 7'],
    [7, 'place: server-error', 'placing, place at 11'],
    [11, 'place: SYSTEM_ERROR', 'placing, place at 19'],
    [19, 'place: reset', 'waiting, query at 22'],
  ])
  lives('a placing that is repeated finds its order', native(), [
    [5, 'place: timeout', 'placing, place at 7'],
    [7, 'place: code_url', 'waiting, query at 10'],
  ])
  lives('429 on placing rests for 5 s', native(), [[1, 'place: rate-limited', 'placing, place at 6']])
  lives('a placing refused as paid leads to a query: only trade_state decides (6.6)', native(), [
    [5, 'place: timeout', 'placing, place at 7'],
    [7, 'place: ORDERPAID', 'waiting, query at 7'],
    [7.1, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('a placing refused for good: one query, then closed, not before 5 min', native(), [
    [1, 'place: ACCOUNT_ERROR', 'waiting, query at 1'],
    [1.1, 'query: NOTPAY', 'ending, query at 10'],
    [299, 'all queries: NOTPAY', 'ending, query at 300'],
    [300, 'query: NOTPAY', 'ending, close at 300'],
    [300.1, 'close: done', 'ending, query at 300.1'],
    [300.2, 'query: CLOSED', 'CLOSED'],
  ])
  lives('our configuration is wrong: a person is told at once, and the order is ended', native(), [
    [1, 'place: NO_AUTH', 'waiting !call_refused, query at 1'],
    [1.1, 'query: NOTPAY', 'ending, query at 10'],
  ])
  lives('the number has other parameters at WeChat Pay: a person is told, and nothing is ended', native(), [
    [1, 'place: OUT_TRADE_NO_USED', 'waiting !number_used, query at 1'],
    [1.1, 'query: NOTPAY', 'waiting !number_used, query at 10'],
    [900, 'all queries: NOTPAY', 'waiting !number_used, query at 930'],
    [1000, 'late query: ORDER_NOT_EXIST', 'waiting !number_used, query at 1030'],
  ])
})

describe('the ending: query once more, act, and query again', () => {
  lives('3.6 query time over and not SUCCESS: "the order MUST be closed"', native(), [
    ...TO_THE_CLOSE,
    [900.1, 'close: done', 'ending, query at 900.1'],
    [900.2, 'query: CLOSED', 'CLOSED'],
  ])
  lives('1.8 no other kind is revoked by itself after 45 s', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [60, 'all queries: NOTPAY', 'waiting, query at 80'],
  ])
  lives('3.7 paid between the last query and the close: the refusal leads to SUCCESS', native(), [
    ...TO_THE_CLOSE,
    [900.1, 'close: ORDERPAID', 'ending, query at 900.1'],
    [900.2, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('3.7 paid between the last query and the revoke: the money is returned, REVOKED', quickPay(), [
    ...TO_THE_REVOKE,
    [45.6, 'reverse: done', 'ending, query at 45.6'],
    [45.8, 'query: REVOKED', 'REVOKED'],
  ])
  lives('3.7 the revoke is refused because it is paid: SUCCESS', quickPay(), [
    ...TO_THE_REVOKE,
    [45.6, 'reverse: ORDER_PAID', 'ending, query at 45.6'],
    [45.8, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('paid after the window and before the last query: SUCCESS', quickPay(), [
    ...TO_THE_REVOKE.slice(0, 2),
    [45.5, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('a close without an answer: query what came of it, then close again', native(), [
    ...TO_THE_CLOSE,
    [905, 'close: timeout', 'ending, query at 907'],
    [907, 'query: NOTPAY', 'ending, close at 907'],
    [907.1, 'close: ORDER_CLOSED', 'ending, query at 907.1'],
    [907.2, 'query: CLOSED', 'CLOSED'],
  ])
  lives('an accepted close that never shows is sent again, ever more slowly', native(), [
    ...TO_THE_CLOSE,
    [900, 'close: done', 'ending, query at 900'],
    [900, 'query: NOTPAY', 'ending, query at 902'],
    [902, 'query: NOTPAY', 'ending, query at 906'],
    [906, 'query: NOTPAY', 'ending, query at 908'],
    [908, 'query: NOTPAY', 'ending, close at 908'],
  ])
  lives('a revoke that WeChat Pay calls too early is no matter for a person; a second one is', quickPay(), [
    ...TO_THE_REVOKE,
    [45.6, 'reverse: INVALID_REQUEST', 'ending, query at 50.6'],
    [50.6, 'query: NOTPAY', 'ending, reverse at 50.6'],
    [50.7, 'reverse: INVALID_REQUEST', 'ending !call_refused, query at 55.7'],
    [55.7, 'query: NOTPAY', 'ending, reverse at 55.7'],
  ])
  lives('the customer is paying: after 5, 10, 20 s again, and a query before each', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: USERPAYING', 'ending, query at 51'],
    [51, 'query: USERPAYING', 'ending, reverse at 51'],
    [51, 'reverse: USERPAYING', 'ending, query at 61'],
    [61, 'query: USERPAYING', 'ending, reverse at 61'],
    [61, 'reverse: USERPAYING', 'ending, query at 81'],
    [81, 'query: USERPAYING', 'ending, reverse at 81'],
    [81, 'reverse: USERPAYING', 'ending !call_refused, query at 111'],
    [111, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('an act that comes too late after its query is preceded by another one', quickPay(), [
    ...TO_THE_REVOKE,
    [56, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('twin: 10 s after the query the revoke still leaves', quickPay(), [
    ...TO_THE_REVOKE,
    [55.5, 'reverse: done', 'ending, query at 55.5'],
  ])
  lives('the late refusal of a placing makes no old query fresh', quickPay(), [
    ...TO_THE_REVOKE,
    [56, 'late place: AUTHCODEEXPIRE', 'ending, query at 56'],
  ])
  lives('a paid order whose statement is incomplete is never revoked on an older query', quickPay(), [
    ...TO_THE_REVOKE,
    [56, query(quickPay(), 'SUCCESS', { amount: {} }), 'ending !incomplete_statement, query at 86'],
    [86, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('a query without an answer allows no close', native(), [
    ...TO_THE_CLOSE,
    [911, 'query: timeout', 'ending, query at 914'],
    [914, 'query: NOTPAY', 'ending, close at 914'],
  ])
  lives('a revoke that did not leave is preceded by a query again', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: unreachable', 'ending, query at 48'],
    [48, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('WeChat Pay does not know what it shall revoke: query', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: ORDER_NOT_EXIST', 'ending, query at 76'],
    [76, 'query: REVOKED', 'REVOKED'],
  ])
  lives('429 on a close rests for 5 s', native(), [
    ...TO_THE_CLOSE,
    [901, 'close: rate-limited', 'ending, query at 906'],
  ])
})

describe('"reversing a paid order returns the money"', () => {
  lives('a revoke without an answer is repeated until it is answered', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: timeout', 'ending, reverse at 48'],
    [48, 'reverse: server-error', 'ending, reverse at 52'],
    [52, 'reverse: reset', 'ending, reverse at 60'],
    [60, 'reverse: done', 'ending, query at 60'],
    [60.1, 'query: REVOKED', 'REVOKED'],
  ])
  lives('SUCCESS settles nothing while a revoke is unanswered: it is repeated', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: timeout', 'ending, reverse at 48'],
    [47, 'late query: SUCCESS', 'ending, reverse at 47'],
    [48, 'reverse: done', 'ending, query at 48'],
    [48.1, 'query: REVOKED', 'REVOKED'],
  ])
  lives('all revokes refused in verified answers: SUCCESS settles', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: USERPAYING', 'ending, query at 51'],
    [51, 'query: NOTPAY', 'ending, reverse at 51'],
    [51, 'reverse: ORDER_PAID', 'ending, query at 51'],
    [51.1, 'query: SUCCESS', 'SUCCESS'],
  ])
  // Where somebody has refunded it, all its refunds are asked for.
  for (const [state, then] of [
    ['SUCCESS', ''],
    ['REFUND', ', queryRefunds at 358.001'],
  ]) {
    lives(`one unanswered, one refused: ${state} settles when the last is more than 310 s old`, quickPay(), [
      ...TO_THE_REVOKE,
      [46, 'reverse: timeout', 'ending, reverse at 48'],
      [48, 'reverse: ORDER_PAID', 'ending, query at 48'],
      [48.1, `query: ${state}`, 'ending, query at 50.1'],
      [357, `all queries: ${state}`, 'ending, query at 358.001'],
      [358, `late query: ${state}`, 'ending, query at 358.001'],
      [358.001, `query: ${state}`, `SUCCESS${then}`],
    ])
  }
  lives('an answer that was asked for before the 310 s were over does not settle', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: timeout', 'ending, reverse at 48'],
    [48, 'reverse: ORDER_PAID', 'ending, query at 48'],
    [
      359,
      { call: 'query', outcome: answer(statement(quickPay(), 'SUCCESS'), at(359)), tookMs: 1_500 },
      'ending, query at 359.001',
    ],
  ])
  lives('an answer that was signed minutes before it was asked for does not settle', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: timeout', 'ending, reverse at 48'],
    [48, 'reverse: ORDER_PAID', 'ending, query at 48'],
    [357, 'all queries: SUCCESS', 'ending, query at 358.001'],
    [358.001, replay(quickPay(), 'SUCCESS', 60), 'ending, query at 388.001'],
    [388.001, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('revokes are never answered: asked in between, and settled once the last is too old', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: timeout', 'ending, reverse at 48'],
    [48, 'reverse: timeout', 'ending, reverse at 52'],
    [52, 'reverse: timeout', 'ending, reverse at 60'],
    [60, 'reverse: timeout', 'ending, query at 76'],
    [76, 'query: SUCCESS', 'ending, reverse at 76'],
    [76, 'reverse: timeout', 'ending, query at 108'],
    [108, 'query: SUCCESS', 'ending, reverse at 108'],
    [108, 'reverse: timeout', 'ending, query at 172'],
    [172, 'query: SUCCESS', 'ending, reverse at 172'],
    [172, 'reverse: timeout', 'ending, query at 300'],
    [300, 'query: SUCCESS', 'ending, reverse at 300'],
    [300, 'reverse: timeout', 'ending, query at 556'],
    [556, 'query: SUCCESS', 'ending, reverse at 556'],
    [556, 'reverse: timeout', 'ending, query at 1068'],
    [1068, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('a revoke was accepted: SUCCESS never settles, a person is told', quickPay(), [
    ...TO_THE_REVOKE,
    [45.6, 'reverse: done', 'ending, query at 45.6'],
    [45.6, 'query: SUCCESS', 'ending, query at 47.6'],
    [47.6, 'query: SUCCESS', 'ending, query at 51.6'],
    [51.6, 'query: SUCCESS', 'ending !paid_after_revoke, query at 59.6'],
    [3600, 'all queries: SUCCESS', 'ending !paid_after_revoke, query at 4139.6'],
    [4139.6, 'query: REVOKED', 'REVOKED !paid_after_revoke'],
  ])
  lives('accepted, not shown, and then paid: not revoked once more, a person is told', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: done', 'ending, query at 46'],
    [46, 'query: NOTPAY', 'ending, query at 48'],
    [48, 'query: NOTPAY', 'ending, query at 52'],
    [52, 'query: NOTPAY', 'ending, query at 54'],
    [54, 'query: SUCCESS', 'ending !paid_after_revoke, query at 62'],
  ])
  lives('a crash between intent and call: the revoke may have left, so it is repeated', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'crash in reverse', 'ending, reverse at 46'],
    [52, 'reverse: ORDER_PAID', 'ending, query at 52'],
    [52.1, 'query: SUCCESS', 'ending, query at 54.1'],
    [361, 'all queries: SUCCESS', 'ending, query at 362.001'],
    [362.001, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('a crash, and a week later: the old revoke is dead, so a query comes first', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'crash in reverse', 'ending, reverse at 46'],
    [604_800, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives(
    'whether a revoke is too old to be taken, WeChat Pay decides by its own clock, here 40 s behind ours',
    quickPay(),
    [
      ...TO_THE_REVOKE,
      [46, 'crash in reverse', 'ending, reverse at 46'],
      [370, replay(quickPay(), 'SUCCESS', 330), 'ending, query at 400'],
      [400, replay(quickPay(), 'SUCCESS', 360), 'SUCCESS'],
    ],
  )
  lives('an accepted revoke is remembered even when another worker wrote meanwhile', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'crash in reverse', 'ending, reverse at 46'],
    [47, 'reverse: USERPAYING', 'ending, query at 57'],
    [48, 'late reverse: done', 'ending, query at 48'],
    [400, 'late query: SUCCESS', 'ending, query at 402'],
  ])
  lives('several open revokes and one refusal: the latest counts as unanswered', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'crash in reverse', 'ending, reverse at 46'],
    [300, 'crash in reverse', 'ending, reverse at 300'],
    [301, 'late reverse: ORDER_PAID', 'ending, query at 301'],
    [400, 'query: SUCCESS', 'ending, query at 402'],
    [610.001, 'late query: SUCCESS', 'SUCCESS'],
  ])
  lives(
    'a refusal that is decided once more accounts for no revoke that another worker sent since',
    quickPay(),
    [
      ...TO_THE_REVOKE,
      [46, 'reverse: SYSTEM_ERROR', 'ending, query at 51'],
      [51, 'query: NOTPAY', 'ending, reverse at 51'],
      [51, 'crash in reverse', 'ending, reverse at 51'],
      [52, slow(quickPay(), 'reverse: SYSTEM_ERROR', 52, 6_000), 'ending, query at 57'],
      [57, 'query: SUCCESS', 'ending, reverse at 57'],
    ],
  )
  lives('nor does one that never left', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'crash in reverse', 'ending, reverse at 46'],
    [52, 'crash in reverse', 'ending, reverse at 52'],
    [53, slow(quickPay(), 'reverse: unreachable', 53, 7_000), 'ending, reverse at 57'],
    [357, 'late query: SUCCESS', 'ending, reverse at 357'],
  ])
  lives('a mark that passes goes with the next answer, and the revoke is repeated', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: timeout', 'ending, reverse at 48'],
    [47, 'late query: ORDER_NOT_EXIST', 'ending !vanished, query at 77'],
    [77, 'query: SUCCESS', 'ending, reverse at 77'],
  ])
  lives('a mark about money stops the repeats; the order is asked ever more slowly', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: timeout', 'ending, reverse at 48'],
    [
      47,
      query(quickPay(), 'SUCCESS', { amount: { total: 1, currency: 'HKD' } }),
      'ending !amount_mismatch, query at 77',
    ],
    [77, 'query: SUCCESS', 'ending !amount_mismatch, query at 79'],
    [355, 'all queries: SUCCESS', 'ending !amount_mismatch, query at 356.001'],
    [356.001, 'query: SUCCESS', 'SUCCESS !amount_mismatch'],
  ])
})

describe('the merchant gives the order up', () => {
  lives('Quick Pay while the customer pays: no revoke before 15 s, and the payment is found', quickPay(), [
    [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
    [2, 'give up', 'ending, query at 2'],
    [2, 'query: USERPAYING', 'ending, query at 5'],
    [12, 'all queries: USERPAYING', 'ending, query at 14'],
    [14, 'query: SUCCESS', 'SUCCESS, late compare, queryRefunds at 14'],
  ])
  lives('another kind: no close before 5 min', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [60, 'give up', 'ending, query at 60'],
    [60, 'query: NOTPAY', 'ending, query at 80'],
    [240, 'all queries: NOTPAY', 'ending, query at 300'],
    [300, 'query: NOTPAY', 'ending, close at 300'],
  ])
  lives('later than that: one query, then the close', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [400, 'give up', 'ending, query at 400'],
    [400.1, 'query: NOTPAY', 'ending, close at 400.1'],
  ])
  lives('while it is being placed: the reply is still learnt', native(), [
    [0.2, 'give up', 'ending, query at 0.2'],
    [0.5, 'late place: code_url', 'ending, query at 0.2'],
    [0.6, 'query: NOTPAY', 'ending, query at 10'],
  ])
  lives('the late reply to the placing is no query either: no revoke rests on it', quickPay(), [
    [2, 'give up', 'ending, query at 2'],
    [16, 'late place: USERPAYING', 'ending, query at 2'],
    [16.1, 'query: SUCCESS', 'SUCCESS, late compare, queryRefunds at 16.1'],
  ])
  lives('twice changes nothing', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [5, 'give up', 'ending, query at 5'],
    [6, 'give up', 'ending, query at 5'],
  ])
  lives('under a mark that passes: the ending starts when it is gone', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [10, 'query: ORDER_NOT_EXIST', 'waiting !vanished, query at 20'],
    [15, 'give up', 'waiting !vanished, query at 20'],
    [20, 'query: NOTPAY', 'ending, query at 30'],
  ])
  lives('under a mark about money: nothing is ended', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [10, query(native(), 'NOTPAY', { amount: { total: 1 } }), 'waiting !amount_mismatch, query at 40'],
    [15, 'give up', 'waiting !amount_mismatch, query at 40'],
    [1000, 'all queries: NOTPAY', 'waiting !amount_mismatch, query at 1020'],
  ])
})

describe('a reply to the placing that is written late', () => {
  lives('takes nothing from the rhythm in which the order is asked about by then', quickPay(), [
    [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
    [3.5, 'query: USERPAYING', 'waiting, query at 6.5'],
    [4, 'late place: USERPAYING', 'waiting, query at 6.5'],
    [6.5, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('still makes the verdict', quickPay(), [
    [5, 'place: timeout', 'waiting, query at 8'],
    [8, 'query: USERPAYING', 'waiting, query at 11'],
    [9, 'late place: SUCCESS', 'SUCCESS'],
  ])
})

describe('"never created"', () => {
  const UNANSWERED: Line = [5, 'place: timeout', 'waiting, query at 8']
  lives(
    'two signed answers, a minute apart, both more than 310 s after the last placing was signed',
    quickPay(),
    [
      UNANSWERED,
      [310, 'all queries: ORDER_NOT_EXIST', 'waiting, query at 310.001'],
      [310.001, 'query: ORDERNOTEXIST', 'waiting, query at 340.001'],
      [340.001, 'query: ORDER_NOT_EXIST', 'waiting, query at 370.001'],
      [370, 'late query: ORDER_NOT_EXIST', 'waiting, query at 373'],
      [373, 'query: ORDER_NOT_EXIST', 'NOT_CREATED'],
    ],
  )
  lives('310 s count from the last placing, not from the first', native(), [
    [5, 'place: timeout', 'placing, place at 7'],
    [7, 'place: timeout', 'placing, place at 11'],
    [11, 'place: PARAM_ERROR', 'waiting !call_refused, query at 11'],
    [320, 'all queries: ORDER_NOT_EXIST', 'waiting !call_refused, query at 321.001'],
    [351, 'all queries: ORDER_NOT_EXIST', 'waiting !call_refused, query at 360'],
    [381, 'all queries: ORDER_NOT_EXIST', 'waiting !call_refused, query at 381.001'],
    [381.001, 'query: ORDER_NOT_EXIST', 'NOT_CREATED'],
  ])
  lives(
    'an answer counts from when it was asked for, the pause to the next from when it was signed',
    quickPay(),
    [
      UNANSWERED,
      [
        312,
        { call: 'query', outcome: refusal('ORDER_NOT_EXIST', at(312)), tookMs: 3_000 },
        'waiting, query at 315',
      ],
      [
        315,
        { call: 'query', outcome: refusal('ORDER_NOT_EXIST', at(315)), tookMs: 3_000 },
        'waiting, query at 345',
      ],
    ],
  )
  lives('an old signed answer that comes again and again is no denial of now', quickPay(), [
    UNANSWERED,
    [310, 'all queries: ORDER_NOT_EXIST', 'waiting, query at 310.001'],
    [310.001, replay(quickPay(), 'ORDER_NOT_EXIST', 60), 'waiting, query at 340.001'],
    [340.001, replay(quickPay(), 'ORDER_NOT_EXIST', 60), 'waiting, query at 370.001'],
    [370.001, 'query: ORDER_NOT_EXIST', 'waiting, query at 400.001'],
    [430, 'all queries: ORDER_NOT_EXIST', 'waiting, query at 430.001'],
    [430.001, 'query: ORDER_NOT_EXIST', 'NOT_CREATED'],
  ])
  lives('two signed answers are two: the first that comes again is none', quickPay(), [
    UNANSWERED,
    [310, 'all queries: ORDER_NOT_EXIST', 'waiting, query at 310.001'],
    [311, 'query: ORDER_NOT_EXIST', 'waiting, query at 341'],
    [341, replay(quickPay(), 'ORDER_NOT_EXIST', 311), 'waiting, query at 371'],
    [371, 'query: ORDER_NOT_EXIST', 'NOT_CREATED'],
  ])
  lives('one that came before any counts, and comes again, is none', quickPay(), [
    UNANSWERED,
    [309, 'all queries: ORDER_NOT_EXIST', 'waiting, query at 310.001'],
    [311, replay(quickPay(), 'ORDER_NOT_EXIST', 309), 'waiting, query at 341'],
    [341, 'query: ORDER_NOT_EXIST', 'waiting, query at 371'],
    [371, 'query: ORDER_NOT_EXIST', 'waiting, query at 401'],
    [401, 'query: ORDER_NOT_EXIST', 'NOT_CREATED'],
  ])
  lives('nor is one that came too soon after the first, and comes again', quickPay(), [
    UNANSWERED,
    [310, 'all queries: ORDER_NOT_EXIST', 'waiting, query at 310.001'],
    [311, 'query: ORDER_NOT_EXIST', 'waiting, query at 341'],
    [341, replay(quickPay(), 'ORDER_NOT_EXIST', 341), 'waiting, query at 371'],
    [371, replay(quickPay(), 'ORDER_NOT_EXIST', 341), 'waiting, query at 401'],
    [401, 'query: ORDER_NOT_EXIST', 'NOT_CREATED'],
  ])
  lives(
    'the order may be there, and WeChat Pay not know it yet: the placing came in its last second',
    quickPay(),
    [
      UNANSWERED,
      [310, 'all queries: ORDER_NOT_EXIST', 'waiting, query at 310.001'],
      [340.001, 'all queries: ORDER_NOT_EXIST', 'waiting, query at 370.001'],
      [370.001, 'query: SUCCESS', 'SUCCESS'],
    ],
  )
  lives('another state in between: seen, so never NOT_CREATED', quickPay(), [
    UNANSWERED,
    [320, 'query: ORDER_NOT_EXIST', 'waiting, query at 350'],
    [350, 'query: NOTPAY', 'ending, reverse at 350'],
    [350, 'reverse: ORDER_NOT_EXIST', 'ending, query at 380'],
    [380, 'query: ORDER_NOT_EXIST', 'ending !vanished, query at 463.75'],
  ])
  lives('a 404 for an order that was seen raises attention and ends nothing', quickPay(), [
    [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
    [3.5, 'query: ORDER_NOT_EXIST', 'waiting !vanished, query at 6.5'],
    [6.5, 'query: NOTPAY', 'waiting, query at 9.5'],
  ])
  lives('a credential is as good as a state: WeChat Pay knew the order', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [400, 'late query: ORDER_NOT_EXIST', 'waiting !vanished, query at 480'],
    [480, 'query: ORDER_NOT_EXIST', 'waiting !vanished, query at 600'],
  ])
  lives('so is a statement that did not fit', quickPay(), [
    UNANSWERED,
    [8, query(quickPay(), 'NOTPAY', { amount: { total: 1 } }), 'waiting !amount_mismatch, query at 38'],
    [400, 'query: ORDER_NOT_EXIST', 'waiting !amount_mismatch, query at 488.75'],
    [500, 'query: ORDER_NOT_EXIST', 'waiting !amount_mismatch, query at 613.75'],
  ])
  lives('an order that somebody else placed is never "not created"', tracked('native'), [
    [0, 'query: ORDER_NOT_EXIST', 'waiting !vanished, query at 10'],
    [400, 'query: ORDER_NOT_EXIST', 'waiting !vanished, query at 480'],
    [480, 'query: ORDER_NOT_EXIST', 'waiting !vanished, query at 600'],
  ])
  lives('unsigned ones raise attention and do not count', quickPay(), [
    UNANSWERED,
    [320, 'query: unsigned ORDER_NOT_EXIST', 'waiting !unsigned_unknown, query at 324'],
    [400, 'query: unsigned ORDER_NOT_EXIST', 'waiting !unsigned_unknown, query at 408'],
  ])
  lives(
    'twin: an account may allow them',
    quickPay(),
    [
      UNANSWERED,
      [320, 'query: unsigned ORDER_NOT_EXIST', 'waiting, query at 350'],
      [350, 'query: unsigned ORDER_NOT_EXIST', 'waiting, query at 380'],
      [380, 'query: unsigned ORDER_NOT_EXIST', 'NOT_CREATED'],
    ],
    rulesFor('quick_pay', true),
  )
  lives('given up and never created: no revoke is sent for it', quickPay(), [
    UNANSWERED,
    [6, 'give up', 'ending, query at 6'],
    [310, 'all queries: ORDER_NOT_EXIST', 'ending, query at 310.001'],
    [370, 'all queries: ORDER_NOT_EXIST', 'ending, query at 370.001'],
    [370.001, 'query: ORDER_NOT_EXIST', 'NOT_CREATED'],
  ])
  it('keeps both refusals, and the second is the verdict’s evidence', () => {
    const order = { ...quickPay(), state: 'waiting', unknownAtMs: at(311) } as const
    const learnt = { call: 'query', outcome: refusal('ORDER_NOT_EXIST', at(371)), tookMs: 0 } as const
    const change = decide(order, learnt, rulesFor('quick_pay'), { nowMs: at(371), chance: 0 })
    expect(change.evidence).toEqual([learnt.outcome.evidence])
    expect(change.order).toMatchObject({
      state: 'NOT_CREATED',
      verdict: { evidence: learnt.outcome.evidence },
    })
  })
})

describe('tracked orders', () => {
  lives('are not ended by age: asked ever more slowly, then shown to a person', tracked('native'), [
    [0, 'query: NOTPAY', 'waiting, query at 10'],
    [900, 'all queries: NOTPAY', 'waiting, query at 930'],
    [2_700, 'all queries: NOTPAY', 'waiting, query at 3082.789'],
    [3_082.789, 'query: NOTPAY', 'waiting !unfinished, query at 3628.486'],
  ])
  lives('are ended if the caller said so', tracked('native', { mayEnd: true }), [
    [0, 'query: NOTPAY', 'waiting, query at 10'],
    [899, 'all queries: NOTPAY', 'waiting, query at 900'],
    [900, 'query: NOTPAY', 'ending, close at 900'],
  ])
  lives('are ended if the merchant gives them up, 5 min after tracking began', tracked('native'), [
    [0, 'query: NOTPAY', 'waiting, query at 10'],
    [20, 'give up', 'ending, query at 20'],
    [299, 'all queries: NOTPAY', 'ending, query at 300'],
    [300, 'query: NOTPAY', 'ending, close at 300'],
  ])
  lives('5 min count from a known creation', tracked('native', { latestPlacingAtMs: at(-400) }), [
    [0, 'query: NOTPAY', 'waiting, query at 10'],
    [5, 'give up', 'ending, query at 5'],
    [5, 'query: NOTPAY', 'ending, close at 5'],
  ])
  lives('PAYERROR ends no order that Verdict may not end', tracked('quick_pay'), [
    [0, 'query: PAYERROR', 'waiting, query at 30'],
  ])
  lives('are found paid at once', tracked('jsapi'), [[0, 'query: SUCCESS', 'SUCCESS']])
})

describe('"no verdict without evidence": what a statement must name', () => {
  const SEEN: Line = [0.5, 'place: USERPAYING', 'waiting, query at 3.5']
  const order = quickPay()
  const strange: ReadonlyArray<readonly [string, Partial<TradeStatement>, string]> = [
    ['another amount', { amount: { total: 8801, currency: 'HKD' } }, 'amount_mismatch'],
    ['another currency', { amount: { total: 8800, currency: 'CNY' } }, 'amount_mismatch'],
    ['another merchant', { mchid: '1900000002' }, 'identity_mismatch'],
    ['another number', { out_trade_no: 'A43' }, 'identity_mismatch'],
  ]
  for (const [name, more, mark] of strange) {
    lives(`SUCCESS with ${name} is not booked, and nothing is revoked`, order, [
      SEEN,
      [3.5, query(order, 'SUCCESS', more), `waiting !${mark}, query at 33.5`],
      [60, 'all queries: NOTPAY', `waiting !${mark}, query at 75.5`],
    ])
  }
  lives('twin: without the mark the same life is revoked', order, [
    SEEN,
    [3.5, query(order, 'NOTPAY'), 'waiting, query at 6.5'],
    [60, 'all queries: NOTPAY', 'ending, reverse at 45.5'],
  ])
  const absent: ReadonlyArray<readonly [string, string, Partial<TradeStatement>]> = [
    ['SUCCESS', 'amount', { amount: {} }],
    ['SUCCESS', 'amount.currency', { amount: { total: 8800 } }],
    ['SUCCESS', 'amount.total', { amount: { currency: 'HKD' } }],
    ['REFUND', 'amount', { amount: {} }],
  ]
  for (const [state, field, more] of absent) {
    lives(`${state} without ${field}: "a field that is absent is not a match: query"`, order, [
      SEEN,
      [3.5, query(order, state, more), 'waiting !incomplete_statement, query at 33.5'],
      [33.5, query(order, state), state === 'REFUND' ? 'SUCCESS, queryRefunds at 33.5' : 'SUCCESS'],
    ])
  }
  for (const state of ['CLOSED', 'REVOKED', 'SUCCESS']) {
    lives(`${state} without the ids is no verdict`, order, [
      SEEN,
      [
        3.5,
        { call: 'query', outcome: answer({ trade_state: state }), tookMs: 0 },
        'waiting !incomplete_statement, query at 33.5',
      ],
      [33.5, `query: ${state}`, state],
    ])
  }
  lives('CLOSED needs no amount', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [10, query(native(), 'CLOSED', { amount: {} }), 'CLOSED'],
  ])
  lives(
    'an unknown trade_state: asked again in the same rhythm, a person is told, nothing concluded',
    order,
    [
      SEEN,
      [3.5, query(order, 'DELIVERED'), 'waiting !unknown_trade_state, query at 6.5'],
      [45, 'late query: timeout', 'waiting !unknown_trade_state, query at 48'],
      [60, query(order, 'DELIVERED'), 'waiting !unknown_trade_state, query at 90'],
      [90, 'query: NOTPAY', 'ending, reverse at 90'],
    ],
  )
  lives('REFUND is a later stage of SUCCESS (3.9)', order, [
    SEEN,
    [3.5, 'query: REFUND', 'SUCCESS, queryRefunds at 3.5'],
    [4, 'queryRefunds: none', 'SUCCESS'],
  ])

  it('keeps the very statement that made the verdict, with its number and time', () => {
    const trade = statement(order, 'SUCCESS', {
      transaction_id: '4200',
      success_time: '2026-06-08T10:00:03Z',
    })
    const learnt = { call: 'query', outcome: answer(trade), tookMs: 0 } as const
    const change = decide(order, learnt, rulesFor('quick_pay'), { nowMs: at(3), chance: 0 })
    expect(change.order).toMatchObject({
      verdict: {
        state: 'SUCCESS',
        atMs: at(3),
        learntBy: 'query',
        transaction_id: '4200',
        success_time: '2026-06-08T10:00:03Z',
        evidence: learnt.outcome.evidence,
      },
    })
    expect(change.evidence).toEqual([learnt.outcome.evidence])
    expect(change.journal.map(({ event, said }) => `${event} ${said}`)).toEqual([
      'answer SUCCESS',
      'verdict SUCCESS',
    ])
  })

  it('keeps a statement that contradicts, for the person who looks', () => {
    const learnt = {
      call: 'query',
      outcome: answer(statement(order, 'SUCCESS', { mchid: 'X' })),
      tookMs: 0,
    } as const
    const change = decide(order, learnt, rulesFor('quick_pay'), { nowMs: at(3), chance: 0 })
    expect(change.evidence).toEqual([learnt.outcome.evidence])
    expect(change.order).not.toHaveProperty('verdict')
  })
})

describe('"silence proves nothing"', () => {
  for (const reason of NO_ANSWER_REASONS) {
    it(`${reason}: no call that ends like this leads to a verdict or a call refused`, () => {
      for (const order of [quickPay(), native(), tracked('native', { mayEnd: true })]) {
        for (const call of ['place', 'query', 'close', 'reverse'] as const) {
          const learnt: Learnt = { call, outcome: noAnswer(reason), tookMs: 0 }
          const { order: after } = decide(order, learnt, rulesFor(order.kind), {
            nowMs: at(2_000),
            chance: 0,
          })
          expect(isFinal(after)).toBe(false)
          expect(after.seen).toBeNull()
        }
      }
    })
  }
  lives(
    '1.1 "polling, not once": silence all through the window, and the window’s end is no verdict',
    quickPay(),
    [
      [5, 'place: timeout', 'waiting, query at 8'],
      [60, 'all queries: timeout', 'waiting, query at 62'],
      [86_400, 'all queries: timeout', 'waiting !overdue, query at 89816.623'],
      [89_816.623, 'query: SUCCESS', 'SUCCESS'],
    ],
  )
  lives('our key is refused: a person is told, the order stays open, and the mark passes', quickPay(), [
    [1, 'place: key-refused', 'waiting !key_refused, query at 4'],
    [4, 'query: unknown-key', 'waiting !key_unknown, query at 7'],
    [7, 'query: USERPAYING', 'waiting, query at 10'],
  ])
  lives('429 rests for 5 s and keeps the place in the schedule', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [10, 'query: rate-limited', 'waiting, query at 15'],
    [15, 'query: NOTPAY', 'waiting, query at 20'],
  ])
  lives('WeChat Pay refuses the query for good: slowly, and a person is told', quickPay(), [
    [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
    [3.5, 'query: NO_AUTH', 'waiting !call_refused, query at 33.5'],
    [33.5, 'query: USERPAYING', 'waiting, query at 36.5'],
  ])
  lives('a query refused with "system error" is asked again in the rhythm', quickPay(), [
    [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
    [3.5, 'query: SYSTEM_ERROR', 'waiting, query at 6.5'],
  ])
})

describe('limits of the policy', () => {
  const few = {
    ...rulesFor('native'),
    plan: compilePlan('native', { ...compilePlan('native').policy, queriesMax: 2 }),
  }
  lives(
    '1.5 queriesMax ends the window early, counted in answered queries',
    native(),
    [
      [0.5, 'place: code_url', 'waiting, query at 10'],
      [10, 'query: timeout', 'waiting, query at 13'],
      [13, 'query: NOTPAY', 'waiting, query at 20'],
      [20, 'query: NOTPAY', 'ending, query at 30'],
    ],
    few,
  )
  it('the same arguments give the same change', () => {
    const learnt = { call: 'query', outcome: refusal('SYSTEM_ERROR'), tookMs: 3 } as const
    const moment = { nowMs: T0 + 9_000, chance: 0.4 }
    const decideIt = () => decide(quickPay(), learnt, rulesFor('quick_pay'), moment)
    expect(decideIt()).toEqual(decideIt())
    expect(evidence()).not.toEqual(evidence())
  })
})
