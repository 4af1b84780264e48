import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refundNumber } from './refund-number.ts'

const order = { account: '1900000001', sub_mchid: null, out_trade_no: 'A42' }

describe('the number of a refund', () => {
  it('is the same for the same order and key, for ever', () => {
    expect(refundNumber(order, 'r1')).toBe('A42-Rf08dc406386fef82ac61412d')
  })

  it.each([
    ['account', { ...order, account: '1900000002' }, 'r1'],
    ['sub-merchant', { ...order, sub_mchid: '1900000007' }, 'r1'],
    ['order', { ...order, out_trade_no: 'A43' }, 'r1'],
    ['key', order, 'r2'],
  ])('is another for another %s', (_, other, key) => {
    expect(refundNumber(other, key)).not.toBe(refundNumber(order, 'r1'))
  })

  it('is one that WeChat Pay takes, whatever the key holds: at most 64 of its characters', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9A-Za-z_\-|*@]{1,32}$/), fc.string(), (out_trade_no, key) => {
        expect(refundNumber({ ...order, out_trade_no }, key)).toMatch(/^[0-9A-Za-z_\-|*@]{1,64}$/)
      }),
    )
  })
})
