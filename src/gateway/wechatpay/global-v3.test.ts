import { expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import {
  commonAccount,
  institutionalAccount,
  merchant,
  scripted,
  signedReply,
} from '../../../test/support/wechatpay.ts'
import type { Kind } from '../../core/order.ts'
import { verifyMessage } from '../../wechatpay/signing.ts'
import { globalV3Gateway } from './global-v3.ts'

const clock = new VirtualClock()
const nowMs = clock.nowMs()
const ORDER = { account: '1900000001', sub_mchid: null, out_trade_no: 'A42' }

function gatewayThatHears(body: string) {
  const transport = scripted(() => signedReply({ status: 200, body, nowMs }))
  return globalV3Gateway({ account: commonAccount(), clock, transport, nonces: () => 'nonce' })
}

const CREDENTIALS: ReadonlyArray<readonly [Kind, name: string]> = [
  ['native', 'code_url'],
  ['jsapi', 'prepay_id'],
  ['mini_program', 'prepay_id'],
  ['app', 'prepay_id'],
  ['h5', 'mweb_url'],
]

for (const [kind, name] of CREDENTIALS) {
  it(`placing ${kind} gives the ${name}, and nothing readable without it`, async () => {
    const request = { ...ORDER, kind, body: '{}', signedAtMs: nowMs }
    const placed = await gatewayThatHears(`{"${name}":"wx42"}`).place(request)
    expect(placed).toMatchObject({
      kind: 'answer',
      value: { kind: 'credential', credential: { name, value: 'wx42' } },
    })
    const other = await gatewayThatHears('{"trade_state":"SUCCESS"}').place(request)
    expect(other).toMatchObject({ kind: 'no-answer', reason: 'unreadable', sent: true })
  })
}

it('placing Quick Pay gives what WeChat Pay states about the order', async () => {
  const gateway = gatewayThatHears('{"trade_state":"USERPAYING"}')
  const placed = await gateway.place({ ...ORDER, kind: 'quick_pay', body: '{}', signedAtMs: nowMs })
  expect(placed).toMatchObject({
    kind: 'answer',
    value: { kind: 'trade', trade: { trade_state: 'USERPAYING' } },
    evidence: { request: 'POST /v3/global/micropay/transactions/pay' },
  })
})

const timeStamp = String(Math.floor(nowMs / 1000))
const PAY_SIGNS: ReadonlyArray<readonly [Kind, message: string, fields: object | null]> = [
  [
    'jsapi',
    `wx0000000000000001\n${timeStamp}\nnonce\nprepay_id=wx42\n`,
    { appId: 'wx0000000000000001', timeStamp, nonceStr: 'nonce', package: 'prepay_id=wx42', signType: 'RSA' },
  ],
  [
    'mini_program',
    `wx0000000000000001\n${timeStamp}\nnonce\nprepay_id=wx42\n`,
    { timeStamp, nonceStr: 'nonce', package: 'prepay_id=wx42', signType: 'RSA' },
  ],
  [
    'app',
    `wx0000000000000001\n${timeStamp}\nnonce\nwx42\n`,
    {
      appid: 'wx0000000000000001',
      partnerid: '1900000001',
      prepayid: 'wx42',
      package: 'Sign=WXPay',
      noncestr: 'nonce',
      timestamp: timeStamp,
    },
  ],
  ['native', '', null],
  ['h5', '', null],
  ['quick_pay', '', null],
]

for (const [kind, message, fields] of PAY_SIGNS) {
  it(`${kind} ${fields === null ? 'needs no signature to call the payment' : 'calls the payment with these fields'}`, () => {
    const signed = gatewayThatHears('').paySign({ kind, prepay_id: 'wx42' })
    if (signed === null) return expect(fields).toBe(null)
    const { paySign, sign, ...rest } = { paySign: '', sign: '', ...signed }
    expect(rest).toEqual(fields)
    expect(verifyMessage(merchant.publicKey, message, paySign || sign)).toBe(true)
  })
}

it('an institution calls the payment under its own appid, or the one of the sub-merchant that it is told', () => {
  const gateway = globalV3Gateway({
    account: institutionalAccount(),
    clock,
    transport: scripted(() => signedReply({ status: 204, nowMs })),
  })
  expect(gateway.paySign({ kind: 'jsapi', prepay_id: 'wx42' })).toMatchObject({ appId: 'wx0000000000000100' })
  expect(gateway.paySign({ kind: 'jsapi', prepay_id: 'wx42', appid: 'wxsub' })).toMatchObject({
    appId: 'wxsub',
  })
  expect(gateway.paySign({ kind: 'app', prepay_id: 'wx42' })).toMatchObject({ partnerid: '1900000100' })
})

it('ends its transport', async () => {
  let ended = 0
  const transport = Object.assign(
    scripted(() => signedReply({ status: 204, nowMs })),
    {
      end: async () => {
        ended++
      },
    },
  )
  await globalV3Gateway({ account: commonAccount(), clock, transport }).end()
  expect(ended).toBe(1)
})
