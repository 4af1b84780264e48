import { sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { PUBLIC_KEY_ID, pemOf, wechatpay } from '../test/support/wechatpay.ts'
import type { FinalOrder, Verdict } from './core/order.ts'
import type { Evidence, UnverifiedEvidence } from './core/outcome.ts'
import { evidence, placing, T0 } from './core/testing.ts'
import { proofOf } from './proof.ts'
import { signedMessage } from './wechatpay/evidence.ts'

const MINUTE_MS = 60_000
const QUESTION = 'GET /v3/global/transactions/out-trade-no/A42?mchid=1900000001'
const KEYS = [
  { account: '1900000001', serial: PUBLIC_KEY_ID, publicKey: pemOf(wechatpay.publicKey), keptAtMs: T0 },
]

let made = 0

/** What WeChat Pay signed `minutes` after the placing. */
function signed(minutes: number, said: object, more: Partial<UnverifiedEvidence> = {}): Evidence {
  const receivedAtMs = T0 + minutes * MINUTE_MS
  made += 1
  const fields = {
    ...evidence(QUESTION),
    serial: PUBLIC_KEY_ID,
    timestamp: String(Math.floor(receivedAtMs / 1_000)),
    nonce: `n${made}`,
    body: JSON.stringify(said),
    receivedAtMs,
    ...more,
  }
  const signature = sign('RSA-SHA256', Buffer.from(signedMessage(fields)), wechatpay.privateKey)
  return { ...fields, signature: signature.toString('base64') }
}

const IDS = { mchid: '1900000001', out_trade_no: 'A42' }
const state = (trade_state: string) => ({ ...IDS, trade_state, amount: { total: 8800, currency: 'HKD' } })
const DENIAL = { code: 'ORDER_NOT_EXIST', message: 'no such order' }

/** A42 with a verdict, ten minutes after its placing. */
function settled(state: Verdict['state'], unknownAtMs: number | null = null): FinalOrder {
  const facts = {
    atMs: T0 + 10 * MINUTE_MS,
    learntBy: 'query',
    transaction_id: null,
    success_time: null,
  } as const
  const order = { ...placing('native', { unknownAtMs }), dueAtMs: null, aftercare: null }
  const verdict = { ...facts, evidence: signed(9, {}) }
  switch (state) {
    case 'NOT_CREATED':
      return { ...order, state, verdict: { ...verdict, state } }
    case 'SUCCESS':
      return { ...order, state, verdict: { ...verdict, state } }
    case 'CLOSED':
      return { ...order, state, verdict: { ...verdict, state } }
    case 'REVOKED':
      return { ...order, state, verdict: { ...verdict, state } }
  }
}

/** Whether these statements prove the order's verdict, which rests on the last that came before it. */
function holds(order: FinalOrder, ...pieces: readonly Evidence[]): boolean {
  const rests = pieces.findLast(({ receivedAtMs }) => receivedAtMs <= order.verdict.atMs)
  return proofOf(restingOn(order, rests ?? order.verdict.evidence), pieces, KEYS).holds
}

function restingOn(order: FinalOrder, evidence: Evidence | null): FinalOrder {
  return { ...order, verdict: { ...order.verdict, evidence } } as FinalOrder
}

describe('the proof of a verdict', () => {
  it('is the last final statement about the order', () => {
    expect(holds(settled('SUCCESS'), signed(9, state('SUCCESS')))).toBe(true)
    expect(holds(settled('SUCCESS'), signed(9, state('REFUND')))).toBe(true)
    expect(holds(settled('REVOKED'), signed(8, state('SUCCESS')), signed(9, state('REVOKED')))).toBe(true)
    expect(holds(settled('SUCCESS'), signed(8, state('SUCCESS')), signed(9, state('REVOKED')))).toBe(false)
    expect(holds(settled('SUCCESS'), signed(9, state('NOTPAY')))).toBe(false)
    expect(holds(settled('SUCCESS'))).toBe(false)
  })

  it('is no statement about another order, or another amount', () => {
    const [closed, paid] = [settled('CLOSED'), settled('SUCCESS')]
    expect(holds(closed, signed(9, { ...state('CLOSED'), out_trade_no: 'A43' }))).toBe(false)
    expect(holds(closed, signed(9, { ...state('CLOSED'), mchid: '1900000002' }))).toBe(false)
    expect(holds(paid, signed(9, { ...state('SUCCESS'), amount: { total: 1, currency: 'HKD' } }))).toBe(false)
  })

  it('is not shaken by what came after the verdict', () => {
    expect(holds(settled('CLOSED'), signed(9, state('CLOSED')), signed(11, state('SUCCESS')))).toBe(true)
    expect(holds(settled('CLOSED'), signed(11, state('CLOSED')))).toBe(false)
  })

  it('fails if any stored statement is not what was signed', () => {
    const good = signed(9, state('SUCCESS'))
    for (const change of [
      { body: `${good.body} ` },
      { nonce: 'n0' },
      { timestamp: '1' },
      { serial: 'other' },
    ]) {
      expect(holds(settled('SUCCESS'), { ...signed(8, state('NOTPAY')), ...change }, good)).toBe(false)
    }
  })

  it('fails if the verdict tells another number or moment of payment than was signed, or names another statement', () => {
    const paid = signed(9, { ...state('SUCCESS'), id: '4200', success_time: '2026-06-08T10:00:00+08:00' })
    const told = (facts: Partial<Verdict>, rests: Evidence = paid): boolean => {
      const order = restingOn(settled('SUCCESS'), rests)
      const success_time = '2026-06-08T10:00:00+08:00'
      const verdict = { ...order.verdict, transaction_id: '4200', success_time, ...facts }
      return proofOf({ ...order, verdict } as FinalOrder, [paid], KEYS).holds
    }
    expect(told({})).toBe(true)
    expect(told({ transaction_id: '42' })).toBe(false)
    expect(told({ transaction_id: null })).toBe(false)
    expect(told({ success_time: '2020-01-01T00:00:00+08:00' })).toBe(false)
    expect(told({}, signed(9, state('SUCCESS')))).toBe(false)
  })

  it('has every stored key believed only as far as it can be read', () => {
    const broken = [{ account: '1900000001', serial: PUBLIC_KEY_ID, publicKey: 'broken', keptAtMs: T0 }]
    expect(proofOf(settled('SUCCESS'), [signed(9, state('SUCCESS'))], broken).holds).toBe(false)
  })
})

describe('the proof that an order was never created', () => {
  const unknownAtMs = T0 + 6 * MINUTE_MS
  const absent = settled('NOT_CREATED', unknownAtMs)

  it('is two denials, whose questions were a minute apart, however close the answers came', () => {
    expect(holds(absent, signed(6.1, DENIAL), signed(7, DENIAL))).toBe(true)
    expect(holds(absent, signed(6.95, DENIAL), signed(7, DENIAL))).toBe(true)
  })

  it.each([
    ['one', [signed(7, DENIAL)]],
    ['two that came too soon after the first question', [signed(6.1, DENIAL), signed(6.9, DENIAL)]],
    ['one before the placing was harmless', [signed(3, DENIAL), signed(7, DENIAL)]],
    ['another code', [signed(6.1, { code: 'SYSTEM_ERROR' }), signed(7, DENIAL)]],
    [
      'a question about another order',
      [signed(6.1, DENIAL, { request: QUESTION.replace('A42', 'A43') }), signed(7, DENIAL)],
    ],
    [
      'a question for another merchant',
      [signed(6.1, DENIAL, { request: QUESTION.replace('1900000001', '1900000002') }), signed(7, DENIAL)],
    ],
    [
      'one signed at another time',
      [signed(6.1, DENIAL, { timestamp: String(T0 / 1_000 - 600) }), signed(7, DENIAL)],
    ],
  ])('is not %s', (_, pieces) => expect(holds(absent, ...pieces)).toBe(false))

  it('counts a denial that a busy process took up some ms after it came, and not one from before', () => {
    expect(holds(absent, signed(5.9999, DENIAL), signed(7.1, DENIAL))).toBe(true)
    expect(holds(absent, signed(5.96, DENIAL), signed(7.1, DENIAL))).toBe(false)
  })

  it('is not one denial kept twice', () => {
    const one = signed(6.1, DENIAL)
    expect(holds(absent, one, { ...one, receivedAtMs: T0 + 7.1 * MINUTE_MS })).toBe(false)
  })

  it('is not one denial that came again, with another that came too soon', () => {
    const [one, soon] = [signed(6.1, DENIAL), signed(6.7, DENIAL)]
    const again = { ...one, receivedAtMs: T0 + 7.1 * MINUTE_MS }
    expect(holds(absent, one, soon, again)).toBe(false)
    expect(holds(absent, one, soon, again, signed(7.1, DENIAL))).toBe(true)
  })

  it('is no denial signed while the placing could still take effect, whenever it came', () => {
    const late = settled('NOT_CREATED', T0 + 8 * MINUTE_MS)
    const signedAt = (minutes: number) => ({ timestamp: String(T0 / 1_000 + minutes * 60) })
    expect(holds(late, signed(8, DENIAL, signedAt(4)), signed(8.5, DENIAL))).toBe(false)
    // Long before it came, but after the 310 s: it tells of that moment.
    expect(holds(late, signed(9, DENIAL, signedAt(5.5)), signed(9.5, DENIAL))).toBe(true)
  })

  it('holds where the clock of WeChat Pay is ahead of ours', () => {
    const ahead = (minutes: number) => ({ timestamp: String(T0 / 1_000 + minutes * 60 + 100) })
    const order = settled('NOT_CREATED', unknownAtMs + 100_000)
    expect(holds(order, signed(6.1, DENIAL, ahead(6)), signed(8.7, DENIAL, ahead(8.7)))).toBe(true)
  })

  it('is nothing beside a signed state of the order', () => {
    const denials = [signed(6.1, DENIAL), signed(7.1, DENIAL)]
    for (const trade_state of ['NOTPAY', 'SUCCESS', 'NEW_WORD']) {
      expect(holds(absent, signed(1, state(trade_state)), ...denials)).toBe(false)
    }
    expect(holds(absent, signed(1, { ...state('NOTPAY'), out_trade_no: 'A43' }), ...denials)).toBe(true)
  })
})
