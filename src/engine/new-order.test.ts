import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { beijingTime, checkPurchase, fingerprintOf } from './new-order.ts'

const key = createSecretKey(Buffer.alloc(32, 7))

describe('the fingerprint', () => {
  const parameters = { out_trade_no: 'A1', amount: { total: 1, currency: 'HKD' }, payer: { auth_code: '13' } }

  it('is the same for the same values, whatever the order of the keys, absent and undefined alike', () => {
    const again = {
      payer: { auth_code: '13' },
      amount: { currency: 'HKD', total: 1 },
      out_trade_no: 'A1',
      attach: undefined,
    }
    expect(fingerprintOf(again, key)).toBe(fingerprintOf(parameters, key))
  })

  it.each([
    ['another amount', { ...parameters, amount: { total: 2, currency: 'HKD' } }],
    ['another auth_code', { ...parameters, payer: { auth_code: '14' } }],
    ['one field more', { ...parameters, attach: '' }],
    ['a list in another order', { ...parameters, detail: [2, 1] }],
  ])('twin: %s gives another one', (_, other) => {
    const list = { ...parameters, detail: [1, 2] }
    expect(fingerprintOf(other, key)).not.toBe(fingerprintOf('detail' in other ? list : parameters, key))
  })

  it('needs the key, and holds nothing of the auth_code', () => {
    const fingerprint = fingerprintOf(parameters, key)
    expect(fingerprintOf(parameters, createSecretKey(Buffer.alloc(32)))).not.toBe(fingerprint)
    expect(fingerprint).toMatch(/^[\w-]{43}$/)
  })
})

it('a moment is written in Beijing time, rounded up to the second', () => {
  expect(beijingTime(Date.UTC(2026, 5, 8, 2, 34, 55, 1))).toBe('2026-06-08T10:34:56+08:00')
  expect(beijingTime(Date.UTC(2026, 11, 31, 23, 0, 0))).toBe('2027-01-01T07:00:00+08:00')
})

it('a purchase has 1 to 128 characters', () => {
  for (const good of [undefined, 'p', 'p'.repeat(128)]) expect(() => checkPurchase(good)).not.toThrow()
  for (const bad of ['', 'p'.repeat(129)]) {
    expect(() => checkPurchase(bad)).toThrow(expect.objectContaining({ code: 'ORDER_INVALID' }))
  }
})
