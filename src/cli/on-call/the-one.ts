import { nameOf, type OrderKey } from '../../core/order.ts'
import { VerdictError } from '../../errors.ts'
import type { OrderQuestion } from './desk.ts'

/** Which of the orders that bear a number is meant. @throws ORDER_UNKNOWN, or ORDER_AMBIGUOUS with the candidates */
export function theOne<Order extends OrderKey>(
  named: readonly Order[],
  { out_trade_no, account, sub_mchid }: OrderQuestion,
): Order {
  const fitting = named.filter(
    (order) =>
      (account === undefined || order.account === account) &&
      (sub_mchid === undefined || order.sub_mchid === sub_mchid),
  )
  const [order, ...others] = fitting
  if (order === undefined) {
    const asked = [account, sub_mchid, out_trade_no].filter((part) => part !== undefined).join('/')
    const hint = named.length > 0 ? `; there is ${named.map(nameOf).join(', ')}` : ''
    throw new VerdictError(
      'ORDER_UNKNOWN',
      `${asked} is not in the store; expected the out_trade_no of an order that was placed or tracked${hint}`,
    )
  }
  if (others.length > 0) {
    throw new VerdictError(
      'ORDER_AMBIGUOUS',
      `${out_trade_no} names ${fitting.length} orders: ${fitting.map(nameOf).join(', ')}; name one with --account and --sub-mchid`,
    )
  }
  return order
}
