import { VerdictError } from '../../errors.ts'
import type { Order } from '../truth/order.ts'
import { keyOf } from '../world.ts'
import type { ControlRequest } from './control.ts'
import { type OrderView, viewOf } from './view.ts'

/** What `GET /_sim/orders` answers: `next` is the `after` of the next page, null on the last one. */
export interface OrderList {
  readonly orders: readonly OrderView[]
  readonly next: number | null
}

/** `?after=SEQUENCE&limit=N`; all orders without them. */
export function listOrders({ parts: { world }, query }: ControlRequest): OrderList {
  const after = whole(query, 'after', 0)
  const limit = whole(query, 'limit', Number.MAX_SAFE_INTEGER)
  const following = world.orders().filter(({ sequence }) => sequence > after)
  const page = following.slice(0, limit)
  const more = following.length > page.length
  return {
    orders: page.map((order) => viewOf(order, world)),
    next: more ? (page.at(-1)?.sequence ?? after) : null,
  }
}

export function showOrder(request: ControlRequest): OrderView {
  return viewOf(theOne(request), request.parts.world)
}

/** The customer's act, now. */
export function actOn(request: ControlRequest, act: 'pay' | 'refuse'): OrderView {
  const { at } = request.body
  if (at !== undefined && at !== 'now') {
    throw new VerdictError(
      'OPTION_INVALID',
      `at is ${JSON.stringify(at)}; expected "now", or POST /_sim/advance first`,
    )
  }
  const { world } = request.parts
  const order = theOne(request)
  const reason = act === 'pay' ? world.payNow(order) : world.refuseNow(order)
  if (reason !== null)
    throw new VerdictError('ORDER_STATE', `${keyOf(order)}: nobody can ${act} it now: ${reason}`)
  return showOrder(request)
}

/** The order of the path; `?mchid=` or `?sp_mchid=` and `?sub_mchid=` choose where several merchants use the number. */
export function theOne({ parts: { world }, name, query }: ControlRequest): Order {
  const named = world.named(name).filter((order) => fits(order, query))
  const [order, ...others] = named
  if (!order) throw new VerdictError('ORDER_UNKNOWN', `${name} is no order of this simulator`)
  if (others.length === 0) return order
  const keys = named.map(keyOf).join(', ')
  throw new VerdictError(
    'ORDER_AMBIGUOUS',
    `${name} names ${named.length} orders: ${keys}; add ?mchid= or ?sp_mchid=&sub_mchid=`,
  )
}

export function fits({ owner }: Order, query: URLSearchParams): boolean {
  const ids: Readonly<Record<string, string>> = { ...owner }
  return ['mchid', 'sp_mchid', 'sub_mchid'].every((name) => !query.has(name) || query.get(name) === ids[name])
}

function whole(query: URLSearchParams, name: string, absent: number): number {
  const text = query.get(name)
  if (text === null) return absent
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new VerdictError('OPTION_INVALID', `${name} is ${JSON.stringify(text)}; expected a whole number`)
  }
  return value
}
