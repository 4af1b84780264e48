import { describe, expect, it } from 'vitest'
import type { Order } from './order.ts'
import type { Learnt } from './scene.ts'
import { at, type Line, learntFrom, live, lived, paid, slow } from './testing.ts'

// How a refund ends other than by success, and what may contradict its end. `testing.ts` explains the words.

function lives(name: string, order: Order, lines: readonly Line[]): void {
  it(name, () => expect(live(order, lines)).toEqual(lines))
}

const asked = (): Order => lived(paid(), [[0, 'ask refund 500 as r1']])

/** What WeChat Pay signed at second `s` about the only refund comes again: a refusal names neither question nor refund. */
function replay(call: 'refund' | 'queryRefund', code: string, s: number): Learnt {
  return learntFrom(asked(), `${call} r1: ${code}`, at(s))
}

describe('REFUSED rests on a refusal for good, and on a query that does not know the number', () => {
  lives('refused and not known: the end, a person is told, and what others refunded is counted', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: TRADE_OVERDUE', 'SUCCESS, r1 requesting, queryRefund at 0'],
    [0.1, 'queryRefund: none', 'SUCCESS !refund_refused, r1 REFUSED, queryRefunds at 0.1'],
    [0.2, 'queryRefunds: e1 8500 SUCCESS', 'SUCCESS !refund_refused, r1 REFUSED, e1 SUCCESS'],
    [1, 'ask refund 500 as r2', 'REFUND_EXCEEDS'],
    [
      1,
      'ask refund all as r3',
      'SUCCESS !refund_refused, r1 REFUSED, e1 SUCCESS, r3 queued, refund r3 at 61',
    ],
  ])
  lives(
    '"no such order" of a payment that WeChat Pay signed: perhaps not every server knows it yet',
    paid(),
    [
      [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
      [0, 'refund: ORDER_NOT_EXIST', 'SUCCESS, r1 queued, refund at 2'],
      [2, 'refund: RESOURCE_NOT_EXISTS', 'SUCCESS, r1 queued, refund at 6'],
      [6, 'refund: timeout', 'SUCCESS, r1 requesting, queryRefund at 14'],
      [14, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 22'],
      [22, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 42'],
    ],
  )
  lives('"no such order" again and again for four minutes: refused', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: timeout', 'SUCCESS, r1 requesting, queryRefund at 2'],
    [2, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 4'],
    [254, 'all refund: ORDER_NOT_EXIST', 'SUCCESS, r1 queued, refund at 258'],
    [258, 'refund: ORDER_NOT_EXIST', 'SUCCESS, r1 requesting, queryRefund at 258'],
    [258, 'queryRefund: none', 'SUCCESS, r1 requesting, queryRefund at 370.001'],
    [370.001, 'queryRefund: none', 'SUCCESS !refund_refused, r1 REFUSED, queryRefunds at 370.001'],
  ])
  lives('a refusal alone is no end: perhaps an earlier attempt was accepted', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: timeout', 'SUCCESS, r1 requesting, queryRefund at 2'],
    [2, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 4'],
    [4, 'refund: INVALID_REQUEST', 'SUCCESS, r1 requesting, queryRefund at 4'],
    [4, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 24'],
  ])
  lives('silence after a refusal is no end', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: PARAM_ERROR', 'SUCCESS, r1 requesting, queryRefund at 0'],
    [86_400, 'all queryRefund: timeout', 'SUCCESS, r1 requesting, queryRefund at 86892'],
  ])
  lives(
    'an attempt without an answer may still be accepted for 310 s, and be unknown for a minute after that',
    paid(),
    [
      [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
      [0, 'refund: timeout', 'SUCCESS, r1 requesting, queryRefund at 2'],
      [2, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 4'],
      [4, 'refund: PARAM_ERROR', 'SUCCESS, r1 requesting, queryRefund at 4'],
      [4, 'queryRefund: none', 'SUCCESS, r1 requesting, queryRefund at 370.001'],
      [370.001, 'queryRefund: none', 'SUCCESS !refund_refused, r1 REFUSED, queryRefunds at 370.001'],
    ],
  )
  lives('so may one that a crash left behind', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [10, 'crash in refund', 'SUCCESS, r1 requesting, queryRefund at 10'],
    [20, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 22'],
    [22, 'refund: PARAM_ERROR', 'SUCCESS, r1 requesting, queryRefund at 22'],
    [22, 'queryRefund: none', 'SUCCESS, r1 requesting, queryRefund at 380.001'],
    [380.001, 'queryRefund: none', 'SUCCESS !refund_refused, r1 REFUSED, queryRefunds at 380.001'],
  ])
  lives('so may one that WeChat Pay answered by its own trouble', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: SYSTEM_ERROR', 'SUCCESS, r1 requesting, queryRefund at 2'],
    [2, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 4'],
    [4, 'refund: PARAM_ERROR', 'SUCCESS, r1 requesting, queryRefund at 4'],
    [4, 'queryRefund: none', 'SUCCESS, r1 requesting, queryRefund at 370.001'],
  ])
  lives('what counts is when it was asked: an answer from before the 370 s were over does not', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: timeout', 'SUCCESS, r1 requesting, queryRefund at 2'],
    [2, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 4'],
    [4, 'refund: PARAM_ERROR', 'SUCCESS, r1 requesting, queryRefund at 4'],
    [371, slow(asked(), 'queryRefund r1: none', 371, 1_500), 'SUCCESS, r1 requesting, queryRefund at 371'],
    [371.1, 'queryRefund: none', 'SUCCESS !refund_refused, r1 REFUSED, queryRefunds at 371.1'],
  ])
  lives('an old signed "no such refund" that comes again tells nothing about now', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [300, 'refund: PARAM_ERROR', 'SUCCESS, r1 requesting, queryRefund at 300'],
    [300, replay('queryRefund', 'none', 60), 'SUCCESS, r1 requesting, queryRefund at 304'],
    [304, 'queryRefund: PROCESSING', 'SUCCESS, r1 processing, queryRefund at 324'],
  ])
  lives('an old signed refusal that comes again does not answer for this attempt', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [300, 'crash in refund', 'SUCCESS, r1 requesting, queryRefund at 300'],
    [300, replay('refund', 'PARAM_ERROR', 60), 'SUCCESS, r1 requesting, queryRefund at 302'],
    [302, 'queryRefund: none', 'SUCCESS, r1 queued, refund at 304'],
    [304, 'refund: PARAM_ERROR', 'SUCCESS, r1 requesting, queryRefund at 304'],
    [304, 'queryRefund: none', 'SUCCESS, r1 requesting, queryRefund at 670.001'],
    [670.001, 'queryRefund: none', 'SUCCESS !refund_refused, r1 REFUSED, queryRefunds at 670.001'],
  ])
  lives('an old signed "no such refund" does not make an accepted refund vanish', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [300, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 320'],
    [375, replay('queryRefund', 'none', 60), 'SUCCESS, r1 processing, queryRefund at 377'],
  ])
})

describe('money that moved, or may still move, counts, whatever was said before', () => {
  const CLOSED: readonly Line[] = [
    [0, 'ask refund 8000 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: accepted', 'SUCCESS, r1 processing, queryRefund at 20'],
    [20, 'queryRefund: REFUNDCLOSE', 'SUCCESS !refund_closed, r1 CLOSED'],
  ]
  lives(
    'closed, and then a callback SUCCESS: it is SUCCESS, its money is gone, and a person is told',
    paid(),
    [
      ...CLOSED,
      [30, 'refund callback: SUCCESS', 'SUCCESS !refund_mismatch, r1 SUCCESS'],
      [31, 'ask refund 801 as r2', 'REFUND_EXCEEDS'],
      [32, 'refund callback: SUCCESS', 'nothing new'],
    ],
  )
  lives('closed, and then the late answer to a query says SUCCESS', paid(), [
    ...CLOSED,
    [30, 'late queryRefund r1: SUCCESS', 'SUCCESS !refund_mismatch, r1 SUCCESS'],
  ])
  lives('closed, and then an older word: nothing new', paid(), [
    ...CLOSED,
    [30, 'refund callback: ABNORMAL', 'nothing new'],
    [31, 'late queryRefund r1: PROCESSING', 'nothing new'],
    [32, 'late refund r1: accepted', 'nothing new'],
    [33, 'late queryRefund r1: none', 'nothing new'],
    [34, 'late queryRefund r1: timeout', 'nothing new'],
    [35, 'refund callback: CLOSED', 'nothing new'],
  ])
  lives('SUCCESS is final, whatever is said later', paid(), [
    [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
    [1, 'refund callback: CLOSED', 'nothing new'],
    [2, 'refund callback: ABNORMAL', 'nothing new'],
    [3, 'late queryRefund r1: REFUNDCLOSE', 'nothing new'],
    [4, 'late queryRefund r1: none', 'nothing new'],
  ])
  const REFUSED: readonly Line[] = [
    [0, 'ask refund 8000 as r1', 'SUCCESS, r1 queued, refund at 0'],
    [0, 'refund: PARAM_ERROR', 'SUCCESS, r1 requesting, queryRefund at 0'],
    [0, 'queryRefund: none', 'SUCCESS !refund_refused, r1 REFUSED, queryRefunds at 0'],
  ]
  lives('refused, and all refunds show it: it is on its way, reserved again, and a person is told', paid(), [
    ...REFUSED,
    [0, 'queryRefunds: r1 PROCESSING', 'SUCCESS !refund_mismatch, r1 processing, queryRefund at 20'],
    [1, 'ask refund 801 as r2', 'REFUND_EXCEEDS'],
    [20, 'queryRefund: SUCCESS', 'SUCCESS !refund_mismatch, r1 SUCCESS'],
  ])
  for (const [said, then] of [
    ['SUCCESS', 'SUCCESS !refund_mismatch, r1 SUCCESS, queryRefunds at 0'],
    ['ABNORMAL', 'SUCCESS !refund_mismatch, r1 processing, queryRefunds at 0'],
    ['CLOSED', 'SUCCESS !refund_mismatch, r1 CLOSED, queryRefunds at 0'],
  ] as const) {
    lives(`refused, and a callback says ${said}`, paid(), [
      ...REFUSED,
      [30, `refund callback: ${said}`, then],
    ])
  }
  lives('refused, and an earlier attempt is answered after all: accepted', paid(), [
    ...REFUSED,
    [30, 'late refund r1: accepted', 'SUCCESS !refund_mismatch, r1 processing, queryRefunds at 0'],
  ])
})
