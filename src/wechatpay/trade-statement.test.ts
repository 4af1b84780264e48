import { expect, it } from 'vitest'
import { jsonObjectFrom } from './json.ts'
import { tradeStatementFrom } from './trade-statement.ts'

function statementOf(text: string) {
  const json = jsonObjectFrom(text)
  return json === null ? 'no object' : tradeStatementFrom(json)
}

it('takes an answer that consists of trade_state alone', () => {
  expect(statementOf('{"trade_state":"USERPAYING"}')).toEqual({ trade_state: 'USERPAYING' })
})

it("knows WeChat Pay's number under both of its names", () => {
  expect(statementOf('{"trade_state":"SUCCESS","id":"42"}')).toMatchObject({ transaction_id: '42' })
  expect(statementOf('{"trade_state":"SUCCESS","transaction_id":"42"}')).toMatchObject({
    transaction_id: '42',
  })
})

it('takes fields of a wrong type for absent', () => {
  const text = `{"trade_state":"SUCCESS","mchid":1900000001,"out_trade_no":null,"id":{},"success_time":"",
    "amount":{"total":"100","payer_total":99.5,"currency":["HKD"]}}`
  expect(statementOf(text)).toEqual({ trade_state: 'SUCCESS', amount: {} })
  expect(statementOf('{"trade_state":"SUCCESS","amount":[1]}')).toEqual({ trade_state: 'SUCCESS' })
  expect(statementOf('{"trade_state":"SUCCESS","amount":{"total":1e300}}')).toEqual({
    trade_state: 'SUCCESS',
    amount: {},
  })
})

it('is none without trade_state, and no object is none', () => {
  expect(statementOf('{"state":"SUCCESS"}')).toBe(null)
  expect(statementOf('{"trade_state":7}')).toBe(null)
  for (const text of ['[]', 'null', '"SUCCESS"', '', '{"trade_state":"SUC']) {
    expect(statementOf(text)).toBe('no object')
  }
})
