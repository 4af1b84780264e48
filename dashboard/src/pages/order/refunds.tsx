import { now } from '../../api/clock.ts'
import { moment, money } from '../../format.ts'
import type { Story } from './story.ts'
import { pageWords } from './words.ts'

export function Refunds({ story: { refunds, order } }: { readonly story: Story }) {
  const words = pageWords.value
  return (
    <section class="card">
      <h2>{words.refunds}</h2>
      {refunds.length === 0 && <p class="muted">{words.noRefunds}</p>}
      <ul class="rows">
        {refunds.map((refund) => (
          <li key={refund.out_refund_no}>
            <span
              class={`state state-${refund.state === 'SUCCESS' ? 'SUCCESS' : refund.state === 'REFUSED' ? 'failed' : 'pending'}`}
            >
              {words.refundStates[refund.state]}
            </span>{' '}
            <strong class="number">{money(refund.amount, order.amount.currency)}</strong>{' '}
            <span class="muted small">
              {words.origins[refund.origin]}, {moment(refund.createdAt, now.peek())}
              {refund.reason !== null && `, “${refund.reason}”`}
              {refund.status !== null && refund.status !== refund.state && `, ${refund.status}`}
            </span>
            <br />
            <span class="code small muted">{refund.out_refund_no}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
