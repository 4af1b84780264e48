import { now } from '../../api/clock.ts'
import type { Order, Page } from '../../api/types.ts'
import { moment, money } from '../../format.ts'
import { AttentionMark } from '../../parts/state.tsx'
import { linkTo } from '../../router.ts'
import { overviewWords } from './words.ts'

export function AttentionList({ attention }: { readonly attention: Page<Order> }) {
  const words = overviewWords.value
  return (
    <section class="card">
      <h2>{words.needsPerson}</h2>
      {attention.data.length === 0 && <p class="muted">{words.nothing}</p>}
      <ul class="rows">
        {attention.data.map((order) => (
          <li key={order.id} class="attention-row">
            <a class="code" href={linkTo(['orders', order.id])}>
              {order.out_trade_no}
            </a>
            <span class="number">{money(order.amount.total, order.amount.currency)}</span>
            <AttentionMark code={order.attention} />
            <span class="muted small">{moment(order.createdAt, now.peek())}</span>
          </li>
        ))}
      </ul>
      {attention.next !== null && (
        <p>
          <a href={linkTo(['orders'], { show: 'attention' })}>{words.all}</a>
        </p>
      )}
    </section>
  )
}
