import type { RefundSelector } from '../refunding.ts'
import { wireBody } from '../request-body.ts'
import { orderKey, type Placing } from '../truth/order.ts'
import { type RefundRequest, refundKey } from '../truth/refund.ts'
import type { Selector } from '../world.ts'
import { type ApiError, paramError } from './api-error.ts'
import type { WireRequest } from './exchange.ts'
import { ownerOf } from './owner.ts'
import { OUT_TRADE_NO } from './placing-fields.ts'
import { type BillAsked, readBill } from './read-bill.ts'
import { type PlacingContext, readPlacing } from './read-placing.ts'
import { OUT_REFUND_NO, readRefund, readRefundsQuery } from './read-refund.ts'
import { nowhere, type Route, routeOf } from './routes.ts'

/** A request that is read to its end, and right in its form. */
export type Wanted =
  | { readonly call: 'place'; readonly placing: Placing }
  | { readonly call: 'query' | 'close' | 'reverse'; readonly selector: Selector }
  | { readonly call: 'refund'; readonly selector: Selector; readonly request: RefundRequest }
  | { readonly call: 'refundQuery'; readonly selector: RefundSelector }
  | { readonly call: 'refundsQuery'; readonly selector: Selector; readonly page: Page }
  | { readonly call: 'certificates' }
  | { readonly call: 'bill'; readonly asked: BillAsked }

/** Which of an order's refunds are asked for. */
export interface Page {
  readonly offset: number
  readonly count: number
}

export function understand(request: WireRequest, context: PlacingContext): Wanted | ApiError {
  const [path = '', query = ''] = split(request.url)
  const route = routeOf(request.method, path)
  if (!route)
    return { status: 404, code: 'NOT_FOUND', message: nowhere(request.method, path).slice(0, 256), number: 0 }
  switch (route.call) {
    case 'certificates':
      return { call: route.call }
    case 'bill': {
      const asked = readBill(Object.fromEntries(new URLSearchParams(query)), context.caller)
      return 'code' in asked ? asked : { call: route.call, asked }
    }
    case 'place':
      return placingWanted(route.trade_type, request.body, context)
    case 'refund':
      return refundWanted(request.body, context)
    case 'refundsQuery': {
      const asked = readRefundsQuery(Object.fromEntries(new URLSearchParams(query)), context)
      return 'code' in asked ? asked : { call: route.call, ...asked }
    }
    case 'refundQuery':
      return selectedRefund(route, query, context)
    default:
      return selected(route, { query, body: request.body }, context)
  }
}

/** What a request is about: for the faults' draws. An id that is unknown stands for itself. */
export interface Scope {
  readonly key: string
  readonly out_trade_no: string
}

export function scopeOf(wanted: Wanted): Scope {
  switch (wanted.call) {
    case 'certificates':
      return { key: 'certificates', out_trade_no: 'certificates' }
    case 'bill': {
      const name = `bill ${wanted.asked.day}`
      return { key: name, out_trade_no: name }
    }
    case 'place': {
      const { owner, out_trade_no } = wanted.placing
      return { key: orderKey(owner, out_trade_no), out_trade_no }
    }
    case 'refund': {
      const { out_refund_no } = wanted.request
      return { key: refundKey(wanted.selector.owner, out_refund_no), out_trade_no: out_refund_no }
    }
    default: {
      const { owner, value } = wanted.selector
      return { key: orderKey(owner, value), out_trade_no: value }
    }
  }
}

function refundWanted(text: string, context: PlacingContext): Wanted | ApiError {
  const body = wireBody(text)
  if (body.object === null) return noBody(body.what, text)
  const asked = readRefund(body.object, context)
  return 'code' in asked ? asked : { call: 'refund', ...asked }
}

function selectedRefund(
  { call, by, value }: Extract<Route, { readonly call: 'refundQuery' }>,
  query: string,
  { caller }: PlacingContext,
): Wanted | ApiError {
  const number = decoded(value)
  if (number === null || !OUT_REFUND_NO.safeParse(number).success) {
    const issue = 'expected 1 to 64 letters, digits or _ - | * @, percent-encoded'
    return paramError({ field: by, value, issue, location: 'url' })
  }
  const owner = ownerOf(Object.fromEntries(new URLSearchParams(query)), caller, 'query')
  return 'code' in owner ? owner : { call, selector: { by, value: number, owner } }
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
  const body = wireBody(text)
  if (body.object === null) return noBody(body.what, text)
  const placing = readPlacing(trade_type, body.object, context)
  return 'code' in placing ? placing : { call: 'place', placing }
}

type AboutOne = Extract<Route, { readonly call: 'query' | 'close' | 'reverse' }>

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
  const body =
    call === 'query' ? { object: Object.fromEntries(new URLSearchParams(given.query)) } : wireBody(given.body)
  if (body.object === null) return noBody(body.what, given.body)
  const owner = ownerOf(body.object, caller, call === 'query' ? 'query' : 'body')
  return 'code' in owner ? owner : { call, selector: { by, value: number, owner } }
}

function decoded(value: string): string | null {
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}

function noBody(what: string, text: string): ApiError {
  const issue = `the body is ${what}, no JSON object`
  return paramError({ field: '/', value: text, issue, location: 'body' })
}
