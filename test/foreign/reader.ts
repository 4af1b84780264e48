import { verify } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TradeType } from './books.ts'
import { readRefund, readRefundGet } from './refund-reader.ts'
import { inner, isNotifyUrl, type Merchant, ownerOf, type Read, strangeOwner, wrong } from './wish.ts'

const PLACES: Readonly<Record<string, TradeType>> = {
  '/v3/global/micropay/transactions/pay': 'MICROPAY',
  '/v3/global/transactions/native': 'NATIVE',
  '/v3/global/transactions/jsapi': 'JSAPI',
  '/v3/global/transactions/app': 'APP',
  '/v3/global/transactions/mweb': 'MWEB',
}

const PLACING_FIELDS = new Set(
  `mchid appid sp_mchid sp_appid sub_mchid sub_appid description attach out_trade_no goods_tag trade_type limit_pay
  merchant_category_code payer amount scene_info detail notify_url time_start time_expire`.split(/\s+/),
)

export function readRequest(
  message: IncomingMessage,
  body: string,
  merchants: readonly Merchant[],
  nowMs: number,
): Read {
  const url = message.url ?? ''
  const authorization = message.headers.authorization ?? ''
  const items = Object.fromEntries(
    [...authorization.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  )
  if (!authorization.startsWith('WECHATPAY2-SHA256-RSA2048 ')) return wrong(401, 'scheme')
  const merchant = merchants.find(({ mchid }) => mchid === items.mchid)
  if (merchant === undefined || merchant.serial !== items.serial_no) return wrong(401, 'mchid or serial_no')
  if (Math.abs(Number(items.timestamp) * 1000 - nowMs) > 300_000) return wrong(401, 'timestamp')
  const text = `${message.method}\n${url}\n${items.timestamp}\n${items.nonce_str}\n${body}\n`
  if (!verify('RSA-SHA256', Buffer.from(text), merchant.key, Buffer.from(items.signature ?? '', 'base64'))) {
    return wrong(401, 'signature')
  }
  if (!message.headers['user-agent']) return wrong(400, 'no User-Agent')
  if (!message.headers.accept?.includes('application/json')) return wrong(400, 'Accept')
  const [path = '', query = ''] = url.split('?')
  if (message.method === 'GET') return readGet(path, new URLSearchParams(query), body, merchant)
  if (message.method !== 'POST' || query !== '') return wrong(404, `${message.method} ${url}`)
  if (!message.headers['content-type']?.startsWith('application/json')) return wrong(400, 'Content-Type')
  const tradeType = PLACES[path]
  const json = objectFrom(body)
  if (json === null) return wrong(400, 'body is no JSON object')
  if (path === '/v3/global/refunds') return readRefund(json, merchant)
  return tradeType === undefined ? readEnd(path, json, merchant) : readPlace(tradeType, json, body, merchant)
}

function readGet(path: string, query: URLSearchParams, body: string, merchant: Merchant): Read {
  if (body !== '') return wrong(400, 'a GET with a body')
  if (path === '/v3/global/certificates') return { wish: { do: 'certificates' }, merchant }
  if (path.startsWith('/v3/global/refunds')) return readRefundGet(path, query, merchant)
  const number = /^\/v3\/global\/transactions\/out-trade-no\/([^/]+)$/.exec(path)?.[1]
  if (number === undefined) return wrong(404, path)
  const owner = Object.fromEntries(query)
  const problem = strangeOwner(owner, merchant)
  if (problem !== null || query.size !== Object.keys(owner).length) return wrong(400, `query: ${problem}`)
  return { wish: { do: 'query', owner: ownerOf(merchant), number: decodeURIComponent(number) }, merchant }
}

function readEnd(path: string, json: Readonly<Record<string, unknown>>, merchant: Merchant): Read {
  const close = /^\/v3\/global\/transactions\/out-trade-no\/([^/]+)\/close$/.exec(path)?.[1]
  const reverse = /^\/v3\/global\/micropay\/transactions\/out-trade-no\/([^/]+)\/reverse$/.exec(path)?.[1]
  const number = close ?? reverse
  if (number === undefined) return wrong(404, path)
  const problem = strangeOwner(json, merchant)
  if (problem !== null) return wrong(400, `${path}: ${problem}`)
  const act = close === undefined ? 'reverse' : 'close'
  return { wish: { do: act, owner: ownerOf(merchant), number: decodeURIComponent(number) }, merchant }
}

function readPlace(
  tradeType: TradeType,
  json: Readonly<Record<string, unknown>>,
  bytes: string,
  merchant: Merchant,
): Read {
  const strange = Object.keys(json).find((field) => !PLACING_FIELDS.has(field))
  if (strange !== undefined) return wrong(400, `unknown field ${strange}`)
  const ids = Object.fromEntries(
    ['mchid', 'sp_mchid', 'sub_mchid'].filter((name) => name in json).map((name) => [name, json[name]]),
  )
  const problem = strangeOwner(ids, merchant)
  if (problem !== null) return wrong(400, `place: ${problem}`)
  if (json[merchant.mode === 'common' ? 'appid' : 'sp_appid'] !== merchant.appid) return wrong(400, 'appid')
  if (json.trade_type !== tradeType) return wrong(400, `trade_type is ${json.trade_type}`)
  const { out_trade_no: number, description, merchant_category_code, notify_url, time_expire } = json
  if (typeof number !== 'string' || !/^[\w\-|*@]{1,32}$/.test(number)) return wrong(400, 'out_trade_no')
  if (typeof description !== 'string' || typeof merchant_category_code !== 'string') {
    return wrong(400, 'description or merchant_category_code')
  }
  const amount = inner(json.amount)
  const payer = inner(json.payer)
  const { total, currency } = amount
  if (typeof total !== 'number' || !Number.isInteger(total) || total < 1) return wrong(400, 'amount.total')
  if (typeof currency !== 'string') return wrong(400, 'amount.currency')
  const quick = tradeType === 'MICROPAY'
  if (quick !== /^1[0-5]\d{16}$/.test(String(payer.auth_code ?? ''))) return wrong(400, 'payer.auth_code')
  if (quick === (typeof notify_url === 'string')) return wrong(400, 'notify_url')
  if (tradeType === 'JSAPI' && !(payer.openid ?? payer.sp_openid ?? payer.sub_openid)) {
    return wrong(400, 'openid')
  }
  if (tradeType === 'MWEB' && !inner(json.scene_info).payer_client_ip) return wrong(400, 'scene_info')
  const expiresAtMs = typeof time_expire === 'string' ? Date.parse(time_expire) : null
  if (quick ? expiresAtMs !== null : Number.isNaN(expiresAtMs)) return wrong(400, 'time_expire')
  const owner = ownerOf(merchant)
  const attach = typeof json.attach === 'string' ? json.attach : null
  const notifyUrl = typeof notify_url === 'string' ? notify_url : null
  if (notifyUrl !== null && !isNotifyUrl(notifyUrl)) return wrong(400, 'notify_url')
  const placing = { owner, number, tradeType, total, currency, attach, bytes, expiresAtMs, notifyUrl }
  return { wish: { do: 'place', owner, number, placing }, merchant }
}

function objectFrom(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
