import { expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import {
  commonAccount,
  institutionalAccount,
  merchant,
  PUBLIC_KEY_ID,
  scripted,
  signedReply,
} from '../../../test/support/wechatpay.ts'
import type { Placement } from '../../core/placement.ts'
import { headersFromFlat } from '../../wechatpay/headers.ts'
import { parseAuthorization, requestMessage, verifyMessage } from '../../wechatpay/signing.ts'
import type { RefundDraft } from '../gateway.ts'
import { globalV3Gateway } from './global-v3.ts'

const clock = new VirtualClock()
const nowMs = clock.nowMs()
const transport = scripted(() => signedReply({ status: 204, nowMs }))
const common = globalV3Gateway({
  account: commonAccount({ merchant_category_code: '5411' }),
  clock,
  transport,
})
const institution = globalV3Gateway({
  account: institutionalAccount({ sub_mchid: '1900000109', sub_appid: 'wxsub' }),
  clock,
  transport,
})

const PLACEMENT: Placement = {
  kind: 'native',
  sub_mchid: null,
  out_trade_no: 'A42',
  description: '茶',
  amount: { total: 100, currency: 'HKD' },
  notify_url: 'https://pay.example.com/wechatpay',
  time_expire: '2026-06-08T10:34:56+08:00',
}

it("drafts a merchant's order in a fixed order of keys", () => {
  expect(common.draft(PLACEMENT)).toBe(
    '{"mchid":"1900000001","appid":"wx0000000000000001","description":"茶","out_trade_no":"A42","time_expire":"2026-06-08T10:34:56+08:00","notify_url":"https://pay.example.com/wechatpay","trade_type":"NATIVE","merchant_category_code":"5411","amount":{"total":100,"currency":"HKD"}}',
  )
  const { amount, ...rest } = PLACEMENT
  expect(common.draft({ amount, ...rest })).toBe(common.draft(PLACEMENT))
})

it("drafts an institution's order with its sub-merchant, and never with the mchid family", () => {
  const ids = { sp_mchid: '1900000100', sp_appid: 'wx0000000000000100', sub_mchid: '1900000111' }
  const body = JSON.parse(institution.draft({ ...PLACEMENT, sub_mchid: '1900000111' }))
  expect(body).toMatchObject({ ...ids, sub_appid: 'wxsub' })
  expect(body).not.toHaveProperty('mchid')
  expect(body).not.toHaveProperty('appid')
  expect(JSON.parse(institution.draft(PLACEMENT))).toMatchObject({ sub_mchid: '1900000109' })
})

it("refuses an institution's order that names no sub-merchant anywhere", () => {
  const gateway = globalV3Gateway({ account: institutionalAccount(), clock, transport })
  expect(() => gateway.draft(PLACEMENT)).toThrow(expect.objectContaining({ code: 'ORDER_INVALID' }))
})

it('drafts Quick Pay with the payment code and what else was given', () => {
  const scene_info = { device_id: 'till 1' }
  const placement: Placement = {
    kind: 'quick_pay',
    sub_mchid: null,
    out_trade_no: 'A43',
    description: 'tea',
    amount: { total: 1, currency: 'HKD' },
    payer: { auth_code: '134567890123456789' },
    scene_info,
    attach: 'x',
    merchant_category_code: '5812',
    appid: 'wxother',
  }
  expect(JSON.parse(common.draft(placement))).toEqual({
    mchid: '1900000001',
    appid: 'wxother',
    description: 'tea',
    out_trade_no: 'A43',
    attach: 'x',
    trade_type: 'MICROPAY',
    merchant_category_code: '5812',
    amount: { total: 1, currency: 'HKD' },
    payer: { auth_code: '134567890123456789' },
    scene_info,
  })
})

const REFUND: RefundDraft = {
  account: '1900000001',
  sub_mchid: null,
  out_trade_no: 'A42',
  transaction_id: '4200000042',
  out_refund_no: 'R1',
  amount: { refund: 40, total: 100, currency: 'HKD' },
  reason: '退茶',
}

it("drafts a merchant's refund in a fixed order of keys, and names the order by one number", () => {
  expect(common.draftRefund(REFUND)).toBe(
    '{"mchid":"1900000001","appid":"wx0000000000000001","transaction_id":"4200000042","out_refund_no":"R1","reason":"退茶","amount":{"refund":40,"total":100,"currency":"HKD"}}',
  )
  const { amount, out_refund_no, ...rest } = REFUND
  const { refund, ...of } = amount
  const same = { out_refund_no, amount: { ...of, refund }, ...rest, state: 'SUCCESS' }
  expect(common.draftRefund(same)).toBe(common.draftRefund(REFUND))
  const byOurs = JSON.parse(common.draftRefund({ ...REFUND, transaction_id: null }))
  expect(byOurs).toMatchObject({ out_trade_no: 'A42' })
  expect(byOurs).not.toHaveProperty('transaction_id')
})

it("drafts an institution's refund with the sub-merchant that was paid, and what else was given", () => {
  const more = {
    source: 'REFUND_SOURCE_RECHARGE_FUNDS',
    notify_url: 'https://pay.example.com/refunds',
    sub_appid: 'wxother',
  } as const
  const draft = { ...REFUND, account: '1900000100', sub_mchid: '1900000111', ...more }
  expect(JSON.parse(institution.draftRefund(draft))).toEqual({
    sp_mchid: '1900000100',
    sp_appid: 'wx0000000000000100',
    sub_mchid: '1900000111',
    transaction_id: '4200000042',
    out_refund_no: 'R1',
    reason: '退茶',
    amount: REFUND.amount,
    ...more,
  })
  expect(JSON.parse(institution.draftRefund({ ...REFUND, account: '1900000100' }))).toMatchObject({
    sub_mchid: '1900000109',
    sub_appid: 'wxsub',
  })
})

const KEY = { account: '1900000001', sub_mchid: null, out_trade_no: 'A|42*@_-' }
const SUB_KEY = { account: '1900000100', sub_mchid: '1900000111', out_trade_no: 'A42' }
const ENCODED = 'A%7C42*%40_-'

const CALLS: ReadonlyArray<
  readonly [name: string, call: () => Promise<unknown>, method: string, path: string, body: string]
> = [
  [
    'query',
    () => common.query(KEY),
    'GET',
    `/v3/global/transactions/out-trade-no/${ENCODED}?mchid=1900000001`,
    '',
  ],
  [
    "an institution's query",
    () => institution.query(SUB_KEY),
    'GET',
    '/v3/global/transactions/out-trade-no/A42?sp_mchid=1900000100&sub_mchid=1900000111',
    '',
  ],
  [
    "query by WeChat Pay's number",
    () => common.queryById(KEY, '4200000042'),
    'GET',
    '/v3/global/transactions/id/4200000042?mchid=1900000001',
    '',
  ],
  [
    'close',
    () => common.close(KEY, nowMs - 3000),
    'POST',
    `/v3/global/transactions/out-trade-no/${ENCODED}/close`,
    '{"mchid":"1900000001"}',
  ],
  [
    "an institution's reverse",
    () => institution.reverse(SUB_KEY, nowMs),
    'POST',
    '/v3/global/micropay/transactions/out-trade-no/A42/reverse',
    '{"sp_mchid":"1900000100","sub_mchid":"1900000111"}',
  ],
  [
    'refund',
    () => common.refund({ ...KEY, body: '{"draft":"退"}', signedAtMs: nowMs - 3000 }),
    'POST',
    '/v3/global/refunds',
    '{"draft":"退"}',
  ],
  [
    "an institution's refund",
    () => institution.refund({ ...SUB_KEY, body: '{}', signedAtMs: nowMs }),
    'POST',
    '/v3/global/refunds',
    '{}',
  ],
  [
    'query refund',
    () => common.queryRefund(KEY, 'R|42*@_-'),
    'GET',
    '/v3/global/refunds/out-refund-no/R%7C42*%40_-?mchid=1900000001',
    '',
  ],
  [
    "an institution's query refund",
    () => institution.queryRefund(SUB_KEY, 'R1'),
    'GET',
    '/v3/global/refunds/out-refund-no/R1?sp_mchid=1900000100&sub_mchid=1900000111',
    '',
  ],
  [
    'query all refunds',
    () => common.queryRefunds(KEY, '4200000042', { offset: 0, count: 20 }),
    'GET',
    '/v3/global/refunds?transaction_id=4200000042&offset=0&count=20&mchid=1900000001',
    '',
  ],
  [
    'query all refunds by our number',
    () => common.queryRefunds(KEY, null, { offset: 20, count: 20 }),
    'GET',
    `/v3/global/refunds?out_trade_no=${ENCODED}&offset=20&count=20&mchid=1900000001`,
    '',
  ],
  [
    "an institution's query of all refunds",
    () => institution.queryRefunds(SUB_KEY, null, { offset: 0, count: 20 }),
    'GET',
    '/v3/global/refunds?out_trade_no=A42&offset=0&count=20&sp_mchid=1900000100&sub_mchid=1900000111',
    '',
  ],
  ...(
    [
      ['quick_pay', '/v3/global/micropay/transactions/pay'],
      ['native', '/v3/global/transactions/native'],
      ['jsapi', '/v3/global/transactions/jsapi'],
      ['mini_program', '/v3/global/transactions/jsapi'],
      ['app', '/v3/global/transactions/app'],
      ['h5', '/v3/global/transactions/mweb'],
    ] as const
  ).map(
    ([kind, path]) =>
      [
        `place ${kind}`,
        () => common.place({ ...KEY, kind, body: '{"draft":"茶"}', signedAtMs: nowMs }),
        'POST',
        path,
        '{"draft":"茶"}',
      ] as const,
  ),
]

for (const [name, call, method, path, body] of CALLS) {
  it(`${name} is signed exactly as it is sent`, async () => {
    await call()
    const request = transport.requests.at(-1)
    expect(request).toMatchObject({ method, path, body, origin: 'https://first.example.com' })
    const headers = headersFromFlat(request?.headers ?? [])
    const { authorization } = headers
    const fields = parseAuthorization(typeof authorization === 'string' ? authorization : '')
    if (fields === null) throw new Error(`${authorization}`)
    const { nonce_str: nonce, timestamp, signature } = fields
    const message = requestMessage({ method, url: path, timestamp, nonce, body })
    expect(verifyMessage(merchant.publicKey, message, signature)).toBe(true)
    expect(fields.mchid).toBe(name.startsWith('an institution') ? '1900000100' : '1900000001')
    expect(Number(timestamp)).toBe(
      Math.floor((name === 'close' || name === 'refund' ? nowMs - 3000 : nowMs) / 1000),
    )
    expect(headers).toMatchObject({ accept: 'application/json', 'wechatpay-serial': PUBLIC_KEY_ID })
    expect(headers['user-agent']).toMatch(/^verdict-pay/)
    expect(headers['content-type']).toBe(method === 'POST' ? 'application/json' : undefined)
  })
}
