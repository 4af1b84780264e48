import { describe, expect, it } from 'vitest'
import type { Refund } from '../core/aftercare.ts'
import type { Change, OrderEvent } from '../core/change.ts'
import type { FinalOrder } from '../core/order.ts'
import { evidence, placing } from '../core/testing.ts'
import { messagesOf } from './payload.ts'

const T0 = Date.UTC(2026, 5, 8, 10, 0, 0)
const VERDICT: OrderEvent = { type: 'order.verdict' }
const REFUND: OrderEvent = { type: 'order.refund', out_refund_no: 'R1' }

function refund(fields: Partial<Refund> = {}): Refund {
  return {
    ...{ out_refund_no: 'R1', key: 'k1', origin: 'asked', amount: 30, reason: null, createdAtMs: T0 },
    ...{ state: 'SUCCESS', dueAtMs: null, attempts: 1, sentAtMs: T0, unansweredAtMs: null, pauses: 0 },
    ...{ said: 'SUCCESS', refund_id: '5030', success_time: '2026-06-08T18:00:00+08:00' },
    ...fields,
  }
}

function paid(fields: Partial<FinalOrder> = {}, refunds: readonly Refund[] = [refund()]): FinalOrder {
  const verdict = {
    ...{ state: 'SUCCESS', atMs: T0, learntBy: 'query', transaction_id: '42' },
    ...{ success_time: null, evidence: evidence() },
  } as const
  const aftercare = { late: null, refunds, compareAtMs: null }
  return {
    ...placing('native'),
    state: 'SUCCESS',
    verdict,
    dueAtMs: null,
    aftercare,
    ...fields,
  } as FinalOrder
}

function told(order: Change['order'], ...events: readonly OrderEvent[]) {
  return messagesOf({ from: 1, order, journal: [], evidence: [], events }, T0)
}

const idOf = (order: FinalOrder, event: OrderEvent): string | undefined => told(order, event)[0]?.id

describe('the messages of a change', () => {
  it('are one for each of its events, in their sequence, and bear the moment of writing', () => {
    const messages = told(paid(), VERDICT, REFUND)
    expect(messages.map(({ type }) => type)).toEqual(['order.verdict', 'order.refund'])
    expect(JSON.parse(messages[0]?.payload ?? '')).toMatchObject({
      type: 'order.verdict',
      timestamp: '2026-06-08T10:00:00.000Z',
    })
  })

  it('are none without an event, about a refund that is not there, or before the verdict', () => {
    expect(told(paid())).toEqual([])
    expect(told(paid({}, []), REFUND)).toEqual([])
    expect(told(paid({ aftercare: null }), REFUND, { type: 'order.late_money' })).toEqual([])
    expect(told(placing('native'), VERDICT)).toEqual([])
  })

  it('name the sub-merchant', () => {
    const [message] = told(paid({ sub_mchid: '1900000007' }), VERDICT)
    expect(JSON.parse(message?.payload ?? '').data).toMatchObject({ sub_mchid: '1900000007' })
  })

  it('hold nothing of what proves the verdict, nor of our own bookkeeping', () => {
    const text = told(paid(), VERDICT, REFUND)
      .map(({ payload }) => payload)
      .join()
    for (const word of ['evidence', 'signature', 'version', 'dueAtMs', 'sentAtMs', 'pauses'])
      expect(text).not.toContain(word)
  })
})

describe('the name of a message', () => {
  it('is the same for the same fact, whenever it is told and whatever else has become of the order', () => {
    const later = paid({
      version: 9,
      attention: 'call_refused',
      verdict: { ...paid().verdict, atMs: T0 + 9 } as never,
    })
    expect(idOf(later, VERDICT)).toBe(idOf(paid(), VERDICT))
    const retried = paid({}, [refund({ attempts: 7, sentAtMs: T0 + 99, refund_id: null })])
    expect(idOf(retried, REFUND)).toBe(idOf(paid(), REFUND))
  })

  it.each<readonly [string, FinalOrder, OrderEvent]>([
    ['account', paid({ account: '1900000002' }), VERDICT],
    ['sub-merchant', paid({ sub_mchid: '1900000007' }), VERDICT],
    ['number', paid({ out_trade_no: 'A43' }), VERDICT],
    ['state', paid({ state: 'CLOSED' } as never), VERDICT],
    ['event', paid(), { type: 'order.refund', out_refund_no: 'R1' }],
  ])('is another for another %s', (_, order, event) => {
    expect(idOf(order, event)).not.toBe(idOf(paid(), VERDICT))
    expect(idOf(order, event)).toMatch(/^msg_[0-9a-f]{32}$/)
  })

  it('is another for each end of a refund, ABNORMAL among them, and for each refund', () => {
    const abnormal = { state: 'processing', said: 'ABNORMAL' } as const
    const ids = [
      idOf(paid(), REFUND),
      idOf(paid({}, [refund({ state: 'CLOSED' })]), REFUND),
      idOf(paid({}, [refund({ state: 'REFUSED' })]), REFUND),
      idOf(paid({}, [refund(abnormal)]), REFUND),
      idOf(paid({}, [refund({ out_refund_no: 'R2' })]), { type: 'order.refund', out_refund_no: 'R2' }),
    ]
    expect(new Set(ids).size).toBe(5)
  })
})
