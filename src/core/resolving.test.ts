import { describe, expect, it } from 'vitest'
import { ATTENTION, type AttentionCode } from './attention.ts'
import type { Change } from './change.ts'
import { decide } from './decide.ts'
import { isFinal, type Order } from './order.ts'
import type { TradeStatement } from './outcome.ts'
import { checkAnswer, RESOLUTIONS, type Resolution, resolutionsOf } from './resolving.ts'
import type { Learnt } from './scene.ts'
import {
  answer,
  at,
  final,
  type Given,
  type Line,
  live,
  lived,
  paid,
  placing,
  rulesFor,
  statement,
  tracked,
} from './testing.ts'

// What a person answers to a mark. `testing.ts` explains the words.

function lives(name: string, order: Order, lines: readonly Line[], rules = rulesFor(order.kind)): void {
  it(name, () => expect(live(order, lines, rules)).toEqual(lines))
}

function says(action: Resolution, stated: TradeStatement | null = null): Learnt {
  return { call: 'resolve', action, by: 'Li Lei', note: 'looked at the platform', stated, amount: null }
}

function resolved(order: Order, action: Resolution, stated: TradeStatement | null = null, s = 60): Change {
  const moment = { nowMs: at(s), chance: 0 }
  const change = decide(order, says(action, stated), rulesFor(order.kind), moment)
  if (change === null) throw new Error('something is new')
  return change
}

const native = (given: Given = {}): Order => placing('native', given)
/** Late money waits for a person. */
const ASKS = rulesFor('native', false, 'ask')
const MORE = { amount: { total: 9000, currency: 'HKD' } }
const paidOther = statement(native(), 'SUCCESS')
const paidMore = statement(native(), 'SUCCESS', MORE)

function queried(trade: TradeStatement, s: number): Learnt {
  return { call: 'query', outcome: answer(trade, at(s)), tookMs: 0 }
}

describe('accept the evidence', () => {
  lives('a payment of another amount is the verdict of the next statement, and of none before', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [10, queried(paidMore, 10), 'waiting !amount_mismatch, query at 40'],
    [20, says('accept_evidence', paidMore), 'waiting, query at 20'],
    [20, queried(paidMore, 20), 'SUCCESS'],
  ])
  lives('an amount that changes once more is not accepted with it', native(), [
    [0.5, 'place: code_url', 'waiting, query at 10'],
    [10, queried(paidMore, 10), 'waiting !amount_mismatch, query at 40'],
    [20, says('accept_evidence', paidMore), 'waiting, query at 20'],
    [20, queried(paidOther, 20), 'waiting !amount_mismatch, query at 50'],
  ])

  lives(
    'an order that was stopped while its statement was on its way is asked about again',
    tracked('native', { attention: 'vanished' }),
    [
      [100, says('stop_tracking'), 'waiting, stopped'],
      [101, queried(paidMore, 101), 'waiting !amount_mismatch, stopped'],
      [102, says('accept_evidence', paidMore), 'waiting, query at 102'],
      [102, queried(paidMore, 102), 'SUCCESS'],
    ],
  )

  it('writes the amount that was signed, what it was, and who said so', () => {
    const order = lived(native(), [[10, queried(paidMore, 10)]])
    const { corrected, journal, order: now } = resolved(order, 'accept_evidence', paidMore)
    expect(corrected).toEqual({ total: 9000, currency: 'HKD' })
    expect(now).toMatchObject({ total: 9000, currency: 'HKD', attention: null })
    expect(journal).toEqual([
      { atMs: at(60), event: 'resolved', said: 'accept_evidence', note: 'Li Lei: looked at the platform' },
      { atMs: at(60), event: 'resolved', said: 'amount', note: '9000 HKD, not 8800 HKD' },
    ])
  })

  it('accepts the amount that the person saw, and no other', () => {
    const order = lived(native(), [[10, queried(paidMore, 10)]])
    const answer = { ...says('accept_evidence', paidMore), amount: MORE.amount } as Learnt
    const moment = { nowMs: at(60), chance: 0 }
    expect(decide(order, answer, rulesFor('native'), moment)?.corrected).toEqual(MORE.amount)
    const other = { ...answer, amount: { total: 9001, currency: 'HKD' } } as Learnt
    expect(() => decide(order, other, rulesFor('native'), moment)).toThrow(
      /^amount is 9001 HKD; WeChat Pay states 9000 HKD of 1900000001\/A42: look again$/,
    )
  })

  it.each([
    ['a payment after a revoke', tracked('native', { attention: 'paid_after_revoke' })],
    ['late money', lived(final('CLOSED', { seen: 'CLOSED' }), [[10, 'callback: SUCCESS']], ASKS)],
  ])('%s is accepted with the amount that the order has, and with no other', (_, order) => {
    const moment = { nowMs: at(60), chance: 0 }
    const seen = (total: number): Learnt =>
      ({ ...says('accept_evidence'), amount: { total, currency: order.currency } }) as Learnt
    expect(decide(order, seen(order.total), ASKS, moment)?.order.attention).toBeNull()
    expect(() => decide(order, seen(order.total + 1), ASKS, moment)).toThrow(/look again$/)
  })

  it.each<[string, TradeStatement | null]>([
    ['without a statement', null],
    ['about another order', { ...paidMore, out_trade_no: 'A43' }],
    ['about another merchant', { ...paidMore, mchid: '1900000002' }],
    ['without an amount', statement(native(), 'SUCCESS', { amount: {} })],
    ['of nothing', statement(native(), 'SUCCESS', { amount: { total: 0, currency: 'HKD' } })],
    ['of less than nothing', statement(native(), 'SUCCESS', { amount: { total: -1, currency: 'HKD' } })],
    ['in no currency', statement(native(), 'SUCCESS', { amount: { total: 9000, currency: '' } })],
  ])('%s nothing is accepted', (_, stated) => {
    const order = lived(native(), [[10, queried(paidMore, 10)]])
    expect(() => resolved(order, 'accept_evidence', stated)).toThrow(/no statement that is kept/)
  })

  const REVOKED_AND_PAID: readonly Line[] = [
    [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
    [1, 'give up', 'ending, query at 1'],
    [1, 'query: USERPAYING', 'ending, query at 4'],
    [14, 'all queries: USERPAYING', 'ending, query at 15'],
    [15, 'query: NOTPAY', 'ending, reverse at 15'],
    [15, 'reverse: done', 'ending, query at 15'],
    [15, 'query: SUCCESS', 'ending, query at 17'],
    [17, 'query: SUCCESS', 'ending, query at 21'],
    [21, 'query: SUCCESS', 'ending !paid_after_revoke, query at 29'],
  ]
  lives(
    'a payment that an accepted revoke left standing is settled once no revoke can take effect any more',
    placing('quick_pay'),
    [
      ...REVOKED_AND_PAID,
      [30, says('accept_evidence'), 'ending, query at 30'],
      [30, 'query: SUCCESS', 'ending, query at 46'],
      [340, 'all queries: SUCCESS', 'ending, query at 340.001'],
      // It had been given up: the money is late, and the policy gives it back.
      [340.001, 'query: SUCCESS', 'SUCCESS, late compare, queryRefunds at 340.001'],
    ],
  )
  lives('… unless the revoke shows after all', placing('quick_pay'), [
    ...REVOKED_AND_PAID,
    [30, says('accept_evidence'), 'ending, query at 30'],
    [30, 'query: REVOKED', 'REVOKED'],
  ])
})

describe('late money that a person decides about', () => {
  const LATE: readonly Line[] = [[10, 'callback: SUCCESS', 'CLOSED !late_money, late asked']]
  lives(
    'goes back after a fresh answer and the list of all refunds',
    final('CLOSED', { seen: 'CLOSED' }),
    [
      ...LATE,
      [500, says('refund'), 'CLOSED, late confirm, query at 500'],
      [500, 'query: SUCCESS', 'CLOSED, late compare, queryRefunds at 500'],
      [500, 'queryRefunds: none', 'CLOSED, late refunding, late queued, refund at 500'],
    ],
    ASKS,
  )
  lives(
    'is kept',
    final('CLOSED', { seen: 'CLOSED' }),
    [...LATE, [500, says('accept_evidence'), 'CLOSED, late accepted'], [501, says('refund'), 'ORDER_STATE']],
    ASKS,
  )
  lives(
    'is decided one way or the other: looking at it is no answer',
    final('CLOSED', { seen: 'CLOSED' }),
    [...LATE, [500, says('seen'), 'ORDER_STATE']],
    ASKS,
  )

  it('is told to the merchant once more', () => {
    const order = lived(final('CLOSED', { seen: 'CLOSED' }), [[10, 'callback: SUCCESS']], ASKS)
    expect(resolved(order, 'accept_evidence').events).toEqual([{ type: 'order.late_money', decided: true }])
  })
})

describe('end', () => {
  lives(
    'a tracked order that Verdict may not end by itself',
    tracked('native', { attention: 'unfinished' }),
    [
      [3000, says('end'), 'ending, query at 3000'],
      [3000, 'query: NOTPAY', 'ending, close at 3000'],
      [3000, 'close: done', 'ending, query at 3000'],
      [3000, 'query: CLOSED', 'CLOSED'],
    ],
  )
  lives('an order whose number was used, for it is ours', native({ attention: 'number_used' }), [
    [400, says('end'), 'ending, query at 400'],
    [400, 'query: NOTPAY', 'ending, close at 400'],
  ])
  lives('not against an amount that nobody has accepted', native({ attention: 'amount_mismatch' }), [
    [400, says('end'), 'ORDER_STATE'],
  ])
})

describe('stop tracking', () => {
  const vanished = (): Order => tracked('native', { attention: 'vanished' })
  const STOPPED: Line = [100, says('stop_tracking'), 'waiting, stopped']

  lives('asks no more, whatever is answered to an earlier question', vanished(), [
    STOPPED,
    [101, 'late query: NOTPAY', 'waiting, stopped'],
    [102, 'late query: timeout', 'waiting, stopped'],
    [90_000, 'late query: ORDER_NOT_EXIST', 'waiting !vanished, stopped'],
    [90_001, says('seen'), 'waiting, stopped'],
  ])
  lives("WeChat Pay's own word is the verdict all the same", vanished(), [
    STOPPED,
    [200, 'late query: SUCCESS', 'SUCCESS'],
  ])
  lives('a callback makes the verdict', vanished(), [STOPPED, [200, 'callback: SUCCESS', 'SUCCESS']])
  for (const [event, then] of [
    ['hint', 'waiting, query at 200'],
    ['ask now', 'waiting, query at 200'],
    ['give up', 'ending, query at 200'],
  ] as const)
    lives(`${event} begins again`, vanished(), [STOPPED, [200, event, then]])
  lives('not while a placing may be repeated', native({ attention: 'key_refused' }), [
    [0.5, says('stop_tracking'), 'ORDER_STATE'],
  ])
  it('not while a revoke is unaccounted for: it may return the money', () => {
    const order = lived(placing('quick_pay'), [
      [0.5, 'place: USERPAYING'],
      [1, 'give up'],
      [15, 'all queries: NOTPAY'],
      [15, 'reverse: timeout'],
    ])
    expect(resolutionsOf({ ...order, attention: 'call_refused' })).toEqual(['seen'])
  })
})

describe('seen', () => {
  lives('the order goes on, and what is still so is found again', native({ attention: 'number_used' }), [
    [0.5, 'place: code_url', 'waiting !number_used, query at 10'],
    [5, says('seen'), 'waiting, query at 5'],
    [5, queried(paidMore, 5), 'waiting !amount_mismatch, query at 35'],
  ])
  lives('a placing is repeated as before', native({ attention: 'key_refused' }), [
    [0, 'crash in place', 'placing !key_refused, place at 0'],
    [1, says('seen'), 'placing, place at 0'],
  ])
  lives('a mark of a refund goes', paid({ attention: 'refund_closed' }), [[5, says('seen'), 'SUCCESS']])
})

describe('every mark', () => {
  const marks = Object.keys(ATTENTION) as AttentionCode[]

  it.each(marks)('%s can be answered, and the answer takes it away', (attention) => {
    for (const order of [tracked('native', { attention }), paid({ attention })]) {
      const possible = resolutionsOf(order)
      expect(possible.length).toBeGreaterThan(0)
      for (const action of possible) {
        const { order: now, journal } = resolved(order, action, paidMore, 4_000)
        expect(now.attention).toBeNull()
        expect(journal[0]).toMatchObject({ event: 'resolved', said: action })
        // No answer of a person is a verdict.
        expect(now.state === order.state || !isFinal(now)).toBe(true)
      }
    }
  })

  it('answers that are not offered change nothing', () => {
    for (const attention of [null, ...marks]) {
      for (const order of [
        tracked('native', { attention }),
        placing('native', { attention }),
        paid({ attention }),
      ]) {
        const others = RESOLUTIONS.filter((action) => !resolutionsOf(order).includes(action))
        expect(others.length).toBeGreaterThan(0)
        for (const action of others)
          expect(() => resolved(order, action, paidMore)).toThrow(
            expect.objectContaining({ code: 'ORDER_STATE' }),
          )
      }
    }
  })
})

it.each<[string, Partial<Parameters<typeof checkAnswer>[0]>, RegExp]>([
  [
    'an unknown action',
    { action: 'forget' as Resolution },
    /^action is "forget"; expected one of accept_evidence/,
  ],
  ['no note', { note: ' ' }, /^note is " "; expected 1 to 500 characters/],
  ['a long note', { note: 'x'.repeat(501) }, /expected 1 to 500 characters/],
  ['a note of two lines', { note: 'a\nb' }, /on one line/],
  ['nobody', { by: '' }, /^by is ""; expected 1 to 64 characters/],
])('%s is refused', (_, given, message) => {
  expect(() => checkAnswer({ action: 'seen', by: 'Li Lei', note: 'why', ...given })).toThrow(message)
})
