import { orderKey, type Placing } from '../truth/order.ts'
import type { Selector } from '../world.ts'
import { type ApiError, paramError } from './api-error.ts'
import type { WireRequest } from './exchange.ts'
import { ownerOf } from './owner.ts'
import { OUT_TRADE_NO } from './placing-fields.ts'
import { type Body, isBody, type PlacingContext, readPlacing } from './read-placing.ts'
import { nowhere, type Route, routeOf } from './routes.ts'

/** A request that is read to its end, and right in its form. */
export type Wanted =
  | { readonly call: 'place'; readonly placing: Placing }
  | { readonly call: 'query' | 'close' | 'reverse'; readonly selector: Selector }
  | { readonly call: 'certificates' }

export function understand(request: WireRequest, context: PlacingContext): Wanted | ApiError {
  const [path = '', query = ''] = split(request.url)
  const route = routeOf(request.method, path)
  if (!route)
    return { status: 404, code: 'NOT_FOUND', message: nowhere(request.method, path).slice(0, 256), number: 0 }
  if (route.call === 'certificates') return route
  if (route.call === 'place') return placingWanted(route.trade_type, request.body, context)
  return selected(route, { query, body: request.body }, context)
}

/** Which order a request means, by its key: for the faults' draws. An id that is unknown stands for itself. */
export function scopeOf(wanted: Wanted): { key: string; out_trade_no: string } {
  if (wanted.call === 'certificates') return { key: 'certificates', out_trade_no: 'certificates' }
  if (wanted.call === 'place') {
    const { owner, out_trade_no } = wanted.placing
    return { key: orderKey(owner, out_trade_no), out_trade_no }
  }
  const { owner, value } = wanted.selector
  return { key: orderKey(owner, value), out_trade_no: value }
}

function split(url: string): [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

function placingWanted(
  trade_type: Placing['trade_type'],
  text: string,
  context: PlacingContext,
): Wanted | ApiError {
  const body = bodyFrom(text)
  if (!body) return NO_JSON(text)
  const placing = readPlacing(trade_type, body, context)
  return 'code' in placing ? placing : { call: 'place', placing }
}

type AboutOne = Extract<Route, { readonly by: string }>

function selected(
  { call, by, value }: AboutOne,
  given: { query: string; body: string },
  { caller }: PlacingContext,
): Wanted | ApiError {
  const number = decoded(value)
  if (number === null || !OUT_TRADE_NO.safeParse(number).success) {
    const issue = 'expected 1 to 32 letters, digits or _ - | * @, percent-encoded'
    return paramError({ field: by, value, issue, location: 'url' })
  }
  const body = call === 'query' ? Object.fromEntries(new URLSearchParams(given.query)) : bodyFrom(given.body)
  if (!body) return NO_JSON(given.body)
  const owner = ownerOf(body, caller, call === 'query' ? 'query' : 'body')
  return 'code' in owner ? owner : { call, selector: { by, value: number, owner } }
}

function decoded(value: string): string | null {
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}

function bodyFrom(text: string): Body | null {
  try {
    const body: unknown = JSON.parse(text)
    return isBody(body) && !Array.isArray(body) ? body : null
  } catch {
    return null
  }
}

const NO_JSON = (text: string): ApiError =>
  paramError({ field: '/', value: text, issue: 'the body is no JSON object', location: 'body' })
