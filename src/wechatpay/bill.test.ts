import { describe, expect, it } from 'vitest'
import { type BillEntry, BillHeadError, type BillLine, openBill } from './bill.ts'

const HEAD =
  '交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,充值券币种,充值券金额,优惠券币种,优惠券金额,微信退款单号,商户退款单号,退款类型,退款状态,商品名称,商户数据包,手续费,费率,标价币种,订单金额(标价币种),用户支付币种,用户支付金额,结算币种,应结订单金额,支付汇率,退款汇率,申请退款金额,用户退款币种,用户退款金额,退款结算币种,退款应结订单金额,充值券退款金额,优惠券退款金额'

const PAID = {
  交易时间: '2026-06-08 10:00:00',
  商户号: '1900000001',
  微信订单号: '4200',
  商户订单号: 'A42',
  交易状态: 'SUCCESS',
  微信退款单号: '0',
  商户退款单号: '0',
  标价币种: 'HKD',
  '订单金额(标价币种)': '12.34',
}

function row(values: Readonly<Record<string, string>>, head = HEAD): string {
  return head
    .split(',')
    .map((name) => `\`${values[name] ?? ''}`)
    .join(',')
}

function entries(...lines: readonly string[]): readonly BillEntry[] {
  return [...(openBill(Buffer.from(lines.join('\r\n')))?.entries ?? [])]
}

function lines(...given: readonly string[]): readonly BillLine[] {
  return entries(...given).map((entry) => {
    if (entry.kind === 'unreadable') throw new Error(`line ${entry.line}: ${entry.why}`)
    return entry.line
  })
}

describe('a Global bill', () => {
  it('has a payment, as it is written', () => {
    expect(lines(HEAD, row(PAID), '')).toEqual([
      {
        ...{ line: 2, trade_state: 'SUCCESS', mchid: '1900000001', sub_mchid: null, out_trade_no: 'A42' },
        ...{
          transaction_id: '4200',
          time: '2026-06-08 10:00:00',
          currency: 'HKD',
          total: '12.34',
          refund: null,
        },
      },
    ])
  })

  it('has a refund with both of its numbers, its amount and its status', () => {
    const refund = {
      交易状态: 'REFUND',
      微信退款单号: '5030',
      商户退款单号: 'R1',
      退款状态: 'PROCESSING',
      申请退款金额: '1.00',
    }
    expect(lines(HEAD, row({ ...PAID, ...refund, 子商户号: '1700000001' }))).toMatchObject([
      {
        ...{ out_trade_no: 'A42', sub_mchid: '1700000001', total: '12.34' },
        refund: { out_refund_no: 'R1', refund_id: '5030', amount: '1.00', status: 'PROCESSING' },
      },
    ])
  })

  it('may have commas in a value, as in the name of what was sold', () => {
    expect(lines(HEAD, row({ ...PAID, 商品名称: 'Tea, hot, "large"' }))).toMatchObject([
      { out_trade_no: 'A42' },
    ])
  })

  it('is read by the names of its columns, wherever they stand', () => {
    const turned = HEAD.split(',').toReversed().join(',')
    expect(lines(turned, row(PAID, turned))).toEqual(lines(HEAD, row(PAID)))
  })

  it('may begin with a byte order mark and end its lines with LF alone', () => {
    const file = openBill(Buffer.from(`\uFEFF${HEAD}\n${row(PAID)}\n`))
    expect([...(file?.entries ?? [])]).toEqual(entries(HEAD, row(PAID)))
  })

  it('that has nothing in it is empty', () => {
    for (const text of ['', '\uFEFF', '\r\n\r\n']) expect(openBill(Buffer.from(text))).toBeNull()
  })

  it('says whether its lines name sub-merchants', () => {
    expect(openBill(Buffer.from(HEAD))?.namesSubMerchants).toBe(true)
    expect(openBill(Buffer.from('商户订单号,交易状态,订单金额'))?.namesSubMerchants).toBe(false)
  })

  it('goes on after a line that lacks its first backtick, or a value with a line end in it', () => {
    const [first = '', second = ''] = row({ ...PAID, 商品名称: 'hot\ntea' }).split('\n')
    const odd = row(PAID).slice(1)
    expect(entries(HEAD, odd, first, second, row({ ...PAID, 商户订单号: 'A43' }))).toMatchObject([
      { kind: 'line', line: { line: 2, out_trade_no: 'A42' } },
      { kind: 'unreadable', line: 3 },
      { kind: 'unreadable', line: 4 },
      { kind: 'line', line: { line: 5, out_trade_no: 'A43' } },
    ])
  })

  it('may have a comma at the end of its lines', () => {
    expect(entries(`${HEAD},`, row(PAID), `${row(PAID)},\``)).toMatchObject([
      { kind: 'line' },
      { kind: 'line' },
    ])
  })

  it('does not guess what a line says that has a separator in a value', () => {
    const shifted = row({ ...PAID, 商户数据包: 'a,`b' })
    const crafted = row({ ...PAID, 商户数据包: 'x,`0,`0,`HKD,`0.01' })
    expect(entries(HEAD, shifted, crafted)).toMatchObject([
      { kind: 'unreadable', why: 'it has 39 values; expected 38, as its head' },
      { kind: 'unreadable', why: 'it has 42 values; expected 38, as its head' },
    ])
    expect(entries(`${HEAD},`, shifted)).toMatchObject([{ kind: 'line', line: { currency: null } }])
  })

  it('that has a head alone has no lines', () => {
    expect(entries(HEAD)).toEqual([])
    expect(entries(HEAD, '')).toEqual([])
  })

  it('tells a line that is cut, and reads the next one', () => {
    expect(entries(HEAD, row(PAID).slice(0, 60), row({ ...PAID, 商户订单号: 'A43' }))).toMatchObject([
      { kind: 'unreadable', line: 2, why: expect.stringMatching(/^it has 10 values; expected 38/) },
      { kind: 'line', line: { line: 3, out_trade_no: 'A43' } },
    ])
  })

  it('tells a line without a number, a state or an amount', () => {
    for (const name of ['商户订单号', '交易状态', '订单金额(标价币种)']) {
      expect(entries(HEAD, row({ ...PAID, [name]: '' }))).toMatchObject([{ kind: 'unreadable', line: 2 }])
    }
  })

  it.each(['x', '<html><body>busy</body></html>', '交易时间,微信订单号'])(
    'whose head is %j can not be read',
    (head) => {
      expect(() => entries(head, row(PAID))).toThrow(BillHeadError)
      expect(() => entries(head, row(PAID))).toThrow(/expected the columns 商户订单号, 交易状态, 订单金额/)
    },
  )
})

it('a bill with English names, and without backticks, is read as well', () => {
  const head =
    'Transaction Time,Vendor ID,WeChat Order No.,Vendor Order No.,Transaction Status,Priced Currency,Order Amount (Priced Currency)'
  expect(
    lines(head, '2026-06-08 10:00:00,1900000001,4200,A42,SUCCESS,HKD,1234', 'Total transactions,1'),
  ).toMatchObject([{ out_trade_no: 'A42', transaction_id: '4200', currency: 'HKD', total: '1234' }])
})

describe('a mainland bill', () => {
  const head =
    '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注'
  const paid = {
    微信订单号: '4200',
    商户订单号: 'A42',
    交易状态: 'SUCCESS',
    货币种类: 'CNY',
    应结订单金额: '11.00',
    微信退款单号: '0',
    商户退款单号: '0',
    订单金额: '12.34',
  }

  it('has its amounts in other columns, and a summary at its end', () => {
    const summary = [
      '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额',
      '`1.0,`11.00,`0.00,`0.00,`0.00,`12.34,`0.00',
    ]
    expect(lines(head, row(paid, head), ...summary, '')).toMatchObject([
      { line: 2, out_trade_no: 'A42', currency: 'CNY', total: '12.34', refund: null },
    ])
  })

  it('is told of if its summary counts other lines than there are', () => {
    const summary = (count: string): readonly string[] => ['总交易单数,应结订单总金额', `\`${count},\`11.00`]
    expect(entries(head, row(paid, head), ...summary('1'))).toMatchObject([{ kind: 'line' }])
    expect(entries(head, ...summary('0.0'))).toEqual([])
    expect(entries(head, row(paid, head), ...summary('2.0'))).toMatchObject([
      { kind: 'line' },
      { kind: 'unreadable', line: 4, why: 'the summary counts 2 lines; there are 1' },
    ])
  })
})
