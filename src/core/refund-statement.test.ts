import { describe, expect, it } from 'vitest'
import type { RefundStatement } from './outcome.ts'
import { refundFitOf, strangerIn } from './refund-statement.ts'
import type { Learnt } from './scene.ts'
import { answer, type Line, live, paid, refundStatement } from './testing.ts'

const order = paid()
const institutional = paid({ sub_mchid: '1900000009' })
const R1 = { out_refund_no: 'A42-r1', amount: 500 }

const fitOf = (more: Partial<RefundStatement>, of = order): string =>
  refundFitOf(of, R1, refundStatement(of, R1, 'SUCCESS', more)).fit

describe('how a statement fits the refund that is meant', () => {
  it('number, amount, currency and order match, in both modes', () => {
    expect(fitOf({})).toBe('names it')
    expect(fitOf({}, institutional)).toBe('names it')
  })

  it('WeChat Pay does not send everything everywhere: what is absent contradicts nothing', () => {
    const { out_refund_no } = R1
    expect(refundFitOf(order, R1, { out_refund_no, amount: { refund: 500 } }).fit).toBe('names it')
  })

  const incomplete: ReadonlyArray<readonly [string, Partial<RefundStatement>]> = [
    ['another refund', { out_refund_no: 'A42-r2' }],
    ['another order', { out_trade_no: 'A43' }],
    ['another merchant', { mchid: '1900000002' }],
    ['no amount', { amount: {} }],
  ]
  it.each(incomplete)('%s: nothing can be concluded', (_, more) => {
    expect(fitOf(more)).toBe('incomplete')
  })

  it('no number, another institution, another sub-merchant: nothing can be concluded', () => {
    expect(refundFitOf(order, R1, { amount: { refund: 500 } }).fit).toBe('incomplete')
    expect(fitOf({ sp_mchid: '1900000002' }, institutional)).toBe('incomplete')
    expect(fitOf({ sub_mchid: '1900000008' }, institutional)).toBe('incomplete')
  })

  const contradicts: ReadonlyArray<readonly [string, Partial<RefundStatement>]> = [
    ['another amount', { amount: { refund: 501, total: 8800, currency: 'HKD' } }],
    ['another total', { amount: { refund: 500, total: 8801, currency: 'HKD' } }],
    ['another currency', { amount: { refund: 500, total: 8800, currency: 'CNY' } }],
  ]
  it.each(contradicts)('%s contradicts, and says what was expected', (_, more) => {
    const fit = refundFitOf(order, R1, refundStatement(order, R1, 'SUCCESS', more))
    expect(fit).toMatchObject({
      fit: 'contradicts',
      note: expect.stringMatching(/expected .*, WeChat Pay states/),
    })
  })

  it('a stranger is named by what was expected', () => {
    expect(strangerIn(order, { mchid: '1' })).toBe('the account 1900000001')
    expect(strangerIn(institutional, { sub_mchid: '1' })).toBe('sub_mchid 1900000009')
    expect(strangerIn(order, { out_trade_no: 'A43' })).toBe('out_trade_no A42')
    expect(strangerIn(order, refundStatement(order, R1))).toBeNull()
  })
})

// ---------------------------------------------------------------- what is done then

function lives(name: string, lines: readonly Line[]): void {
  it(name, () => expect(live(order, lines)).toEqual(lines))
}

function answered(
  call: 'refund' | 'queryRefund',
  status: string | undefined,
  more: Partial<RefundStatement>,
): Learnt {
  const outcome = answer(refundStatement(order, R1, status, more))
  return { call, out_refund_no: R1.out_refund_no, outcome, tookMs: 0 }
}

const CRASHED: readonly Line[] = [
  [0, 'ask refund 500 as r1', 'SUCCESS, r1 queued, refund at 0'],
  [0, 'crash in refund', 'SUCCESS, r1 requesting, queryRefund at 0'],
]

describe('a statement that does not fit ends nothing', () => {
  for (const [what, more] of [
    ['another refund', { out_refund_no: 'A42-r2' }],
    ['another order', { out_trade_no: 'A43' }],
    ['another merchant', { mchid: '1900000002' }],
    ['nobody’s amount', { amount: {} }],
  ] as const) {
    lives(`about ${what}: perhaps the reply to another question, so it is asked again`, [
      ...CRASHED,
      [0, answered('queryRefund', 'SUCCESS', more), 'SUCCESS, r1 requesting, queryRefund at 2'],
      [2, answered('queryRefund', 'REFUNDCLOSE', more), 'SUCCESS, r1 requesting, queryRefund at 6'],
      [6, 'queryRefund: SUCCESS', 'SUCCESS, r1 SUCCESS'],
    ])
    lives(`accepted, says the reply about ${what}: a query tells what came of it`, [
      ...CRASHED,
      [0, answered('refund', undefined, more), 'SUCCESS, r1 requesting, queryRefund at 2'],
    ])
  }
  lives('without a status: asked again', [
    ...CRASHED,
    [0, answered('queryRefund', undefined, {}), 'SUCCESS, r1 requesting, queryRefund at 2'],
  ])
  for (const [what, amount] of [
    ['amount', { refund: 501, total: 8800, currency: 'HKD' }],
    ['currency', { refund: 500, total: 8800, currency: 'CNY' }],
  ] as const) {
    lives(`with another ${what}: a person is told, it is not booked, and asked about slowly`, [
      ...CRASHED,
      [
        0,
        answered('queryRefund', 'SUCCESS', { amount }),
        'SUCCESS !refund_mismatch, r1 processing, queryRefund at 300',
      ],
      [300, 'queryRefund: SUCCESS', 'SUCCESS !refund_mismatch, r1 SUCCESS'],
    ])
  }
})
