import { expect, it } from 'vitest'
import { type JsonObject, jsonObjectFrom } from './json.ts'
import { refundPageFrom, refundStatementFrom } from './refund-statement.ts'

function read<T>(text: string, from: (json: JsonObject) => T): T {
  const json = jsonObjectFrom(text)
  if (json === null) throw new Error(`no object: ${text}`)
  return from(json)
}

it('knows the members of a reply and of a callback under their different names', () => {
  const reply = read('{"out_refund_no":"R1","id":"5000","status":"REFUNDCLOSE"}', refundStatementFrom)
  expect(reply).toEqual({ out_refund_no: 'R1', refund_id: '5000', status: 'REFUNDCLOSE' })
  const callback = read(
    '{"out_refund_no":"R1","refund_id":"5000","refund_status":"CLOSED"}',
    refundStatementFrom,
  )
  expect(callback).toEqual({ out_refund_no: 'R1', refund_id: '5000', status: 'CLOSED' })
})

it('keeps everything but whose account received the money', () => {
  const ids = { mchid: '1900000001', out_trade_no: 'A42', transaction_id: '4200000042', out_refund_no: 'R1' }
  const said = {
    ...ids,
    status: 'SUCCESS',
    channel: 'ORIGINAL',
    create_time: '2026-06-08T10:34:56+08:00',
    success_time: '2026-06-08T10:35:56+08:00',
    amount: { refund: 40, total: 100, currency: 'HKD', payer_refund: 37, payer_currency: 'CNY' },
  }
  const personal = {
    recv_account: '招商银行信用卡0403',
    user_received_account: 'x',
    detail: [],
    fund_source: 'x',
  }
  expect(refundStatementFrom({ ...said, ...personal })).toEqual(said)
})

it('takes fields of a wrong type for absent, and is none without a number of the refund', () => {
  const text = '{"out_refund_no":"R1","id":7,"status":null,"amount":{"refund":"40","total":9.5,"currency":7}}'
  expect(read(text, refundStatementFrom)).toEqual({ out_refund_no: 'R1', amount: {} })
  expect(read('{"out_refund_no":"R1","amount":[40]}', refundStatementFrom)).toEqual({ out_refund_no: 'R1' })
  expect(read('{"status":"SUCCESS","out_trade_no":"A42"}', refundStatementFrom)).toBe(null)
})

it('reads a page of refunds, each of which bears what the page says about the order', () => {
  const page = refundPageFrom({
    id: '4200000042',
    mchid: '1900000001',
    out_trade_no: 'A42',
    amount: { total: 100, currency: 'HKD' },
    data: [
      { id: '5000', out_refund_no: 'R1', status: 'SUCCESS', refund_detail: [] },
      { id: '5001', out_refund_no: 'R2', status: 'PROCESSING', out_trade_no: 'A43' },
    ],
    total_num: 7,
    current_total_num: 2,
  })
  const ids = { mchid: '1900000001', out_trade_no: 'A42', transaction_id: '4200000042' }
  expect(page).toEqual({
    total: 7,
    ...ids,
    refunds: [
      { ...ids, refund_id: '5000', out_refund_no: 'R1', status: 'SUCCESS' },
      { ...ids, refund_id: '5001', out_refund_no: 'R2', status: 'PROCESSING', out_trade_no: 'A43' },
    ],
  })
})

it('reads a page whole or not at all', () => {
  expect(refundPageFrom({ total_num: 0 })).toEqual({ total: 0, refunds: [] })
  expect(refundPageFrom({ total_num: 3, data: [] })).toEqual({ total: 3, refunds: [] })
  for (const json of [
    {},
    { data: [] },
    { total_num: 1 },
    { total_num: -1, data: [] },
    { total_num: '1', data: [{ id: '5000' }] },
    { total_num: 1, data: { id: '5000' } },
    { total_num: 2, data: [{ id: '5000' }, null] },
    { total_num: 2, data: [{ id: '5000' }, { status: 'SUCCESS' }] },
  ]) {
    expect(refundPageFrom(json)).toBe(null)
  }
})
