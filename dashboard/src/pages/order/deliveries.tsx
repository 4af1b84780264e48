import { useSignal } from '@preact/signals'
import { post } from '../../api/client.ts'
import { now } from '../../api/clock.ts'
import { mayOperate } from '../../api/session.ts'
import type { Delivery } from '../../api/types.ts'
import { moment } from '../../format.ts'
import { useDoing } from '../../parts/doing.ts'
import { Failure } from '../../parts/failure.tsx'
import type { Story } from './story.ts'
import { pageWords } from './words.ts'

export function Deliveries({ story, reload }: { readonly story: Story; readonly reload: () => void }) {
  const words = pageWords.value
  return (
    <section class="card">
      <h2>{words.deliveries}</h2>
      {story.deliveries.length === 0 && <p class="muted">{words.noDeliveries}</p>}
      <ul class="rows">
        {story.deliveries.map((delivery) => (
          <Row key={delivery.id} delivery={delivery} reload={reload} />
        ))}
      </ul>
    </section>
  )
}

function Row({ delivery, reload }: { readonly delivery: Delivery; readonly reload: () => void }) {
  const words = pageWords.value
  const { id, target, message, state, attempts, doneAt, nextAttemptAt, why } = delivery
  const isResent = useSignal(false)
  const { isBusy, failure, run } = useDoing(async () => {
    await post(`/v1/deliveries/${id}/resend`)
    isResent.value = true
    reload()
  })
  const isOver = state === 'sent' || state === 'failed'
  return (
    <li>
      <span class={`state state-${state}`}>{words.deliveryStates[state]}</span>{' '}
      <span class="code">{message.type}</span>{' '}
      <span class="muted small">
        → {target}, {words.attempts(attempts)}
        {doneAt !== null && `, ${moment(doneAt, now.peek())}`}
        {nextAttemptAt !== null &&
          state === 'pending' &&
          `, ${words.nextAttempt(moment(nextAttemptAt, now.peek()))}`}
        {why !== null && `: ${why}`}
      </span>
      {mayOperate.value && isOver && (
        <button type="button" class="small-button" disabled={isBusy.value} onClick={run}>
          {words.resend}
        </button>
      )}
      <span role="status" class="small">
        {isResent.value && words.resent}
      </span>
      {failure.value !== null && <Failure of={failure.value} />}
    </li>
  )
}
