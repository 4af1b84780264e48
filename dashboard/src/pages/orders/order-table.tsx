import { now } from '../../api/clock.ts'
import type { Order } from '../../api/types.ts'
import { fullMoment, moment, money } from '../../format.ts'
import { AttentionMark, StateMark } from '../../parts/state.tsx'
import { linkTo } from '../../router.ts'
import { orderWords } from '../../words/order.ts'
import { ordersWords } from './words.ts'

export function OrderTable({ orders }: { readonly orders: readonly Order[] }) {
  const { columns } = ordersWords.value
  return (
    <div class="card list">
      <table>
        <thead>
          <tr>
            <th>{columns.order}</th>
            <th>{columns.state}</th>
            <th class="right">{columns.amount}</th>
            <th>{columns.said}</th>
            <th>{columns.kind}</th>
            <th>{columns.merchant}</th>
            <th class="right">{columns.queries}</th>
            <th>{columns.created}</th>
          </tr>
        </thead>
        <tbody>
          {orders.map((order) => (
            <Row key={order.id} order={order} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ order }: { readonly order: Order }) {
  const words = ordersWords.value
  const { columns } = words
  return (
    <tr>
      <td class="cell-number">
        <a class="code" href={linkTo(['orders', order.id])}>
          {order.out_trade_no}
        </a>
      </td>
      <td class="cell-state">
        <StateMark state={order.state} /> <AttentionMark code={order.attention} />
      </td>
      <td class="right cell-amount">{money(order.amount.total, order.amount.currency)}</td>
      <td data-label={columns.said}>
        {order.trade_state === null ? (
          <span class="muted">{words.nothingSaid}</span>
        ) : (
          <span class="code">{order.trade_state}</span>
        )}
      </td>
      <td data-label={columns.kind} class="cell-more">
        {orderWords.value.kinds[order.kind]}
      </td>
      <td data-label={columns.merchant} class="code cell-more">
        {order.account}
        {order.sub_mchid !== null && <span class="muted"> / {order.sub_mchid}</span>}
      </td>
      <td data-label={columns.queries} class="right cell-more">
        {order.queries}
      </td>
      <td data-label={columns.created}>
        <time dateTime={order.createdAt} title={fullMoment(order.createdAt)}>
          {moment(order.createdAt, now.peek())}
        </time>
      </td>
    </tr>
  )
}
