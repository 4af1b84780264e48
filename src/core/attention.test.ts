import { expect, it } from 'vitest'
import { ATTENTION, afterAnswer, marked, stopsEnding } from './attention.ts'

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

it('a normal answer takes away what passes, and nothing else', () => {
  expect(afterAnswer('vanished')).toBeNull()
  expect(afterAnswer('amount_mismatch')).toBe('amount_mismatch')
  expect(afterAnswer(null)).toBeNull()
})
