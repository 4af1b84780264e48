import { createHash } from 'node:crypto'
import { beijingTime } from '../../wechatpay/beijing.ts'
import type { Age } from '../age.ts'
import { type Order, type Owner, orderKey, paidAtMs } from '../truth/order.ts'
import { tradeStateOf } from '../truth/refund.ts'

const DESCRIPTIONS = {
  NOTPAY: 'Order not paid',
  USERPAYING: 'User is paying, password needed',
  PAYERROR: 'Payment failed, the bank refused',
  SUCCESS: 'Payment successful',
  REFUND: 'Payment successful, then refunded',
  CLOSED: 'Order closed',
  REVOKED: 'Order revoked',
} as const

/** The body that states an order: the answer to a query, and to Quick Pay. */
export function statementOf(order: Order, age: Age): Readonly<Record<string, unknown>> {
  const { owner, echo, life } = order
  const trade_state = tradeStateOf(order, age.nowMs())
  return {
    ...idsOf(owner),
    ...echo.appids,
    out_trade_no: order.out_trade_no,
    id: order.id,
    ...(echo.attach === null ? {} : { attach: echo.attach }),
    trade_type: order.trade_type,
    trade_state,
    trade_state_desc: DESCRIPTIONS[trade_state],
    ...(life.trade_state === 'SUCCESS' ? paidPart(order, age) : {}),
    amount: amountOf(order),
  }
}

export function idsOf(owner: Owner): Readonly<Record<string, string>> {
  return owner.mode === 'common'
    ? { mchid: owner.mchid }
    : { sp_mchid: owner.sp_mchid, sub_mchid: owner.sub_mchid }
}

function paidPart(order: Order, age: Age) {
  const moment = paidAtMs(order) ?? order.createdAtMs
  return {
    bank_type: 'OTHERS',
    success_time: beijingTime(age.onWireMs(moment)),
    payer: payerOf(order),
  }
}

function amountOf(order: Order) {
  const { total, currency } = order
  if (order.life.trade_state !== 'SUCCESS') return { total, currency }
  return { total, currency, payer_total: total, payer_currency: currency }
}

/** The openid that the order named; Quick Pay's is made up from its payment code. */
function payerOf({ echo, owner, auth_code, out_trade_no }: Order): Readonly<Record<string, string>> {
  if (Object.keys(echo.payer).length > 0) return echo.payer
  const openid = `o${hash(auth_code ?? out_trade_no).slice(0, 27)}`
  return owner.mode === 'common' ? { openid } : { sp_openid: openid }
}

/** What the customer needs to pay: the reply to a placing of any kind but Quick Pay. One order, one credential. */
export function credentialOf(order: Order, age: Age): Readonly<Record<string, string>> {
  const secret = hash(orderKey(order.owner, order.out_trade_no))
  const stamp = beijingTime(age.onWireMs(order.createdAtMs)).slice(0, 19).replaceAll(/[-:T]/g, '')
  const prepay_id = `wx${stamp}${Buffer.from(secret).toString('hex').slice(0, 20)}`
  if (order.trade_type === 'NATIVE') return { code_url: `weixin://wxpay/bizpayurl?pr=${secret.slice(0, 9)}` }
  if (order.trade_type === 'MWEB') {
    return {
      mweb_url: `https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=${prepay_id}&package=${order.sequence}`,
    }
  }
  return { prepay_id }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
