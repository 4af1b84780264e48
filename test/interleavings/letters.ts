import type { Learnt } from '../../src/core/decide.ts'
import type { Order } from '../../src/core/order.ts'
import type { Evidence, NoAnswer, Outcome, RefundStatement } from '../../src/core/outcome.ts'
import { evidence, noAnswer, refundStatement, statement } from '../../src/core/testing.ts'
import type { Flight, Said, TrueRefund } from './world.ts'

/** What the signed bytes say; the checker reads them again and believes nothing else. */
export interface Letter {
  readonly mchid?: string
  readonly out_trade_no?: string
  readonly trade_state?: string
  readonly total?: number
  readonly currency?: string
  readonly code?: string
}

function signed(letter: Letter, request: string, signedAtMs: number): Evidence {
  return { ...evidence(request, signedAtMs), body: JSON.stringify(letter) }
}

/** A verified callback that tells of the payment. */
export function paymentCallback(order: Order, signedAtMs: number): Learnt {
  const letter = letterAbout(order, 'SUCCESS')
  return {
    call: 'callback',
    trade: statement(order, 'SUCCESS', { transaction_id: '4200' }),
    evidence: signed(letter, 'callback', signedAtMs),
  }
}

/** A verified callback that tells how a refund ended. */
export function refundCallback(order: Order, { no, amount, state }: TrueRefund, signedAtMs: number): Learnt {
  const refund = refundStatement(order, { out_refund_no: no, amount }, state)
  return { call: 'refund-callback', refund, evidence: signed({}, 'callback', signedAtMs) }
}

/** What a worker learns when this reply comes to its call. */
export function learntFromReply(flight: Flight, said: Said, order: Order, nowMs: number): Learnt {
  const { call } = flight
  const tookMs = nowMs - flight.signedAtMs
  const out_refund_no = flight.refund?.no ?? ''
  const { word } = said
  const trade = (): ReturnType<typeof statement> => statement(order, word, { transaction_id: '4200' })
  const heard = <T>(value: () => T): Outcome<T> => {
    if (said.kind === 'answer')
      return {
        kind: 'answer',
        value: value(),
        evidence: signed(letterAbout(order, word), call, said.signedAtMs),
      }
    const proof = signed({ code: word }, `${call} ${order.out_trade_no}`, said.signedAtMs)
    return { kind: 'refusal', code: word, status: 400, message: word, evidence: proof }
  }
  switch (call) {
    case 'place':
      return {
        call,
        tookMs,
        outcome: heard(() =>
          word === 'credential'
            ? { kind: 'credential', credential: { name: 'code_url', value: 'weixin://' } }
            : { kind: 'trade', trade: trade() },
        ),
      }
    case 'query':
      return { call, tookMs, outcome: heard(trade) }
    case 'close':
    case 'reverse':
      return { call, tookMs, outcome: heard(() => 'done' as const) }
    case 'refund':
    case 'queryRefund':
      return { call, tookMs, out_refund_no, outcome: heard(() => refundIn(order, said)) }
    case 'queryRefunds': {
      const refunds = said.refunds.map(({ no, amount, state }) =>
        refundStatement(order, { out_refund_no: no, amount }, state),
      )
      return { call, tookMs, earlier: [], outcome: heard(() => ({ total: refunds.length, refunds })) }
    }
  }
}

/** What a worker learns when none comes. */
export function learntFromSilence(flight: Flight, reason: NoAnswer['reason'], nowMs: number): Learnt {
  const { call, signedAtMs, refund } = flight
  const said = { outcome: noAnswer(reason), tookMs: nowMs - signedAtMs }
  switch (call) {
    case 'refund':
    case 'queryRefund':
      return { call, out_refund_no: refund?.no ?? '', ...said }
    case 'queryRefunds':
      return { call, earlier: [], ...said }
    case 'place':
      return { call, ...said }
    case 'query':
      return { call, ...said }
    case 'close':
    case 'reverse':
      return { call, ...said }
  }
}

function refundIn(order: Order, { refund, word }: Said): RefundStatement {
  const { no = '', amount = 0 } = refund ?? {}
  return refundStatement(order, { out_refund_no: no, amount }, word === 'accepted' ? undefined : word)
}

function letterAbout({ account, out_trade_no, total, currency }: Order, trade_state: string): Letter {
  return { mchid: account, out_trade_no, trade_state, total, currency }
}
