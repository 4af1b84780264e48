import { describe, expect, it } from 'vitest'
import type { TradeStatement } from './outcome.ts'
import { fitOf } from './statement.ts'
import { placing, statement } from './testing.ts'
import { meaningOf } from './trade-state.ts'

const common = placing('native')
const institutional = placing('native', { sub_mchid: '1900000009' })

describe('a statement is held against the order that was asked about', () => {
  it('names it: the ids, the number, and for a paid order amount and currency', () => {
    for (const order of [common, institutional]) {
      expect(fitOf(order, statement(order, 'SUCCESS'))).toEqual({ fit: 'names it' })
      expect(fitOf(order, statement(order, 'CLOSED', { amount: {} }))).toEqual({ fit: 'names it' })
    }
  })

  const STRANGE: ReadonlyArray<readonly [string, Partial<TradeStatement>, string]> = [
    ['sp_mchid', { sp_mchid: '1900000002' }, 'identity_mismatch'],
    ['sub_mchid', { sub_mchid: '1900000008' }, 'identity_mismatch'],
    ['out_trade_no', { out_trade_no: 'a42' }, 'identity_mismatch'],
    ['amount.total', { amount: { total: 1, currency: 'HKD' } }, 'amount_mismatch'],
    ['amount.total', { amount: { total: 0 } }, 'amount_mismatch'],
    ['amount.currency', { amount: { total: 8800, currency: 'USD' } }, 'amount_mismatch'],
  ]
  for (const state of ['SUCCESS', 'REFUND', 'NOTPAY', 'CLOSED', 'DELIVERED']) {
    it.each(STRANGE)(`${state} with another %s contradicts`, (field, more, attention) => {
      expect(fitOf(institutional, statement(institutional, state, more))).toEqual({
        fit: 'contradicts',
        attention,
        note: expect.stringContaining(field),
      })
    })
  }

  it('who it is comes before how much: another order’s amount is no mismatch of ours', () => {
    const trade = statement(common, 'SUCCESS', { mchid: '1', amount: { total: 1, currency: 'HKD' } })
    expect(fitOf(common, trade)).toMatchObject({ attention: 'identity_mismatch' })
  })

  it('a field that is absent is not a match', () => {
    expect(fitOf(common, { trade_state: 'SUCCESS' })).toEqual({
      fit: 'incomplete',
      absent: 'mchid, out_trade_no, amount.total, amount.currency',
    })
    expect(fitOf(institutional, { trade_state: 'CLOSED' })).toEqual({
      fit: 'incomplete',
      absent: 'sp_mchid, out_trade_no, sub_mchid',
    })
  })

  it('the ids of the other mode are no match', () => {
    expect(fitOf(institutional, statement(common, 'SUCCESS'))).toMatchObject({ fit: 'incomplete' })
    expect(fitOf(common, statement(institutional, 'SUCCESS'))).not.toEqual({ fit: 'names it' })
  })
})

describe('trade_state', () => {
  it.each([
    ['SUCCESS', 'paid'],
    ['REFUND', 'paid'],
    ['NOTPAY', 'open'],
    ['USERPAYING', 'open'],
    ['ACCEPT', 'open'],
    ['PAYERROR', 'failed'],
    ['CLOSED', 'closed'],
    ['REVOKED', 'revoked'],
    ['success', 'unknown'],
    ['', 'unknown'],
    ['constructor', 'unknown'],
  ])('%s means %s', (word, meaning) => {
    expect(meaningOf(word)).toBe(meaning)
  })
})
