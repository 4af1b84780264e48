import { describe, expect, it } from 'vitest'
import { decide } from './decide.ts'
import type { Order } from './order.ts'
import type { RefundStatement } from './outcome.ts'
import type { Learnt } from './scene.ts'
import {
  at,
  evidence,
  final,
  type Line,
  learntFrom,
  live,
  lived,
  paid,
  placing,
  refundStatement,
  rulesFor,
} from './testing.ts'

// Callbacks about refunds. `testing.ts` explains the words; `(refused)` means that WeChat Pay is told so, and comes again.
// What others refunded is in `refunds-elsewhere.test.ts`, what contradicts an end in `refund-ends.test.ts`.

function lives(name: string, order: Order, lines: readonly Line[]): void {
  it(name, () => expect(live(order, lines)).toEqual(lines))
}

const R1 = { out_refund_no: 'A42-r1', amount: 500 }

/** A verified callback made by hand, about the refund r1. */
function callback(status: string | undefined, more: Partial<RefundStatement> = {}): Learnt {
  const refund = refundStatement(paid(), R1, status, more)
  return { call: 'refund-callback', refund, evidence: evidence('callback') }
}

const ACCEPTED: readonly Line[] = [
  [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
  [0, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 20'],
]

describe('a callback tells what became of a refund', () => {
  lives('SUCCESS: nothing has to be asked', paid(), [
    ...ACCEPTED,
    [5, 'refund callback: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('SUCCESS while our key is refused: nothing is asked any more, so the mark goes', paid(), [
    ...ACCEPTED,
    [20, 'queryRefund: key-refused', 'SUCCESS !key_refused, r1 processing, queryRefund at 22'],
    [21, 'refund callback: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('while another one is open, the answer about that takes the mark away', paid(), [
    ...ACCEPTED,
    [0, 'ask refund 300 as r2', 'SUCCESS, r1 processing, r2 queued, queryRefund r1 at 20'],
    [
      20,
      'queryRefund r1: key-refused',
      'SUCCESS !key_refused, r1 processing, r2 queued, queryRefund r1 at 22',
    ],
    [21, callback('SUCCESS'), 'SUCCESS !key_refused, r1 SUCCESS, r2 queued, refund r2 at 61'],
    [61, 'refund r2: accepted', 'SUCCESS, r1 SUCCESS, r2 processing, queryRefund r2 at 81'],
  ])
  lives('CLOSED: final, and a person is told', paid(), [
    ...ACCEPTED,
    [5, 'refund callback: CLOSED', 'SUCCESS !refund_closed, r1 CLOSED'],
  ])
  lives('ABNORMAL: a person is told, and it is asked about slowly', paid(), [
    ...ACCEPTED,
    [5, 'refund callback: ABNORMAL', 'SUCCESS !refund_abnormal, r1 processing, queryRefund at 3605'],
    [6, 'refund callback: ABNORMAL', 'nothing new'],
    [6.5, 'late queryRefund: PROCESSING', 'SUCCESS !refund_abnormal, r1 processing, queryRefund at 3605'],
    [7, 'refund callback: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('a word that nobody knows: marked, and asked about', paid(), [
    ...ACCEPTED,
    [5, 'refund callback: CHANGE', 'SUCCESS !unknown_refund_status, r1 processing, queryRefund at 25'],
  ])
  lives('before the reply to its request', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'crash in refund', 'SUCCESS, r1 requesting, queryRefund at 0'],
    [1, 'refund callback: SUCCESS', 'SUCCESS, r1 SUCCESS'],
    [2, 'late refund r1: timeout', 'nothing new'],
    [3, 'late refund r1: accepted', 'nothing new'],
  ])
  lives('while it waits for its next attempt', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: NOT_ENOUGH', 'SUCCESS, r1 queued, refund at 600'],
    [1, 'refund callback: SUCCESS', 'SUCCESS, r1 SUCCESS'],
  ])
  lives('2.6 the same again changes nothing', paid(), [
    ...ACCEPTED,
    [5, 'refund callback: SUCCESS', 'SUCCESS, r1 SUCCESS'],
    [20, 'refund callback: SUCCESS', 'nothing new'],
    [21, 'refund callback: CLOSED', 'nothing new'],
  ])
})

const WAITING: Line = [0.5, 'place: code_url', 'waiting, query at 10']

describe('2.4 it must be about this refund, with its amount', () => {
  type Strange = ReadonlyArray<readonly [string, Partial<RefundStatement>]>
  const ofAnotherOrder: Strange = [
    ['another total', { amount: { refund: 500, total: 8801, currency: 'HKD' } }],
    ['another currency', { amount: { refund: 500, total: 8800, currency: 'CNY' } }],
  ]
  const contradicts: Strange = [
    ['another amount', { amount: { refund: 501, total: 8800, currency: 'HKD' } }],
    ...ofAnotherOrder,
  ]
  for (const [name, more] of contradicts) {
    lives(`2.4 ${name}: not booked, a person is told, and it is asked about`, paid(), [
      ...ACCEPTED,
      [5, callback('SUCCESS', more), 'SUCCESS !refund_mismatch, r1 processing, queryRefund at 5 (refused)'],
      [5, 'queryRefund: PROCESSING', 'SUCCESS !refund_mismatch, r1 processing, queryRefund at 25'],
    ])
  }
  const impossible: Strange = [
    ...ofAnotherOrder,
    ['more than was paid', { amount: { refund: 8801, total: 8800, currency: 'HKD' } }],
  ]
  for (const [name, more] of impossible) {
    lives(`2.4 ${name}, before the verdict: a person is told, WeChat Pay too`, placing('native'), [
      WAITING,
      [5, callback('SUCCESS', more), 'waiting !refund_mismatch, query at 5 (refused)'],
      [5, 'query: NOTPAY', 'waiting !refund_mismatch, query at 10'],
      [10, 'query: REFUND', 'SUCCESS !refund_mismatch, queryRefunds at 10'],
    ])
  }
  const incomplete: Strange = [
    ['another order', { out_trade_no: 'A43' }],
    ['another merchant', { mchid: '1900000002' }],
    ['no amount', { amount: {} }],
  ]
  for (const [name, more] of incomplete) {
    lives(`2.3, 2.4 ${name}: not booked, and asked about`, paid(), [
      ...ACCEPTED,
      [5, callback('SUCCESS', more), 'SUCCESS, r1 processing, queryRefund at 5 (refused)'],
    ])
    lives(`2.3, 2.4 ${name}, before the verdict: a query tells`, placing('native'), [
      WAITING,
      [5, callback('SUCCESS', more), 'waiting, query at 5 (refused)'],
      [5, 'query: NOTPAY', 'waiting, query at 10'],
    ])
  }
  lives('without a status: asked about', paid(), [
    ...ACCEPTED,
    [5, callback(undefined), 'SUCCESS, r1 processing, queryRefund at 7 (refused)'],
  ])
  lives('without any number: about nobody', paid(), [
    ...ACCEPTED,
    [
      5,
      { call: 'refund-callback', refund: { status: 'SUCCESS', out_trade_no: 'A42' }, evidence: evidence() },
      'SUCCESS, r1 processing, queryRefund at 20 (refused)',
    ],
  ])
  lives('another amount for a refund that has ended: a person is told, and its end stays', paid(), [
    ...ACCEPTED,
    [5, 'refund callback: SUCCESS', 'SUCCESS, r1 SUCCESS'],
    [6, callback('SUCCESS', { amount: { refund: 501 } }), 'SUCCESS !refund_mismatch, r1 SUCCESS (refused)'],
  ])
})

describe('about an order that is not known to be paid', () => {
  lives('an open one: a query settles it, and then all its refunds are asked for', placing('native'), [
    WAITING,
    [5, 'refund callback: e1 500 SUCCESS', 'waiting, query at 5'],
    [5, 'query: REFUND', 'SUCCESS, queryRefunds at 5'],
    [6, 'queryRefunds: e1 500 SUCCESS', 'SUCCESS, e1 SUCCESS'],
    [20, 'refund callback: e1 500 SUCCESS', 'nothing new'],
  ])
  lives(
    'a closed one: somebody refunded it, so it was paid after all, and the rest goes back',
    final('CLOSED'),
    [
      [5, 'refund callback: e1 500 SUCCESS', 'CLOSED, late suspected, query at 5 (refused)'],
      [6, 'refund callback: e1 500 SUCCESS', 'CLOSED, late suspected, query at 5 (refused)'],
      [6, 'query: REFUND', 'CLOSED, late compare, queryRefunds at 6'],
      [
        6,
        'queryRefunds: e1 500 SUCCESS',
        'CLOSED, late refunding, e1 SUCCESS, late queued, refund late at 6',
      ],
      [20, 'refund callback: e1 500 SUCCESS', 'nothing new'],
    ],
  )
  lives('twin: it was not paid', final('CLOSED'), [
    [5, 'refund callback: e1 500 SUCCESS', 'CLOSED, late suspected, query at 5 (refused)'],
    [6, 'query: CLOSED', 'CLOSED'],
  ])
})

describe('what is told and kept', () => {
  const decided = (order: Order, words: string) =>
    decide(order, learntFrom(order, words, at(5)), rulesFor('native'), { nowMs: at(5), chance: 0 })
  const accepted = lived(paid(), [
    [0, 'ask refund 500 as r1'],
    [0, 'refund: accepted'],
  ])

  it.each(['SUCCESS', 'CLOSED', 'ABNORMAL'])('%s is told once, and the very bytes are kept', (status) => {
    const change = decided(accepted, `refund callback: ${status}`)
    expect(change?.events).toEqual([{ type: 'order.refund', out_refund_no: 'A42-r1' }])
    expect(change?.evidence).toMatchObject([{ request: 'callback' }])
    expect(change && decided(change.order, `refund callback: ${status}`)).toBeNull()
  })

  it('what an open order can not count yet is kept', () => {
    const change = decided(placing('native'), 'refund callback: e1 500 SUCCESS')
    expect(change).not.toHaveProperty('refuses')
    expect(change?.evidence).toMatchObject([{ request: 'callback' }])
  })

  it('what contradicts an open order is kept for the person who looks', () => {
    const order = placing('native')
    const learnt = callback('SUCCESS', { amount: { refund: 500, total: 8801, currency: 'HKD' } })
    const change = decide(order, learnt, rulesFor('native'), { nowMs: at(5), chance: 0 })
    expect(change?.refuses).toBe('amount.total: expected 8800, WeChat Pay states 8801')
    expect(change?.evidence).toMatchObject([{ request: 'callback' }])
  })

  it('what is refused is kept for the person who looks', () => {
    const order = final('CLOSED')
    const change = decided(order, 'refund callback: e1 500 SUCCESS')
    expect(change?.refuses).toBe('the order is CLOSED, and not known to be paid')
    expect(change?.evidence).toMatchObject([{ request: 'callback' }])
  })
})
