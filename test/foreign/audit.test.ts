import { expect, it } from 'vitest'
import { audit } from './audit.ts'
import { OtherWechatPay } from './other-wechat-pay.ts'
import type { ReportedOrder } from './shop.ts'

// The twin of foreign.test.ts: an audit that could not find anything would find nothing there either.

const owner = { mchid: '1900009191' }
const anchor = { realMs: Date.now(), simulatedMs: Date.now(), speed: 1 }

function faultsOf(order: Partial<ReportedOrder>, quickPays = 1, exit = '0'): readonly string[] {
  const other = new OtherWechatPay({
    ...{ seed: 1, anchor, merchants: [], harshness: 0, skewMs: 0, rotatesAfterMs: 0 },
    spells: { crowd: [0, 0], mainDown: [0, 0], allDown: [0, 0] },
  })
  const placing = { number: 'A1', tradeType: 'NATIVE', total: 100, currency: 'HKD', attach: null } as const
  other.books.place({ owner, ...placing, bytes: '', expiresAtMs: null, notifyUrl: null }, other.nowMs())
  other.watch.quickPays.set('A1', quickPays)
  const ref = { out_trade_no: 'A1' }
  const reported: ReportedOrder = {
    ...{ ref, kind: 'native', state: 'waiting', attention: null, total: 100, journal: [], evidence: [] },
    proof: { holds: true, because: '' },
    ...{ late: null, refunds: [] },
    ...order,
  }
  const errand = { atMs: 0, giveUpAtMs: null, refunds: [] }
  const place = { ...ref, kind: 'native', description: 'x', amount: { total: 100, currency: 'HKD' } } as const
  const plan = { anchor, accounts: [], errands: [{ ...errand, place }], port: 1, untilMs: 0 }
  const report = { orders: [reported], missed: [], atMs: 0, surprises: [], notices: [] }
  return audit({ other, plan, report, diary: [], exit, deaths: [] }).faults
}

it.each([
  ['an order that is still open', {}, /still waiting/],
  ['SUCCESS for an unpaid order', { state: 'SUCCESS' }, /verdict SUCCESS/],
  ['CLOSED for an order that is not', { state: 'CLOSED' }, /verdict CLOSED/],
  ['NOT_CREATED for an order that exists', { state: 'NOT_CREATED' }, /but it exists/],
  ['an order without a stored statement', { state: 'CLOSED' }, /no stored statement says CLOSED/],
  ['a verdict about nothing', { state: 'SUCCESS', ref: { out_trade_no: 'B2' } }, /does not exist/],
  ['an order that was lost', { ref: { out_trade_no: 'B2' } }, /A1 is lost/],
] as const)('the audit finds %s', (_, order, fault) => {
  expect(faultsOf(order).join('\n')).toMatch(fault)
})

it('the audit finds a Quick Pay that came twice, and a process that did not end well', () => {
  expect(faultsOf({}, 2).join('\n')).toMatch(/Quick Pay came 2 times/)
  expect(faultsOf({}, 1, 'SIGKILL').join('\n')).toMatch(/ended with SIGKILL/)
})
