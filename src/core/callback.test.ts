import { describe, expect, it } from 'vitest'
import type { Change } from './change.ts'
import { decide } from './decide.ts'
import { FINAL_STATES, KINDS, type Order } from './order.ts'
import type { TradeStatement } from './outcome.ts'
import type { Learnt } from './scene.ts'
import {
  at,
  evidence,
  final,
  type Given,
  type Line,
  learntFrom,
  live,
  lived,
  paid,
  placing,
  rulesFor,
  statement,
  tracked,
} from './testing.ts'

// Callbacks about payments, from the guide's page 2. Their signature is verified before they come here; what nobody could
// verify is a `hint`. `testing.ts` explains the words; `(refused)` means that WeChat Pay is told so, and comes again.

function lives(name: string, order: Order, lines: readonly Line[]): void {
  it(name, () => expect(live(order, lines)).toEqual(lines))
}

const native = (given: Given = {}): Order => placing('native', given)
const quickPay = (): Order => placing('quick_pay')

/** A verified callback made by hand. */
function callback(trade_state: string, more: Partial<TradeStatement> = {}): Learnt {
  return { call: 'callback', trade: statement(native(), trade_state, more), evidence: evidence('callback') }
}

function decided(order: Order, learnt: Learnt, s: number): Change {
  const change = decide(order, learnt, rulesFor(order.kind), { nowMs: at(s), chance: 0 })
  if (change === null) throw new Error('something is new')
  return change
}

const WAITING: Line = [0.5, 'place: code_url', 'waiting, query at 10']

describe('a callback makes the verdict at once', () => {
  for (const kind of KINDS) {
    lives(`2.1 ${kind}`, tracked(kind), [[5, 'callback: SUCCESS', 'SUCCESS']])
  }
  lives('in institutional mode', native({ sub_mchid: '1900000009' }), [
    WAITING,
    [5, 'callback: SUCCESS', 'SUCCESS'],
  ])
  lives('in period 1, which waits for it: nothing is asked', native(), [
    WAITING,
    [5, 'callback: SUCCESS', 'SUCCESS'],
  ])
  lives('before the reply to the placing', native(), [
    [0, 'crash in place', 'placing, place at 0'],
    [0.4, 'callback: SUCCESS', 'SUCCESS'],
    [0.5, 'late place: code_url', 'nothing new'],
  ])
  lives('while it is being closed', native(), [
    WAITING,
    [899, 'all queries: NOTPAY', 'waiting, query at 900'],
    [900, 'query: NOTPAY', 'ending, close at 900'],
    [900.1, 'callback: SUCCESS', 'SUCCESS'],
    [900.2, 'late close: ORDERPAID', 'nothing new'],
  ])
  lives('for an order that somebody else placed', tracked('jsapi'), [[1, 'callback: SUCCESS', 'SUCCESS']])
  lives('REFUND is a later stage of SUCCESS (3.9): all refunds are asked for', native(), [
    WAITING,
    [5, 'callback: REFUND', 'SUCCESS, queryRefunds at 5'],
  ])

  it('2.5 the verdict, its evidence and what is told are one change, and the callback is accepted', () => {
    const learnt = callback('SUCCESS', { transaction_id: '4200', success_time: '2026-06-08T18:00:05+08:00' })
    const change = decided(native(), learnt, 5)
    expect(change).toMatchObject({
      order: { state: 'SUCCESS', verdict: { learntBy: 'callback', transaction_id: '4200', atMs: at(5) } },
      events: [{ type: 'order.verdict' }],
    })
    expect(change.evidence).toEqual([learnt.call === 'callback' && learnt.evidence])
    expect(change.journal.map(({ event, said }) => `${event} ${said}`)).toEqual([
      'callback SUCCESS',
      'verdict SUCCESS',
    ])
    expect(change).not.toHaveProperty('refuses')
  })
})

describe('a person who wants to know now', () => {
  lives('makes a query due, and concludes nothing', native(), [
    WAITING,
    [5, 'ask now', 'waiting, query at 5'],
    [5, 'query: NOTPAY', 'waiting, query at 10'],
  ])
  lives('keeps what is due already', native(), [WAITING, [12, 'ask now', 'waiting, query at 10']])
})

describe('2.2 what nobody could verify is no statement', () => {
  lives('2.2 it makes a query due, and concludes nothing', native(), [
    WAITING,
    [5, 'hint', 'waiting, query at 5'],
    [5, 'query: NOTPAY', 'waiting, query at 10'],
  ])
  lives('2.2 what is due already stays so', native(), [WAITING, [12, 'hint', 'waiting, query at 10']])
  lives('2.2 an order that is about to be closed is asked about first', native(), [
    WAITING,
    [899, 'all queries: NOTPAY', 'waiting, query at 900'],
    [900, 'query: NOTPAY', 'ending, close at 900'],
    [900.1, 'hint', 'ending, query at 900'],
    [900.2, 'query: SUCCESS', 'SUCCESS'],
  ])
})

describe('2.3, 2.4 it must be about this order, with its amount', () => {
  const strange: ReadonlyArray<readonly [string, Partial<TradeStatement>, string]> = [
    ['2.3 another number', { out_trade_no: 'A43' }, 'identity_mismatch'],
    ['2.3 another merchant', { mchid: '1900000002' }, 'identity_mismatch'],
    ['2.4 another amount', { amount: { total: 8801, currency: 'HKD' } }, 'amount_mismatch'],
    ['2.4 another currency', { amount: { total: 8800, currency: 'CNY' } }, 'amount_mismatch'],
  ]
  for (const [name, more, mark] of strange) {
    lives(`${name}: not booked, a person is told, WeChat Pay too, and the order is asked about`, native(), [
      WAITING,
      [5, callback('SUCCESS', more), `waiting !${mark}, query at 5 (refused)`],
      [5, 'query: NOTPAY', `waiting !${mark}, query at 10`],
      [1_000, 'all queries: NOTPAY', `waiting !${mark}, query at 1020`],
    ])
    lives(`${name}: nor is anything given back of an order that is paid`, paid(), [
      [5, callback('SUCCESS', more), `SUCCESS !${mark} (refused)`],
      [6, callback('SUCCESS', more), `SUCCESS !${mark} (refused)`],
    ])
  }
  const absent: ReadonlyArray<readonly [string, Partial<TradeStatement>]> = [
    ['amount', { amount: {} }],
    ['amount.total', { amount: { currency: 'HKD' } }],
    ['amount.currency', { amount: { total: 8800 } }],
  ]
  for (const [field, more] of absent) {
    lives(`2.4 without ${field}: "a field that is absent is not a match: query"`, native(), [
      WAITING,
      [5, callback('SUCCESS', more), 'waiting, query at 5 (refused)'],
      [5, 'query: SUCCESS', 'SUCCESS'],
    ])
    lives(`2.4 without ${field}, after CLOSED: a query tells`, final('CLOSED'), [
      [5, callback('SUCCESS', more), 'CLOSED, late suspected, query at 5 (refused)'],
      [5, 'query: CLOSED', 'CLOSED'],
    ])
  }
  lives('2.3 without the ids it is about nobody', native(), [
    WAITING,
    [
      5,
      { call: 'callback', trade: { trade_state: 'SUCCESS' }, evidence: evidence() },
      'waiting, query at 5 (refused)',
    ],
  ])
  for (const state of ['NOTPAY', 'USERPAYING', 'PAYERROR', 'CLOSED', 'REVOKED', 'DELIVERED']) {
    lives(`${state} is nothing that WeChat Pay announces: refused, and asked about`, native(), [
      WAITING,
      [5, callback(state), 'waiting, query at 5 (refused)'],
    ])
    lives(`${state} changes no verdict`, paid(), [[5, callback(state), 'SUCCESS (refused)']])
  }

  it('keeps a statement that contradicts, for the person who looks', () => {
    for (const order of [native(), final('CLOSED')]) {
      const learnt = callback('SUCCESS', { amount: { total: 1, currency: 'HKD' } })
      const change = decided(order, learnt, 5)
      expect(change.evidence).toEqual([learnt.call === 'callback' && learnt.evidence])
      expect(change.refuses).toBe('amount.total: expected 8800, WeChat Pay states 1')
      expect(change.events).toEqual([])
    }
  })
})

describe('2.6, 2.7, 2.8 it may come several times, and at once', () => {
  lives('2.6 the same again changes nothing', native(), [
    WAITING,
    [5, 'callback: SUCCESS', 'SUCCESS'],
    [20, 'callback: SUCCESS', 'nothing new'],
    [86_400, 'callback: SUCCESS', 'nothing new'],
  ])
  lives('2.6 nor does it after a query found out', native(), [
    WAITING,
    [10, 'query: SUCCESS', 'SUCCESS'],
    [11, 'callback: SUCCESS', 'nothing new'],
  ])
  lives('2.7 the state is looked at first: what is known is accepted, even if it comes incomplete', paid(), [
    [5, callback('SUCCESS', { amount: {} }), 'nothing new'],
  ])
  lives('2.6 one that was refused is refused again, and its mark is written once', native(), [
    WAITING,
    [5, callback('SUCCESS', { mchid: '1900000002' }), 'waiting !identity_mismatch, query at 5 (refused)'],
    [20, callback('SUCCESS', { mchid: '1900000002' }), 'waiting !identity_mismatch, query at 20 (refused)'],
  ])

  it('2.8 two at the same moment are decided on the same version: one applies, and for the other nothing is new', () => {
    const order = lived(native(), [[0.5, 'place: code_url']])
    const [one, other] = [decided(order, callback('SUCCESS'), 5), decided(order, callback('SUCCESS'), 5)]
    expect([one.from, other.from]).toEqual([order.version, order.version])
    const moment = { nowMs: at(5), chance: 0 }
    expect(decide(one.order, callback('SUCCESS'), rulesFor('native'), moment)).toBeNull()
  })

  it.each(FINAL_STATES)('2.6 after %s a second one writes nothing', (state) => {
    const order = lived(final(state), [[1, 'callback: SUCCESS']])
    const moment = { nowMs: at(2), chance: 0 }
    expect(decide(order, learntFrom(order, 'callback: SUCCESS'), rulesFor('native'), moment)).toBeNull()
  })
})

describe('"reversing a paid order returns the money"', () => {
  const TO_THE_REVOKE: readonly Line[] = [
    [0.5, 'place: USERPAYING', 'waiting, query at 3.5'],
    [44, 'all queries: USERPAYING', 'waiting, query at 45.5'],
    [45.5, 'query: USERPAYING', 'ending, reverse at 45.5'],
  ]
  lives('before a revoke has left it settles', quickPay(), [
    ...TO_THE_REVOKE,
    [45.6, 'callback: SUCCESS', 'SUCCESS'],
  ])
  lives('once one has left it is kept, and a query tells what became of the money', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'crash in reverse', 'ending, reverse at 46'],
    [47, 'callback: SUCCESS', 'ending, query at 47'],
    [47, 'query: REVOKED', 'REVOKED'],
  ])
  lives('after an accepted one, too', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: done', 'ending, query at 46'],
    [46, 'callback: SUCCESS', 'ending, query at 46'],
    [46, 'query: REVOKED', 'REVOKED'],
  ])
  lives('and after one without an answer, however old', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: timeout', 'ending, reverse at 48'],
    [86_400, 'callback: SUCCESS', 'ending !overdue, query at 86400'],
    [86_400, 'query: SUCCESS', 'SUCCESS'],
  ])
  lives('one that was refused returned nothing: it settles', quickPay(), [
    ...TO_THE_REVOKE,
    [46, 'reverse: ORDER_PAID', 'ending, query at 46'],
    [46, 'callback: SUCCESS', 'SUCCESS'],
  ])

  it('what settles nothing is kept all the same, and accepted', () => {
    const order = lived(quickPay(), [...TO_THE_REVOKE, [46, 'reverse: done']])
    const learnt = learntFrom(order, 'callback: SUCCESS', at(46))
    const change = decided(order, learnt, 46)
    expect(change.evidence).toEqual([learnt.call === 'callback' && learnt.evidence])
    expect(change).not.toHaveProperty('refuses')
  })
})
