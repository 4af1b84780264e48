import type { OrderName } from './refunds.ts'
import { inner, isNotifyUrl, type Merchant, ownerOf, type Read, strangeOwner, wrong } from './wish.ts'

/** The requests of section 8, read as strictly as the documents are written. */

const FIELDS = new Set(
  `mchid appid sp_mchid sp_appid sub_mchid sub_appid transaction_id out_trade_no out_refund_no reason source amount
  notify_url`.split(/\s+/),
)
const SOURCES: readonly unknown[] = [
  undefined,
  'REFUND_SOURCE_UNSETTLED_FUNDS',
  'REFUND_SOURCE_RECHARGE_FUNDS',
]
const FOUR_BYTES = /[\u{10000}-\u{10ffff}]/u

export function readRefund(json: Readonly<Record<string, unknown>>, merchant: Merchant): Read {
  const strange = Object.keys(json).find((field) => !FIELDS.has(field))
  if (strange !== undefined) return wrong(400, `refund: unknown field ${strange}`)
  const problem = strangeOwner(only(json, ['mchid', 'sp_mchid', 'sub_mchid']), merchant)
  if (problem !== null) return wrong(400, `refund: ${problem}`)
  if (json[merchant.mode === 'common' ? 'appid' : 'sp_appid'] !== merchant.appid) return wrong(400, 'appid')
  const order = orderName(json)
  if (order === null) return wrong(400, 'refund: transaction_id or out_trade_no, one of them')
  const { out_refund_no: number, reason = null, source, notify_url = null } = json
  if (typeof number !== 'string' || !/^[\w\-|*@]{1,64}$/.test(number)) return wrong(400, 'out_refund_no')
  const isReason = typeof reason === 'string' && reason !== '' && [...reason].length <= 80
  if (reason !== null && (!isReason || FOUR_BYTES.test(reason))) return wrong(400, 'reason')
  if (!SOURCES.includes(source)) return wrong(400, 'source')
  if (notify_url !== null && !isNotifyUrl(notify_url)) return wrong(400, 'notify_url')
  const { refund: cents, total, currency, ...more } = inner(json.amount)
  if (!isAmount(cents) || !isAmount(total) || cents > total) return wrong(400, 'refund: amount')
  if (typeof currency !== 'string' || Object.keys(more).length > 0) return wrong(400, 'refund: currency')
  const asking = { order, number, cents, total, currency, reason, notifyUrl: notify_url }
  return { wish: { do: 'refund', owner: ownerOf(merchant), asking }, merchant }
}

export function readRefundGet(path: string, query: URLSearchParams, merchant: Merchant): Read {
  const given = Object.fromEntries(query)
  if (query.size !== Object.keys(given).length) return wrong(400, `${path}: a parameter twice`)
  const owner = ownerOf(merchant)
  const one = /^\/v3\/global\/refunds\/(out-refund-no|id)\/([^/]+)$/.exec(path)
  if (one !== null) {
    const problem = strangeOwner(given, merchant)
    if (problem !== null) return wrong(400, `${path}: ${problem}`)
    const by = one[1] === 'id' ? 'id' : 'out_refund_no'
    return { wish: { do: 'refund query', owner, by, key: decodeURIComponent(one[2] ?? '') }, merchant }
  }
  if (path !== '/v3/global/refunds') return wrong(404, path)
  const { offset = '', count = '', transaction_id: _, out_trade_no: __, ...ids } = given
  const problem = strangeOwner(ids, merchant)
  if (problem !== null) return wrong(400, `${path}: ${problem}`)
  const order = orderName(given)
  if (order === null) return wrong(400, `${path}: transaction_id or out_trade_no, one of them`)
  if (!/^\d+$/.test(offset) || !/^[1-9]\d*$/.test(count)) return wrong(400, `${path}: offset or count`)
  return { wish: { do: 'refund list', owner, order, offset: Number(offset), count: Number(count) }, merchant }
}

function orderName({ transaction_id, out_trade_no }: Readonly<Record<string, unknown>>): OrderName | null {
  if (typeof out_trade_no === 'string' && transaction_id === undefined) {
    return { by: 'out_trade_no', key: out_trade_no }
  }
  if (typeof transaction_id === 'string' && out_trade_no === undefined) {
    return { by: 'transaction_id', key: transaction_id }
  }
  return null
}

function only(json: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => name in json).map((name) => [name, json[name]]))
}

function isAmount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0
}
