import { VerdictError } from '../../errors.ts'
import { keyOf } from '../world.ts'
import type { ControlRequest } from './control.ts'
import { fits, theOne } from './orders.ts'
import { type RefundView, refundViewOf } from './view.ts'

/** What `GET /_sim/refunds` answers: all refunds, by the sequence of their orders; `?out_trade_no=` for one order's. */
export interface RefundList {
  readonly refunds: readonly RefundView[]
}

export function listRefunds({ parts: { world }, query }: ControlRequest): RefundList {
  const number = query.get('out_trade_no')
  const orders = (number === null ? world.orders() : world.named(number)).filter((order) =>
    fits(order, query),
  )
  return {
    refunds: orders.flatMap((order) => (order.refunds ?? []).map((one) => refundViewOf(order, one, world))),
  }
}

/** Somebody refunds on WeChat Pay's merchant platform: `{"amount": 100}`; without an amount all of the order. */
export function refundElsewhere(request: ControlRequest): RefundView {
  const { world } = request.parts
  const order = theOne(request)
  const { amount = order.total } = request.body
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount < 1) {
    throw new VerdictError(
      'OPTION_INVALID',
      `amount is ${JSON.stringify(amount)}; expected a whole number above 0`,
    )
  }
  const refund = world.refundElsewhere(order, amount)
  if (typeof refund === 'string') throw new VerdictError('ORDER_STATE', `${keyOf(order)}: ${refund}`)
  return refundViewOf(order, refund, world)
}

/** An ABNORMAL refund becomes SUCCESS: the path names it by its `out_refund_no`. */
export function mendRefund({ parts: { world }, name, query }: ControlRequest): RefundView {
  const all = world
    .orders()
    .filter((order) => fits(order, query))
    .flatMap((order) => (order.refunds ?? []).map((one) => ({ order, one })))
  const [found, ...others] = all.filter(({ one }) => one.out_refund_no === name)
  if (!found) throw new VerdictError('ORDER_UNKNOWN', `${name} is no refund of this simulator`)
  if (others.length > 0) {
    throw new VerdictError(
      'ORDER_AMBIGUOUS',
      `${name} names ${others.length + 1} refunds; add ?mchid= or ?sp_mchid=&sub_mchid=`,
    )
  }
  const reason = world.mend(found.order, name)
  if (reason !== null) throw new VerdictError('ORDER_STATE', `refund ${name} can't be mended: ${reason}`)
  const after = world.lookAt(keyOf(found.order)) ?? found.order
  const whole = after.refunds?.find(({ out_refund_no }) => out_refund_no === name) ?? found.one
  return refundViewOf(after, whole, world)
}
