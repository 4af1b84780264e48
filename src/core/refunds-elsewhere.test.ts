import { describe, expect, it } from 'vitest'
import { decide } from './decide.ts'
import type { Order } from './order.ts'
import type { RefundPage, RefundStatement } from './outcome.ts'
import type { Learnt } from './scene.ts'
import {
  answer,
  at,
  final,
  type Line,
  learntFrom,
  live,
  lived,
  paid,
  refundStatement,
  rulesFor,
} from './testing.ts'

// Refunds that others made: on the merchant platform, by other code, or by us before a backup was restored. `testing.ts`
// explains the words.

function lives(name: string, order: Order, lines: readonly Line[]): void {
  it(name, () => expect(live(order, lines)).toEqual(lines))
}

/** Late money of 8,800, confirmed: before anything is refunded, all refunds are asked for. */
const CONFIRMED: readonly Line[] = [
  [0, 'callback: SUCCESS', 'CLOSED, late confirm, query at 0'],
  [0, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 0'],
]
const closed = final('CLOSED')

/** A page with one refund that somebody else made, told otherwise than the words can. */
function page(more: Partial<RefundStatement>, ids: Partial<RefundPage> = {}, signedAtS = 0): Learnt {
  const refund = refundStatement(closed, { out_refund_no: 'e1', amount: 500 }, 'SUCCESS', more)
  const outcome = answer<RefundPage>({ total: 1, refunds: [refund], ...ids }, at(signedAtS))
  return { call: 'queryRefunds', outcome, earlier: [], tookMs: 0 }
}

describe('what others refunded counts', () => {
  lives('it takes from what goes back', closed, [
    ...CONFIRMED,
    [
      1,
      'queryRefunds: e1 1000 SUCCESS, e2 500 SUCCESS',
      'CLOSED, late refunding, e1 SUCCESS, e2 SUCCESS, late queued, refund late at 1',
    ],
    [
      1,
      'refund late: accepted',
      'CLOSED, late refunding, e1 SUCCESS, e2 SUCCESS, late processing, queryRefund late at 21',
    ],
    [21, 'queryRefund late: SUCCESS', 'CLOSED, late returned, e1 SUCCESS, e2 SUCCESS, late SUCCESS'],
  ])
  lives('all of it: nothing of ours is sent', closed, [
    ...CONFIRMED,
    [1, 'queryRefunds: e1 8000 SUCCESS, e2 800 SUCCESS', 'CLOSED, late returned, e1 SUCCESS, e2 SUCCESS'],
  ])
  lives('PROCESSING: its part is reserved, and all are asked for again until it has ended', closed, [
    ...CONFIRMED,
    [1, 'queryRefunds: e1 8800 PROCESSING', 'CLOSED, late refunding, e1 processing, queryRefunds at 21'],
    [21, 'queryRefunds: e1 8800 PROCESSING', 'CLOSED, late refunding, e1 processing, queryRefunds at 41'],
    [41, 'queryRefunds: e1 8800 SUCCESS', 'CLOSED, late returned, e1 SUCCESS'],
  ])
  lives('PROCESSING, and then closed: it is ours to give back', closed, [
    ...CONFIRMED,
    [1, 'queryRefunds: e1 8800 PROCESSING', 'CLOSED, late refunding, e1 processing, queryRefunds at 21'],
    [21, 'queryRefunds: e1 8800 REFUNDCLOSE', 'CLOSED, late confirm, e1 CLOSED, query at 21'],
    [22, 'query: REFUND', 'CLOSED, late compare, e1 CLOSED, queryRefunds at 22'],
    [
      22,
      'queryRefunds: e1 8800 REFUNDCLOSE',
      'CLOSED, late refunding, e1 CLOSED, late queued, refund late at 22',
    ],
    [23, 'refund late: SUCCESS', 'CLOSED, late returned, e1 CLOSED, late SUCCESS'],
  ])
  lives('a part of it is closed after ours left: the rest goes back as well', closed, [
    ...CONFIRMED,
    [
      1,
      'queryRefunds: e1 800 PROCESSING',
      'CLOSED, late refunding, e1 processing, late queued, refund late at 1',
    ],
    [
      1,
      'refund late: accepted',
      'CLOSED, late refunding, e1 processing, late processing, queryRefunds at 21',
    ],
    [
      21,
      'queryRefunds: e1 800 CLOSED, late PROCESSING',
      'CLOSED, late confirm, e1 CLOSED, late processing, query at 21',
    ],
    [21, 'query: REFUND', 'CLOSED, late compare, e1 CLOSED, late processing, queryRefunds at 21'],
    [
      21,
      'queryRefunds: e1 800 CLOSED, late SUCCESS',
      'CLOSED, late refunding, e1 CLOSED, late SUCCESS, late2 queued, refund late2 at 62',
    ],
    [62, 'refund late2: SUCCESS', 'CLOSED, late returned, e1 CLOSED, late SUCCESS, late2 SUCCESS'],
  ])
  lives('CLOSED from the start: it took nothing', closed, [
    ...CONFIRMED,
    [
      1,
      'queryRefunds: e1 8800 REFUNDCLOSE',
      'CLOSED, late refunding, e1 CLOSED, late queued, refund late at 1',
    ],
  ])
  lives('ABNORMAL, or a word that nobody knows: open, like PROCESSING', closed, [
    ...CONFIRMED,
    [
      1,
      'queryRefunds: e1 8000 ABNORMAL, e2 800 CHANGE',
      'CLOSED, late refunding, e1 processing, e2 processing, queryRefunds at 21',
    ],
    [21, 'queryRefunds: e1 8000 SUCCESS, e2 800 SUCCESS', 'CLOSED, late returned, e1 SUCCESS, e2 SUCCESS'],
  ])
  lives('open for more than four days: shown to a person, and asked about on', closed, [
    ...CONFIRMED,
    [1, 'queryRefunds: e1 8800 PROCESSING', 'CLOSED, late refunding, e1 processing, queryRefunds at 21'],
    [
      86_400 * 4 + 7_200,
      'all queryRefunds: e1 8800 PROCESSING',
      'CLOSED !refund_overdue, late refunding, e1 processing, queryRefunds at 355341.71',
    ],
  ])
  lives('what the merchant may still ask for is less', paid(), [
    [0, 'refund callback: e1 5000 SUCCESS', 'SUCCESS, e1 SUCCESS'],
    [1, 'ask refund 3801 as r1', 'REFUND_EXCEEDS'],
    [1, 'ask refund all as r2', 'SUCCESS, e1 SUCCESS, r2 queued, refund r2 at 1'],
  ])
  lives('closed, and then SUCCESS: money that moved counts', paid(), [
    [0, 'refund callback: e1 5000 CLOSED', 'SUCCESS, e1 CLOSED'],
    [1, 'refund callback: e1 5000 SUCCESS', 'SUCCESS, e1 SUCCESS'],
    [2, 'ask refund 3801 as r1', 'REFUND_EXCEEDS'],
    [3, 'refund callback: e1 5000 CLOSED', 'nothing new'],
  ])
})

describe('one refund counts once', () => {
  const { out_refund_no: _, ...unnumbered } = refundStatement(
    closed,
    { out_refund_no: 'e1', amount: 500 },
    'PROCESSING',
  )
  lives('though its number comes at one time and not at another', closed, [
    ...CONFIRMED,
    [
      1,
      {
        call: 'queryRefunds',
        outcome: answer<RefundPage>({ total: 1, refunds: [unnumbered] }),
        earlier: [],
        tookMs: 0,
      },
      'CLOSED, late refunding, 50-e1 processing, late queued, refund late at 1',
    ],
    [
      1,
      'refund late: accepted',
      'CLOSED, late refunding, 50-e1 processing, late processing, queryRefunds at 21',
    ],
    [
      21,
      'queryRefunds: e1 500 SUCCESS, late PROCESSING',
      'CLOSED, late refunding, 50-e1 SUCCESS, late processing, queryRefund late at 41',
    ],
  ])
  lives('though it is ours, and comes without our number', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 20'],
    [1, 'refund callback: e1 100 ABNORMAL', 'SUCCESS, r1 processing, e1 processing, queryRefund r1 at 20'],
    [
      21,
      {
        call: 'queryRefunds',
        outcome: answer<RefundPage>({
          total: 1,
          refunds: [{ refund_id: '50-A42-r1', status: 'SUCCESS', amount: { refund: 500 } }],
        }),
        earlier: [],
        tookMs: 0,
      },
      'SUCCESS, r1 SUCCESS, e1 processing, queryRefunds at 41',
    ],
  ])
})

describe('one list may state one refund twice', () => {
  it('its end is told once, and what was paid counts', () => {
    const order = lived(paid(), [
      [0, 'ask refund 500 as r1'],
      [0, 'refund: accepted'],
      [1, 'refund callback: e1 100 PROCESSING'],
    ])
    const twice = learntFrom(order, 'queryRefunds: r1 CLOSED, r1 SUCCESS', at(21))
    const change = decide(order, twice, rulesFor(order.kind), { nowMs: at(21), chance: 0 })
    expect(change?.events).toEqual([{ type: 'order.refund', out_refund_no: 'A42-r1' }])
    expect(change?.order).toMatchObject({
      aftercare: { refunds: [{ out_refund_no: 'A42-r1', state: 'SUCCESS' }, {}] },
    })
  })
})

describe('somebody asks about an order that is paid', () => {
  lives('all of its refunds are asked for, and what others made counts', paid(), [
    [0, 'ask now', 'SUCCESS, queryRefunds at 0'],
    [1, 'queryRefunds: e1 500 SUCCESS', 'SUCCESS, e1 SUCCESS'],
    [2, 'ask refund 8301 as r1', 'REFUND_EXCEEDS'],
    [2, 'ask refund 8300 as r1', 'SUCCESS, e1 SUCCESS, r1 queued, refund r1 at 2'],
  ])
  lives('without any, nothing is told', paid(), [
    [0, 'ask now', 'SUCCESS, queryRefunds at 0'],
    [1, 'queryRefunds: none', 'SUCCESS'],
  ])
  lives('twice at a time is once', paid(), [
    [0, 'ask now', 'SUCCESS, queryRefunds at 0'],
    [0, 'ask now', 'nothing new'],
    [1, 'queryRefunds: none', 'SUCCESS'],
    [2, 'ask now', 'SUCCESS, queryRefunds at 2'],
  ])
  lives('refused for good: nothing rests on it, so nobody is told, and it is dropped', paid(), [
    [0, 'ask now', 'SUCCESS, queryRefunds at 0'],
    [0, 'queryRefunds: NO_AUTH', 'SUCCESS'],
    [9, 'ask now', 'SUCCESS, queryRefunds at 9'],
    [9, 'queryRefunds: e1 500 SUCCESS', 'SUCCESS, e1 SUCCESS'],
  ])
  lives('without an answer: ten times, and dropped', paid(), [
    [0, 'ask now', 'SUCCESS, queryRefunds at 0'],
    [1, 'all queryRefunds: timeout', 'SUCCESS, queryRefunds at 2'],
    [7_200, 'all queryRefunds: timeout', 'SUCCESS'],
    [7_201, 'ask now', 'SUCCESS, queryRefunds at 7201'],
    [7_201, 'queryRefunds: timeout', 'SUCCESS, queryRefunds at 7203'],
  ])
  lives('a page about another order: the same', paid(), [
    [0, 'ask now', 'SUCCESS, queryRefunds at 0'],
    [0, page({}, { out_trade_no: 'A43' }), 'SUCCESS, queryRefunds at 2'],
  ])
  lives('twin: what others have under way is followed until it has ended, whatever it takes', paid(), [
    [0, 'refund callback: e1 500 PROCESSING', 'SUCCESS, e1 processing, queryRefunds at 20'],
    [20, 'queryRefunds: NO_AUTH', 'SUCCESS !call_refused, e1 processing, queryRefunds at 22'],
  ])
  lives('a hint that it is paid says nothing of refunds', paid(), [[0, 'hint', 'nothing new']])
  lives('of late money, too, once it is back', closed, [
    ...CONFIRMED,
    [1, 'queryRefunds: e1 8800 SUCCESS', 'CLOSED, late returned, e1 SUCCESS'],
    [9, 'ask now', 'CLOSED, late returned, e1 SUCCESS, queryRefunds at 9'],
    [9, 'queryRefunds: e1 8800 SUCCESS', 'CLOSED, late returned, e1 SUCCESS'],
  ])
  lives('what is only suspected is asked about already', closed, [
    [0, 'ask now', 'CLOSED, late suspected, query at 0'],
    [0, 'ask now', 'nothing new'],
  ])
})

describe('made by us, before a backup was restored', () => {
  lives('late money had its refund: the next one has another number', closed, [
    ...CONFIRMED,
    [
      1,
      'queryRefunds: A42-late-money 8000 SUCCESS',
      'CLOSED, late refunding, A42-late-money SUCCESS, late2 queued, refund late2 at 1',
    ],
    [1, 'refund late2: SUCCESS', 'CLOSED, late returned, A42-late-money SUCCESS, late2 SUCCESS'],
  ])
  lives('the key of a refund that is found is that refund: nothing is sent', paid(), [
    [0, 'refund callback: A42-r1 8800 SUCCESS', 'SUCCESS, A42-r1 SUCCESS'],
    [1, 'ask refund 8800 as r1', 'SUCCESS, r1 SUCCESS'],
    [2, 'ask refund all as r1', 'nothing new'],
  ])
  lives('one that is still open is followed like any other of ours', paid(), [
    [0, 'refund callback: A42-r1 8000 ABNORMAL', 'SUCCESS, A42-r1 processing, queryRefunds at 20'],
    [1, 'ask refund all as r1', 'SUCCESS, r1 processing, queryRefund at 1'],
    [1, 'queryRefund: SUCCESS', 'SUCCESS, r1 SUCCESS, queryRefunds at 20'],
  ])
  lives('with another amount the key is refused', paid(), [
    [0, 'refund callback: A42-r1 500 SUCCESS', 'SUCCESS, A42-r1 SUCCESS'],
    [1, 'ask refund 600 as r1', 'REFUND_CONFLICT'],
  ])
  lives('nor does late money take the number of a refund that the merchant named so', closed, [
    [0, 'callback: SUCCESS', 'CLOSED, late confirm, query at 0'],
    [0, 'ask refund 500 as late money', 'CLOSED, late confirm, late queued, query at 0'],
    [0, 'query: SUCCESS', 'CLOSED, late compare, late queued, queryRefunds at 0'],
    [0, 'queryRefunds: none', 'CLOSED, late refunding, late queued, late2 queued, refund late at 0'],
    [0, 'refund late: SUCCESS', 'CLOSED, late refunding, late SUCCESS, late2 queued, refund late2 at 61'],
    [61, 'refund late2: SUCCESS', 'CLOSED, late returned, late SUCCESS, late2 SUCCESS'],
  ])
})

describe('what can not be counted is not passed over', () => {
  lives('without an amount: a person is told, and decides', closed, [
    ...CONFIRMED,
    [1, page({ amount: {} }), 'CLOSED !refund_mismatch, late asked'],
  ])
  lives('in another currency: the same', closed, [
    ...CONFIRMED,
    [1, page({ amount: { refund: 500, currency: 'CNY' } }), 'CLOSED !refund_mismatch, late asked'],
  ])
  lives('more than was paid: the same', closed, [
    ...CONFIRMED,
    [1, page({ amount: { refund: 8_801 } }), 'CLOSED !refund_mismatch, late asked'],
  ])
  lives('by a callback, more than was paid or less than nothing: WeChat Pay is told', paid(), [
    [1, 'refund callback: e1 8801 SUCCESS', 'SUCCESS !refund_mismatch (refused)'],
    [2, 'refund callback: e2 0 SUCCESS', 'SUCCESS !refund_mismatch (refused)'],
    [3, 'refund callback: e3 8800 SUCCESS', 'SUCCESS !refund_mismatch, e3 SUCCESS'],
  ])
  lives('two that are together more than was paid: a person is told', paid(), [
    [1, 'refund callback: e1 8000 SUCCESS', 'SUCCESS, e1 SUCCESS'],
    [2, 'refund callback: e2 8000 SUCCESS', 'SUCCESS !refund_mismatch, e1 SUCCESS, e2 SUCCESS'],
  ])
  lives('a page about another order: asked again', closed, [
    ...CONFIRMED,
    [1, page({}, { out_trade_no: 'A43' }), 'CLOSED, late compare, queryRefunds at 3'],
  ])
  lives('a page about another merchant: asked again', closed, [
    ...CONFIRMED,
    [1, page({}, { mchid: '1900000002' }), 'CLOSED, late compare, queryRefunds at 3'],
  ])
  lives('a page with a refund of another order: asked again', closed, [
    ...CONFIRMED,
    [1, page({ out_trade_no: 'A43' }), 'CLOSED, late compare, queryRefunds at 3'],
  ])
  lives('an old page that comes again does not show what was made since', closed, [
    [200, 'callback: SUCCESS', 'CLOSED, late confirm, query at 200'],
    [200, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 200'],
    [200, page({}, {}, 10), 'CLOSED, late compare, queryRefunds at 202'],
    [202, learntFrom(closed, 'queryRefunds: none', at(10)), 'CLOSED, late compare, queryRefunds at 206'],
    [206, 'queryRefunds: none', 'CLOSED, late refunding, late queued, refund at 206'],
  ])
  it('an old page among fresh ones is old', () => {
    const order = lived(closed, [
      [200, 'callback: SUCCESS'],
      [200, 'query: SUCCESS'],
    ])
    const old = learntFrom(closed, 'queryRefunds: none', at(10)) as Extract<Learnt, { call: 'queryRefunds' }>
    const fresh = learntFrom(closed, 'queryRefunds: none', at(200)) as typeof old
    if (old.outcome.kind === 'no-answer') throw new Error('a page is an answer')
    const mixed: Line = [200, { ...fresh, earlier: [old.outcome.evidence] }, '']
    expect(live(order, [mixed])[0]?.[2]).toBe('CLOSED, late compare, queryRefunds at 202')
  })
})

describe('all refunds of an order are asked for until WeChat Pay answers', () => {
  lives('without an answer: again after 2, 4, 8, … s', closed, [
    ...CONFIRMED,
    [0, 'queryRefunds: timeout', 'CLOSED, late compare, queryRefunds at 2'],
    [2, 'queryRefunds: server-error', 'CLOSED, late compare, queryRefunds at 6'],
    [6, 'queryRefunds: rate-limited', 'CLOSED, late compare, queryRefunds at 14'],
    [14, 'queryRefunds: none', 'CLOSED, late refunding, late queued, refund at 14'],
  ])
  lives('asked for too long: "paid" is asked for once more before anything is refunded', closed, [
    ...CONFIRMED,
    [61, 'all queryRefunds: timeout', 'CLOSED, late compare, queryRefunds at 62'],
    [62, 'queryRefunds: none', 'CLOSED, late confirm, query at 62'],
    [62, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 62'],
    [62, 'queryRefunds: none', 'CLOSED, late refunding, late queued, refund at 62'],
  ])
  lives('"no such thing" is how an order without refunds may be answered', closed, [
    ...CONFIRMED,
    [
      1,
      learntFrom(closed, 'queryRefunds: RESOURCE_NOT_EXISTS', at(1)),
      'CLOSED, late refunding, late queued, refund at 1',
    ],
  ])
  lives('refused for good: a person is told, and it is asked on', closed, [
    ...CONFIRMED,
    [0, 'queryRefunds: NO_AUTH', 'CLOSED !call_refused, late compare, queryRefunds at 2'],
    [2, 'queryRefunds: none', 'CLOSED, late refunding, late queued, refund at 2'],
  ])
  lives('refused by a system error: asked again, and nobody is told', closed, [
    ...CONFIRMED,
    [0, 'queryRefunds: SYSTEM_ERROR', 'CLOSED, late compare, queryRefunds at 2'],
  ])
  lives('without an answer for half an hour: a person is told that the money is still here', closed, [
    ...CONFIRMED,
    [1_800, 'all queryRefunds: timeout', 'CLOSED, late compare, queryRefunds at 2046'],
    [4_094, 'all queryRefunds: timeout', 'CLOSED !late_money, late compare, queryRefunds at 7694'],
  ])
  lives('when nobody waits for them, they tell nothing', closed, [
    [0, 'late queryRefunds: e1 500 SUCCESS', 'nothing new'],
  ])
})
