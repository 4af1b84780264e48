import { describe, expect, it } from 'vitest'
import { REFUNDS_MAX } from './aftercare.ts'
import { decide } from './decide.ts'
import { FINAL_STATES, type Order } from './order.ts'
import type { TradeStatement } from './outcome.ts'
import type { LateMoneyPolicy } from './policy.ts'
import type { Learnt } from './scene.ts'
import {
  answer,
  at,
  final,
  type Given,
  type Line,
  learntFrom,
  live,
  lived,
  placing,
  rulesFor,
  statement,
} from './testing.ts'

// Money for orders that were given up, as tables; `testing.ts` explains the words. What others refund is in
// `refunds-elsewhere.test.ts`.

function lives(
  name: string,
  order: Order,
  lines: readonly Line[],
  lateMoney: LateMoneyPolicy = 'refund',
): void {
  const rules = rulesFor(order.kind, false, lateMoney)
  it(name, () => expect(live(order, lines, rules)).toEqual(lines))
}

const native = (given: Given = {}): Order => placing('native', given)
const closed = final('CLOSED')

/** A query's answer made by hand. */
function query(trade_state: string, more: Partial<TradeStatement> = {}, s = 0, tookMs = 0): Learnt {
  return { call: 'query', outcome: answer(statement(closed, trade_state, more), at(s)), tookMs }
}

/** Given up before anybody knew that it is paid. */
const GIVEN_UP: readonly Line[] = [
  [0.5, 'place: code_url', 'waiting, query at 10'],
  [5, 'give up', 'ending, query at 5'],
]

/** Closed for us, and WeChat Pay announces the payment. */
const ANNOUNCED: readonly Line[] = [[0, 'callback: SUCCESS', 'CLOSED, late confirm, query at 0']]

describe('3.8 given up, and the customer paid: the money goes back', () => {
  lives(
    '3.8 found by the query that follows: it is fresh, so all refunds are asked for, and then it is refunded',
    native(),
    [
      ...GIVEN_UP,
      [5, 'query: SUCCESS', 'SUCCESS, late compare, queryRefunds at 5'],
      [5, 'queryRefunds: none', 'SUCCESS, late refunding, late queued, refund at 5'],
      [5, 'refund: accepted', 'SUCCESS, late refunding, late processing, queryRefund at 25'],
      [25, 'queryRefund: SUCCESS', 'SUCCESS, late returned, late SUCCESS'],
    ],
  )
  lives('3.7, 3.8 paid between the last query and the close: SUCCESS, and it goes back', native(), [
    ...GIVEN_UP,
    [299, 'all queries: NOTPAY', 'ending, query at 300'],
    [300, 'query: NOTPAY', 'ending, close at 300'],
    [300.1, 'close: ORDERPAID', 'ending, query at 300.1'],
    [300.2, 'query: SUCCESS', 'SUCCESS, late compare, queryRefunds at 300.2'],
    [300.3, 'queryRefunds: none', 'SUCCESS, late refunding, late queued, refund at 300.3'],
    [300.4, 'refund: SUCCESS', 'SUCCESS, late returned, late SUCCESS'],
  ])
  lives(
    '3.7, 3.8 paid between the last query and the revoke, which is refused: SUCCESS, and it goes back',
    placing('quick_pay'),
    [
      [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
      [2, 'give up', 'ending, query at 2'],
      [14, 'all queries: USERPAYING', 'ending, query at 15'],
      [15, 'query: USERPAYING', 'ending, reverse at 15'],
      [15.1, 'reverse: ORDER_PAID', 'ending, query at 15.1'],
      [15.2, 'query: SUCCESS', 'SUCCESS, late compare, queryRefunds at 15.2'],
    ],
  )
  lives('3.7 … which is accepted: WeChat Pay gave it back itself, REVOKED', placing('quick_pay'), [
    [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
    [2, 'give up', 'ending, query at 2'],
    [14, 'all queries: USERPAYING', 'ending, query at 15'],
    [15, 'query: USERPAYING', 'ending, reverse at 15'],
    [15.1, 'reverse: done', 'ending, query at 15.1'],
    [15.2, 'query: REVOKED', 'REVOKED'],
  ])
  lives('3.8 announced by a callback: a fresh answer has to say so first', native(), [
    ...GIVEN_UP,
    [6, 'callback: SUCCESS', 'SUCCESS, late confirm, query at 6'],
    [6, 'query: SUCCESS', 'SUCCESS, late compare, queryRefunds at 6'],
    [6, 'queryRefunds: none', 'SUCCESS, late refunding, late queued, refund at 6'],
    [6, 'refund: NOT_ENOUGH', 'SUCCESS, late refunding, late queued, refund at 606'],
    [606, 'refund: accepted', 'SUCCESS, late refunding, late processing, queryRefund at 626'],
    [626, 'queryRefund: SUCCESS', 'SUCCESS, late returned, late SUCCESS'],
  ])
  lives('the reply to a Quick Pay says so, after it was given up', placing('quick_pay'), [
    [0, 'crash in query', 'placing, query at 0'],
    [1, 'give up', 'ending, query at 1'],
    [2, 'late place: SUCCESS', 'SUCCESS, late compare, queryRefunds at 2'],
  ])
  lives('REFUND is paid, too: what others gave back is counted', native(), [
    ...GIVEN_UP,
    [5, 'query: REFUND', 'SUCCESS, late compare, queryRefunds at 5'],
    [5, 'queryRefunds: e1 8800 SUCCESS', 'SUCCESS, late returned, e1 SUCCESS'],
  ])
  lives(
    'twin: found paid while Verdict ends it because its window is over: nobody was told that it failed',
    native(),
    [
      [0.5, 'place: code_url', 'waiting, query at 10'],
      [899, 'all queries: NOTPAY', 'waiting, query at 900'],
      [900, 'query: SUCCESS', 'SUCCESS'],
    ],
  )
  for (const state of FINAL_STATES.filter((state) => state !== 'SUCCESS')) {
    lives(
      `3.8 ended ${state}, and a verified callback says that it is paid: the verdict stays`,
      final(state),
      [
        [0, 'callback: SUCCESS', `${state}, late confirm, query at 0`],
        [0, 'query: SUCCESS', `${state}, late compare, queryRefunds at 0`],
        [0, 'queryRefunds: none', `${state}, late refunding, late queued, refund at 0`],
        [0, 'refund: SUCCESS', `${state}, late returned, late SUCCESS`],
      ],
    )
  }
})

describe('the policy decides what becomes of it', () => {
  lives(
    'accept: it is kept, and nobody has to look',
    native(),
    [...GIVEN_UP, [5, 'query: SUCCESS', 'SUCCESS, late accepted']],
    'accept',
  )
  lives('accept: after CLOSED, too', closed, [[0, 'callback: SUCCESS', 'CLOSED, late accepted']], 'accept')
  lives(
    'accept: the merchant may refund it all the same',
    closed,
    [
      [0, 'callback: SUCCESS', 'CLOSED, late accepted'],
      [1, 'ask refund all as r1', 'CLOSED, late accepted, r1 queued, refund at 1'],
      [1, 'refund: SUCCESS', 'CLOSED, late returned, r1 SUCCESS'],
    ],
    'accept',
  )
  lives(
    'ask: a person decides',
    native(),
    [...GIVEN_UP, [5, 'query: SUCCESS', 'SUCCESS !late_money, late asked']],
    'ask',
  )
  lives(
    'ask: the person refunds it, and the mark goes with the last of it',
    closed,
    [
      [0, 'callback: SUCCESS', 'CLOSED !late_money, late asked'],
      [1, 'ask refund 8000 as r1', 'CLOSED !late_money, late asked, r1 queued, refund at 1'],
      [1, 'refund: SUCCESS', 'CLOSED !late_money, late asked, r1 SUCCESS'],
      [2, 'ask refund all as r2', 'CLOSED !late_money, late asked, r1 SUCCESS, r2 queued, refund r2 at 62'],
      [
        62,
        'refund r2: ABNORMAL',
        'CLOSED !late_money, late asked, r1 SUCCESS, r2 processing, queryRefund r2 at 3662',
      ],
      [3_662, 'queryRefund r2: SUCCESS', 'CLOSED, late returned, r1 SUCCESS, r2 SUCCESS'],
    ],
    'ask',
  )
})

describe('"only after a fresh signed SUCCESS"', () => {
  lives('the callback alone moves no money, however often it comes', closed, [
    ...ANNOUNCED,
    [1, 'callback: SUCCESS', 'nothing new'],
    [2, 'query: timeout', 'CLOSED, late confirm, query at 4'],
    [3, 'callback: SUCCESS', 'nothing new'],
    [4, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 4'],
  ])
  lives('WeChat Pay says REVOKED: it gave the money back itself', final('REVOKED'), [
    [0, 'callback: SUCCESS', 'REVOKED, late confirm, query at 0'],
    [0, 'query: REVOKED', 'REVOKED, late returned'],
  ])
  lives('it does not say "paid": asked slowly, and after five times a person decides', closed, [
    ...ANNOUNCED,
    [0, 'query: NOTPAY', 'CLOSED, late confirm, query at 32'],
    [32, 'query: CLOSED', 'CLOSED, late confirm, query at 66'],
    [66, 'query: ORDER_NOT_EXIST', 'CLOSED, late confirm, query at 104'],
    [104, query('SUCCESS', { amount: {} }, 104), 'CLOSED, late confirm, query at 150'],
    [150, 'query: USERPAYING', 'CLOSED !late_money, late asked'],
    [151, 'callback: SUCCESS', 'nothing new'],
  ])
  lives('an old signed "paid" that comes again is no fresh one', closed, [
    [200, 'callback: SUCCESS', 'CLOSED, late confirm, query at 200'],
    [200, query('SUCCESS', {}, 10), 'CLOSED, late confirm, query at 232'],
    [232, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 232'],
  ])
  lives('nor is an old signed REVOKED', closed, [
    [200, 'callback: SUCCESS', 'CLOSED, late confirm, query at 200'],
    [200, query('REVOKED', {}, 10), 'CLOSED, late confirm, query at 232'],
  ])
  lives(
    'silence concludes nothing: asked after 2, 4, 8, … s, and shown to a person after half an hour',
    closed,
    [
      ...ANNOUNCED,
      [2, 'all queries: timeout', 'CLOSED, late confirm, query at 6'],
      [6, 'query: rate-limited', 'CLOSED, late confirm, query at 14'],
      [1_900, 'all queries: timeout', 'CLOSED, late confirm, query at 2046'],
      [4_200, 'all queries: timeout', 'CLOSED !late_money, late confirm, query at 7694'],
      [86_400, 'all queries: timeout', 'CLOSED !late_money, late confirm, query at 86894'],
      [86_894, 'query: SUCCESS', 'CLOSED !late_money, late compare, queryRefunds at 86894'],
      [86_894, 'queryRefunds: none', 'CLOSED !late_money, late refunding, late queued, refund at 86894'],
      [86_894, 'refund: SUCCESS', 'CLOSED, late returned, late SUCCESS'],
    ],
  )
  lives(
    'what counts is when it was asked for: a "paid" that took a minute on its way is asked for again',
    closed,
    [
      ...ANNOUNCED,
      [61, query('SUCCESS', {}, 61, 60_500), 'CLOSED, late compare, queryRefunds at 61'],
      [61, 'queryRefunds: none', 'CLOSED, late confirm, query at 61'],
    ],
  )
  lives('another amount, says the answer: a person decides', closed, [
    ...ANNOUNCED,
    [0, query('SUCCESS', { amount: { total: 1, currency: 'HKD' } }), 'CLOSED !amount_mismatch, late asked'],
    [1, 'callback: SUCCESS', 'nothing new'],
  ])
  lives('a mark about the calls goes with the next answer', closed, [
    ...ANNOUNCED,
    [0, 'query: key-refused', 'CLOSED !key_refused, late confirm, query at 2'],
    [2, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 2'],
    [2, 'queryRefunds: unknown-key', 'CLOSED !key_unknown, late compare, queryRefunds at 4'],
    [4, 'queryRefunds: none', 'CLOSED, late refunding, late queued, refund at 4'],
  ])
})

describe('a suspicion makes us ask, and proves nothing', () => {
  lives('2.2 somebody says so whom nobody could verify: a query tells', closed, [
    [0, 'hint', 'CLOSED, late suspected, query at 0'],
    [0, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 0'],
    [0, 'queryRefunds: none', 'CLOSED, late refunding, late queued, refund at 0'],
  ])
  lives('it is not so: CLOSED as before', closed, [
    [0, 'hint', 'CLOSED, late suspected, query at 0'],
    [0, 'query: CLOSED', 'CLOSED'],
    [1, 'hint', 'CLOSED, late suspected, query at 1'],
    [1, 'query: REVOKED', 'CLOSED'],
  ])
  lives('a person may say so, too', closed, [
    [0, 'ask now', 'CLOSED, late suspected, query at 0'],
    [0, 'query: CLOSED', 'CLOSED'],
  ])
  lives('once is enough', closed, [
    [0, 'hint', 'CLOSED, late suspected, query at 0'],
    [1, 'hint', 'nothing new'],
  ])
  lives('nobody can say: asked five times, and dropped', closed, [
    [0, 'hint', 'CLOSED, late suspected, query at 0'],
    [3_600, 'all queries: NOTPAY', 'CLOSED'],
  ])
  lives('what is only suspected can not be refunded', closed, [
    [0, 'hint', 'CLOSED, late suspected, query at 0'],
    [1, 'ask refund 500 as r1', 'ORDER_STATE'],
  ])
  lives('then a verified callback comes: late money', closed, [
    [0, 'hint', 'CLOSED, late suspected, query at 0'],
    [1, 'callback: SUCCESS', 'CLOSED, late confirm, query at 1'],
  ])
  lives('the answer contradicts the order: a person is told, and what is proven later still counts', closed, [
    [0, 'hint', 'CLOSED, late suspected, query at 0'],
    [0, query('NOTPAY', { mchid: '1900000002' }), 'CLOSED !identity_mismatch'],
    [1, 'ask refund 500 as r1', 'ORDER_STATE'],
    [2, 'callback: SUCCESS', 'CLOSED !identity_mismatch, late asked'],
  ])
  lives('"paid" in an answer that was under way when it was revoked: perhaps from before', final('REVOKED'), [
    [0, 'late query: SUCCESS', 'REVOKED, late suspected, query at 0'],
    [0, 'query: REVOKED', 'REVOKED'],
  ])
  lives('the late reply to the placing says so', final('CLOSED', { seen: null }), [
    [0, 'late place: SUCCESS', 'CLOSED, late suspected, query at 0'],
  ])
  lives('an answer that was under way and says nothing new', closed, [
    [0, 'late query: CLOSED', 'nothing new'],
    [0, 'late query: timeout', 'nothing new'],
    [0, 'late place: code_url', 'nothing new'],
    [0, 'late close: done', 'nothing new'],
    [0, 'give up', 'nothing new'],
  ])
  lives('of a paid order there is none', final('SUCCESS'), [
    [0, 'hint', 'nothing new'],
    [0, 'late query: SUCCESS', 'nothing new'],
  ])
  lives(
    'under a mark about identity it is still asked about: to ask is harmless',
    final('CLOSED', { attention: 'identity_mismatch' }),
    [
      [0, 'hint', 'CLOSED !identity_mismatch, late suspected, query at 0'],
      [0, 'query: SUCCESS', 'CLOSED !identity_mismatch, late asked'],
    ],
  )
})

describe('a mark about identity or money holds it back', () => {
  lives(
    'one that stood before: a person decides from the start',
    final('CLOSED', { attention: 'amount_mismatch' }),
    [[0, 'callback: SUCCESS', 'CLOSED !amount_mismatch, late asked']],
  )
  lives('one that comes meanwhile: nothing is due, until a person has looked', closed, [
    ...ANNOUNCED,
    [0, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 0'],
    [1, otherAmount(), 'CLOSED !amount_mismatch, late compare (refused)'],
  ])
  lives('one that comes when the refund is written: it does not leave', closed, [
    ...ANNOUNCED,
    [0, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 0'],
    [0, 'queryRefunds: none', 'CLOSED, late refunding, late queued, refund at 0'],
    [1, otherAmount(), 'CLOSED !amount_mismatch, late refunding, late queued (refused)'],
  ])
  lives('what has left is followed to its end', closed, [
    ...ANNOUNCED,
    [0, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 0'],
    [0, 'queryRefunds: none', 'CLOSED, late refunding, late queued, refund at 0'],
    [0, 'crash in refund', 'CLOSED, late refunding, late requesting, queryRefund at 0'],
    [
      1,
      otherAmount(),
      'CLOSED !amount_mismatch, late refunding, late requesting, queryRefund at 0 (refused)',
    ],
    [
      2,
      'queryRefund: PROCESSING',
      'CLOSED !amount_mismatch, late refunding, late processing, queryRefund at 22',
    ],
    [22, 'queryRefund: SUCCESS', 'CLOSED !amount_mismatch, late returned, late SUCCESS'],
  ])
  lives('what the merchant asks for is sent: that is no automatic refund', closed, [
    [0, otherAmount(), 'CLOSED !amount_mismatch (refused)'],
    [1, 'callback: SUCCESS', 'CLOSED !amount_mismatch, late asked'],
    [2, 'ask refund 500 as r1', 'CLOSED !amount_mismatch, late asked, r1 queued, refund at 2'],
    [2, 'refund: accepted', 'CLOSED !amount_mismatch, late asked, r1 processing, queryRefund at 22'],
  ])
  lives('one that passes lets it go on', closed, [
    ...ANNOUNCED,
    [0, 'ask refund 500 as r1', 'CLOSED, late confirm, r1 queued, query at 0'],
    [0, 'query: timeout', 'CLOSED, late confirm, r1 queued, refund at 0'],
    [0, 'refund: accepted', 'CLOSED, late confirm, r1 processing, query at 2'],
    [20, 'all queries: timeout', 'CLOSED, late confirm, r1 processing, queryRefund at 20'],
    [20, 'queryRefund: none', 'CLOSED !vanished, late confirm, r1 processing, queryRefund at 320'],
    [320, 'queryRefund: PROCESSING', 'CLOSED, late confirm, r1 processing, query at 32'],
    [320, 'query: SUCCESS', 'CLOSED, late compare, r1 processing, queryRefunds at 320'],
  ])

  /** A verified callback about this order with another amount. */
  function otherAmount(): Learnt {
    const learnt = learntFrom(closed, 'callback: SUCCESS') as Extract<Learnt, { call: 'callback' }>
    return { ...learnt, trade: statement(closed, 'SUCCESS', { amount: { total: 1, currency: 'HKD' } }) }
  }
})

describe('when its refund does not end well', () => {
  const SENT: readonly Line[] = [
    ...ANNOUNCED,
    [0, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 0'],
    [0, 'queryRefunds: none', 'CLOSED, late refunding, late queued, refund at 0'],
  ]
  lives('closed: final for its number, a person decides', closed, [
    ...SENT,
    [0, 'refund: accepted', 'CLOSED, late refunding, late processing, queryRefund at 20'],
    [20, 'queryRefund: REFUNDCLOSE', 'CLOSED !refund_closed, late asked, late CLOSED'],
    [
      21,
      'ask refund all as r1',
      'CLOSED !refund_closed, late asked, late CLOSED, r1 queued, refund r1 at 61',
    ],
    [61, 'refund r1: SUCCESS', 'CLOSED !refund_closed, late returned, late CLOSED, r1 SUCCESS'],
  ])
  lives('refused, because others were faster: what they made is counted', closed, [
    ...SENT,
    [0, 'refund: INVALID_REQUEST', 'CLOSED, late refunding, late requesting, queryRefund at 0'],
    [0, 'queryRefund: none', 'CLOSED !refund_refused, late asked, late REFUSED, queryRefunds at 0'],
    [0, 'queryRefunds: e1 8800 SUCCESS', 'CLOSED !refund_refused, late returned, late REFUSED, e1 SUCCESS'],
  ])
  lives('refused, and others made only a part: a person decides about the rest', closed, [
    ...SENT,
    [0, 'refund: INVALID_REQUEST', 'CLOSED, late refunding, late requesting, queryRefund at 0'],
    [0, 'queryRefund: none', 'CLOSED !refund_refused, late asked, late REFUSED, queryRefunds at 0'],
    [0, 'queryRefunds: e1 5000 SUCCESS', 'CLOSED !refund_refused, late asked, late REFUSED, e1 SUCCESS'],
  ])
  lives('ABNORMAL: a person gives it another way, and it is followed', closed, [
    ...SENT,
    [0, 'refund: accepted', 'CLOSED, late refunding, late processing, queryRefund at 20'],
    [
      20,
      'queryRefund: ABNORMAL',
      'CLOSED !refund_abnormal, late refunding, late processing, queryRefund at 3620',
    ],
    [3_620, 'queryRefund: SUCCESS', 'CLOSED, late returned, late SUCCESS'],
  ])
  lives(
    'closed while a closed part of others is to be given back: no further one is sent by itself',
    closed,
    [
      ...ANNOUNCED,
      [0, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 0'],
      [
        0,
        'queryRefunds: e1 800 PROCESSING',
        'CLOSED, late refunding, e1 processing, late queued, refund late at 0',
      ],
      [
        0,
        'refund late: accepted',
        'CLOSED, late refunding, e1 processing, late processing, queryRefunds at 20',
      ],
      [20, 'queryRefunds: e1 800 CLOSED', 'CLOSED, late confirm, e1 CLOSED, late processing, query at 20'],
      [20, 'late queryRefund late: REFUNDCLOSE', 'CLOSED !refund_closed, late asked, e1 CLOSED, late CLOSED'],
    ],
  )
  lives('the merchant’s own refund took it all, and is closed: a person decides', closed, [
    ...ANNOUNCED,
    [0, 'ask refund all as r1', 'CLOSED, late confirm, r1 queued, query at 0'],
    [0, 'query: SUCCESS', 'CLOSED, late compare, r1 queued, queryRefunds at 0'],
    [0, 'queryRefunds: none', 'CLOSED, late refunding, r1 queued, refund at 0'],
    [0, 'refund: accepted', 'CLOSED, late refunding, r1 processing, queryRefund at 20'],
    [20, 'queryRefund: CLOSED', 'CLOSED !refund_closed, late asked, r1 CLOSED'],
  ])
  lives('the merchant asked for a part before: only the rest goes back by itself', closed, [
    ...ANNOUNCED,
    [0, 'ask refund 500 as r1', 'CLOSED, late confirm, r1 queued, query at 0'],
    [0, 'query: SUCCESS', 'CLOSED, late compare, r1 queued, queryRefunds at 0'],
    [0, 'queryRefunds: none', 'CLOSED, late refunding, r1 queued, late queued, refund r1 at 0'],
    [0, 'refund r1: SUCCESS', 'CLOSED, late refunding, r1 SUCCESS, late queued, refund late at 61'],
    [61, 'refund late: SUCCESS', 'CLOSED, late returned, r1 SUCCESS, late SUCCESS'],
  ])

  it('50 refunds are there already: a person is told', () => {
    const wishes = Array.from({ length: REFUNDS_MAX }, (_, i) => [1, `ask refund 1 as r${i}`] as const)
    const order = lived(closed, [[0, 'callback: SUCCESS'], ...wishes, [1, 'query: SUCCESS']])
    const last: Line = [1, 'queryRefunds: none', '']
    expect(live(order, [last])[0]?.[2]).toMatch(/^CLOSED !late_money, late asked, r0 queued/)
  })
})

describe('what is told', () => {
  const told = (order: Order, words: string): readonly string[] => {
    const moment = { nowMs: at(1), chance: 0 }
    const change = decide(order, learntFrom(order, words, at(1)), rulesFor('native'), moment)
    return change?.events.map(({ type }) => type) ?? []
  }

  it('the verdict first, then that the money came late', () => {
    expect(told(lived(native(), [[0.5, 'give up']]), 'query: SUCCESS')).toEqual([
      'order.verdict',
      'order.late_money',
    ])
    expect(told(closed, 'callback: SUCCESS')).toEqual(['order.late_money'])
    expect(told(lived(closed, [[0, 'hint']]), 'query: SUCCESS')).toEqual(['order.late_money'])
  })

  it('nothing of a suspicion, and nothing twice', () => {
    expect(told(closed, 'hint')).toEqual([])
    expect(told(lived(closed, [[0, 'callback: SUCCESS']]), 'callback: SUCCESS')).toEqual([])
    expect(told(lived(closed, [[0, 'callback: SUCCESS']]), 'query: SUCCESS')).toEqual([])
  })
})
