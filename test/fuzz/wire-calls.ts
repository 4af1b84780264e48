import { KINDS } from '../../src/core/order.ts'
import type { Placement } from '../../src/core/placement.ts'
import type { Gateway } from '../../src/gateway/gateway.ts'
import { globalV3Gateway } from '../../src/gateway/wechatpay/global-v3.ts'
import { PLACING_PATHS } from '../../src/gateway/wechatpay/requests.ts'
import type { WireRequest } from '../../src/simulator/index.ts'
import type { Chance } from './chance.ts'
import { jsonValue, text } from './hostile.ts'
import { bentJson, bentText, reshaped } from './mutate.ts'
import { stringified } from './paid.ts'
import { placement } from './placements.ts'
import { type Call, type Mode, pathOf } from './simulated.ts'
import { COMMON, INSTITUTION, NO_SIGNER, STILL } from './wechat-pay.ts'

/* Calls of foreign clients to WeChat Pay, from genuine ones to nonsense, and how they forget to sign. */

/** Few numbers, so that requests meet orders that are there. */
function numberOf(chance: Chance): string {
  return chance.oneIn(12) ? text(chance).slice(0, 200) : `A${chance.below(16)}`
}

export function callFor(chance: Chance, mode: Mode): Call {
  const call = genuine(chance, mode)
  switch (chance.below(8)) {
    case 0:
      return { ...call, url: bentText(chance, call.url) }
    case 1:
      return { ...call, method: chance.pick(['GET', 'POST', 'PUT', 'post', '', '__proto__']) }
    case 2:
      return { ...call, url: chance.pick([...NOWHERE, text(chance)]) }
    case 3:
      return { ...call, body: bentJson(chance, call.body) }
    case 4:
      return { ...call, body: bentBody(chance, call.body) }
    default:
      return call
  }
}

const TEA = {
  kind: 'native',
  description: 'Tea',
  amount: { total: 500, currency: 'HKD' },
  merchant_category_code: '5311',
  notify_url: 'http://127.0.0.1:8080/wechatpay',
}
const PAYABLE = { common: { ...TEA, sub_mchid: null }, institutional: { ...TEA, sub_mchid: '1700000001' } }

const NOWHERE = [
  '',
  '/',
  '*',
  '__proto__',
  'constructor',
  '/v3/global/',
  '/v3/global/transactions/id//',
  '//',
  '?',
  '/v3/global/transactions/id/%ff?mchid=1900000001',
]

function genuine(chance: Chance, mode: Mode): Call {
  const number = numberOf(chance)
  const ids =
    mode === 'common' ? { mchid: COMMON.mchid } : { sp_mchid: INSTITUTION.sp_mchid, sub_mchid: '1700000001' }
  switch (chance.below(6)) {
    case 0:
    case 1: {
      // What can be paid and refunded, as often as what can't.
      const wish = chance.oneIn(2)
        ? placement(chance, mode, number)
        : { ...PAYABLE[mode], out_trade_no: number }
      const kind = KINDS.find((known) => known === wish.kind) ?? 'native'
      return { method: 'POST', url: PLACING_PATHS[kind], body: drafted(mode, wish) }
    }
    case 2: {
      const end = chance.pick([
        'transactions/out-trade-no/N/close',
        'micropay/transactions/out-trade-no/N/reverse',
      ])
      return {
        method: 'POST',
        url: `/v3/global/${end.replace('N', encoded(number))}`,
        body: JSON.stringify(ids),
      }
    }
    case 3: {
      const appid = mode === 'common' ? { appid: COMMON.appid } : { sp_appid: INSTITUTION.sp_appid }
      const amount = {
        refund: 1 + chance.below(120),
        total: chance.oneIn(6) ? chance.below(900) : 500,
        currency: 'HKD',
      }
      const refund = { ...ids, ...appid, out_trade_no: number, out_refund_no: `R${chance.below(20)}`, amount }
      return { method: 'POST', url: '/v3/global/refunds', body: JSON.stringify(refund) }
    }
    default:
      return { method: 'GET', url: pathOf(chance, mode, number.toWellFormed()), body: '' }
  }
}

function encoded(number: string): string {
  return encodeURIComponent(number.toWellFormed())
}

const GATEWAYS = { common: gatewayOf(COMMON), institutional: gatewayOf(INSTITUTION) }

function gatewayOf(account: typeof COMMON | typeof INSTITUTION): Gateway {
  const transport = async () => ({ kind: 'failure', reason: 'reset', sent: true, detail: 'closed' }) as const
  return globalV3Gateway({ account, clock: STILL, transport, signer: NO_SIGNER, nonces: () => 'n' })
}

/** Unchecked: foreign clients send what they like. */
function drafted(mode: Mode, wish: Record<string, unknown>): string {
  try {
    return GATEWAYS[mode].draft(wish as unknown as Placement)
  } catch {
    return '{}'
  }
}

function bentBody(chance: Chance, body: string): string {
  if (chance.oneIn(40)) return nestedDeep(chance, body)
  try {
    return stringified(reshaped(chance, JSON.parse(body)))
  } catch {
    return stringified(jsonValue(chance))
  }
}

/** A body within the limit of the wire, with a member that nests as deep as that allows. */
export function nestedDeep(chance: Chance, body: string): string {
  const depth = chance.pick([100, 3_000, 30_000])
  const name = chance.pick(['detail', 'x', 'amount', 'mchid', 'ms', 'at', 'event', 'fault'])
  return body.replace('{', `{"${name}":${'['.repeat(depth)}${']'.repeat(depth)},`)
}

export function unsigned(chance: Chance, { headers, ...request }: WireRequest): WireRequest {
  const authorization = headers.authorization ?? ''
  switch (chance.below(5)) {
    case 0:
      return { ...request, headers: {} }
    case 1:
      return { ...request, headers: { ...headers, authorization: text(chance) } }
    case 2:
      return { ...request, headers, body: `${request.body} ` }
    case 3:
      return { ...request, headers, url: `${request.url}&` }
    default:
      return {
        ...request,
        headers: { ...headers, authorization: authorization.replace(/signature="./, 'signature="*') },
      }
  }
}
