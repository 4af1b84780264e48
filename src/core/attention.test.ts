import { expect, it } from 'vitest'
import { ATTENTION, afterAnswer, afterRefund, marked, stopsEnding } from './attention.ts'

it('marks about identity or money stop the ending, the others do not', () => {
  const stops = Object.entries(ATTENTION).filter(([, { ending }]) => ending === 'stops')
  expect(stops.map(([code]) => code).sort()).toEqual([
    'amount_mismatch',
    'identity_mismatch',
    'number_used',
    'paid_after_revoke',
    'refund_mismatch',
    'unknown_trade_state',
    'vanished',
  ])
  expect(stopsEnding(null)).toBe(false)
})

it('a mark that stops the ending is not overwritten by one that does not', () => {
  expect(marked('vanished', 'key_refused')).toBe('vanished')
  expect(marked('key_refused', 'vanished')).toBe('vanished')
  expect(marked('key_refused', 'call_refused')).toBe('call_refused')
  expect(marked(null, 'overdue')).toBe('overdue')
})

it('a mark that only a person takes away is not overwritten by one that passes by itself', () => {
  expect(marked('amount_mismatch', 'vanished')).toBe('amount_mismatch')
  expect(afterAnswer(marked('amount_mismatch', 'vanished'))).toBe('amount_mismatch')
  expect(marked('vanished', 'amount_mismatch')).toBe('amount_mismatch')
  expect(marked('amount_mismatch', 'identity_mismatch')).toBe('identity_mismatch')
})

it('a mark about a refund that only a person takes away is not lost behind one that goes by itself', () => {
  for (const lasting of ['late_money', 'refund_closed', 'refund_refused'] as const) {
    for (const passing of [
      'key_refused',
      'call_refused',
      'refund_abnormal',
      'refund_overdue',
      'vanished',
    ] as const) {
      expect(marked(lasting, passing)).toBe(lasting)
      expect(marked(passing, lasting)).toBe(lasting)
    }
    expect(marked(lasting, 'refund_mismatch')).toBe('refund_mismatch')
    expect(marked('refund_mismatch', lasting)).toBe('refund_mismatch')
  }
  expect(marked('late_money', 'refund_closed')).toBe('refund_closed')
})

it('marks that are found again give way to each other', () => {
  expect(marked('overdue', 'key_refused')).toBe('key_refused')
  expect(marked('refund_overdue', 'refund_abnormal')).toBe('refund_abnormal')
})

it('a refund’s success takes away what it answers, and nothing else', () => {
  expect(afterRefund('refund_abnormal')).toBeNull()
  expect(afterRefund('refund_overdue')).toBeNull()
  expect(afterRefund('key_refused')).toBeNull()
  expect(afterRefund('call_refused')).toBeNull()
  expect(afterRefund('refund_closed')).toBe('refund_closed')
  expect(afterRefund('unknown_trade_state')).toBe('unknown_trade_state')
  expect(afterRefund(null)).toBeNull()
})

it('a normal answer takes away what passes, and nothing else', () => {
  expect(afterAnswer('vanished')).toBeNull()
  expect(afterAnswer('amount_mismatch')).toBe('amount_mismatch')
  expect(afterAnswer(null)).toBeNull()
})
