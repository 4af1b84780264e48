import type { TradeType } from '../truth/order.ts'

/** What a URL asks for. The names of the calls are those of the statistics and of the faults' draws. */
export type Route =
  | { readonly call: 'place'; readonly trade_type: TradeType }
  | {
      readonly call: 'query' | 'close' | 'reverse'
      readonly by: 'out_trade_no' | 'id'
      readonly value: string
    }
  | {
      readonly call: 'refundQuery'
      readonly by: 'out_refund_no' | 'refund_id'
      readonly value: string
    }
  | { readonly call: 'refund' | 'refundsQuery' | 'certificates' | 'bill' }

export type CallName = Route['call']

const PLACING: Readonly<Record<string, TradeType>> = {
  '/v3/global/micropay/transactions/pay': 'MICROPAY',
  '/v3/global/transactions/jsapi': 'JSAPI',
  '/v3/global/transactions/native': 'NATIVE',
  '/v3/global/transactions/app': 'APP',
  '/v3/global/transactions/mweb': 'MWEB',
}

/** A path may be any text, `constructor` too. */
function placedAt(path: string): TradeType | undefined {
  return Object.hasOwn(PLACING, path) ? PLACING[path] : undefined
}

const ABOUT_ONE: ReadonlyArray<readonly [call: 'query' | 'close' | 'reverse', method: string, path: RegExp]> =
  [
    ['query', 'GET', /^\/v3\/global\/transactions\/(id|out-trade-no)\/([^/]+)$/],
    ['close', 'POST', /^\/v3\/global\/transactions\/(id|out-trade-no)\/([^/]+)\/close$/],
    ['reverse', 'POST', /^\/v3\/global\/micropay\/transactions\/(id|out-trade-no)\/([^/]+)\/reverse$/],
  ]

const REFUNDS = '/v3/global/refunds'
const BILL = '/v3/global/statements'
const ONE_REFUND = /^\/v3\/global\/refunds\/(id|out-refund-no)\/([^/]+)$/

/** @param path without the query, still percent-encoded. Null: WeChat Pay has no such address, or not in this simulator. */
export function routeOf(method: string, path: string): Route | null {
  if (method === 'GET' && path === '/v3/global/certificates') return { call: 'certificates' }
  if (method === 'GET' && path === BILL) return { call: 'bill' }
  if (path === REFUNDS && (method === 'POST' || method === 'GET')) {
    return { call: method === 'POST' ? 'refund' : 'refundsQuery' }
  }
  const refund = method === 'GET' ? ONE_REFUND.exec(path) : null
  if (refund?.[2]) {
    return { call: 'refundQuery', by: refund[1] === 'id' ? 'refund_id' : 'out_refund_no', value: refund[2] }
  }
  const trade_type = placedAt(path)
  if (trade_type) return method === 'POST' ? { call: 'place', trade_type } : null
  for (const [call, expected, pattern] of ABOUT_ONE) {
    const match = method === expected ? pattern.exec(path) : null
    if (match?.[2]) return { call, by: match[1] === 'id' ? 'id' : 'out_trade_no', value: match[2] }
  }
  return null
}

/** What to say to somebody who came to no route. */
export function nowhere(method: string, path: string): string {
  if (!path.startsWith('/v3/global/')) {
    return `${path} is no Global APIv3 address; expected /v3/global/..., see the list of endpoints`
  }
  const known = [ONE_REFUND, ...ABOUT_ONE.map(([, , pattern]) => pattern)]
  if (placedAt(path) || path === REFUNDS || path === BILL || known.some((pattern) => pattern.test(path)))
    return `${method} is not the method of ${path}`
  return `${path} is unknown; this simulator has placing, query, close, reverse, refunds, statements and certificates`
}
