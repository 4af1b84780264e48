import type { HttpRequest } from '../../gateway/wechatpay/transport.ts'

/** A request as whoever reads the documents understands it. */
export interface Asked {
  readonly call:
    | 'place'
    | 'query'
    | 'close'
    | 'reverse'
    | 'refund'
    | 'queryRefund'
    | 'queryRefunds'
    | 'certificates'
  /** The number of the order, where the request names it. */
  readonly out_trade_no: string | null
  readonly out_refund_no: string | null
  /** WeChat Pay's own number of the order, where the request names it by that. */
  readonly transaction_id: string | null
  readonly isQuickPay: boolean
  readonly amount: number | null
  /** Unix seconds, as signed. */
  readonly timestamp: number
  /** `mchid` of the one who signed. */
  readonly mchid: string
}

const NONE = {
  out_trade_no: null,
  out_refund_no: null,
  transaction_id: null,
  isQuickPay: false,
  amount: null,
}

const known = new WeakMap<HttpRequest, Asked>()

export function askedIn(request: HttpRequest): Asked {
  const before = known.get(request)
  if (before !== undefined) return before
  const asked = read(request)
  known.set(request, asked)
  return asked
}

function read({ method, path, headers, body }: HttpRequest): Asked {
  const [authorization = ''] = headers.slice(headers.indexOf('authorization') + 1)
  const signed = {
    timestamp: Number(quoted(authorization, 'timestamp')),
    mchid: quoted(authorization, 'mchid'),
  }
  const [route = '', query = ''] = path.split('?')
  const parts = route.split('/')
  const last = decodeURIComponent(parts.at(-1) ?? '')
  if (method === 'GET') {
    if (last === 'certificates') return { ...NONE, ...signed, call: 'certificates' }
    if (route.includes('/refunds/')) return { ...NONE, ...signed, call: 'queryRefund', out_refund_no: last }
    if (last === 'refunds') {
      const by = new URLSearchParams(query)
      const numbers = { out_trade_no: by.get('out_trade_no'), transaction_id: by.get('transaction_id') }
      return { ...NONE, ...signed, ...numbers, call: 'queryRefunds' }
    }
    return { ...NONE, ...signed, call: 'query', out_trade_no: last }
  }
  if (last === 'close' || last === 'reverse') {
    return { ...NONE, ...signed, call: last, out_trade_no: decodeURIComponent(parts.at(-2) ?? '') }
  }
  const json = JSON.parse(body) as Readonly<Record<string, unknown>>
  if (last === 'refunds') {
    const { refund } = json.amount as { readonly refund: number }
    return { ...NONE, ...signed, call: 'refund', out_refund_no: String(json.out_refund_no), amount: refund }
  }
  const isQuickPay = route.includes('/micropay/')
  return { ...NONE, ...signed, call: 'place', out_trade_no: String(json.out_trade_no), isQuickPay }
}

/** What stands between quotation marks behind a name; empty without it. */
function quoted(header: string, name: string): string {
  const at = header.indexOf(`${name}="`)
  if (at < 0) return ''
  const from = at + name.length + 2
  return header.slice(from, header.indexOf('"', from))
}
