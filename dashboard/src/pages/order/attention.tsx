import { useSignal } from '@preact/signals'
import { post } from '../../api/client.ts'
import { mayOperate } from '../../api/session.ts'
import type { Order } from '../../api/types.ts'
import { useDoing } from '../../parts/doing.ts'
import { Failure } from '../../parts/failure.tsx'
import { attentionWords } from '../../words/attention.ts'
import { actionsWords } from './actions-words.ts'

type Resolution = Order['resolutions'][number]

/** Why the order needs a person, and what that person can answer. */
export function Attention({ order, reload }: { readonly order: Order; readonly reload: () => void }) {
  const words = actionsWords.value
  if (order.attention === null) return null
  return (
    <section class="card attention">
      <h2>{words.attentionTitle}</h2>
      <p>{attentionWords.value[order.attention]}</p>
      {mayOperate.value && order.resolutions.length === 0 && <p class="muted">{words.noResolution}</p>}
      {mayOperate.value && order.resolutions.length > 0 && (
        <Answer key={order.attention} order={order} reload={reload} />
      )}
    </section>
  )
}

function Answer({ order, reload }: { readonly order: Order; readonly reload: () => void }) {
  const words = actionsWords.value
  const action = useSignal<Resolution | null>(null)
  const note = useSignal('')
  const { isBusy, failure, run } = useDoing(async () => {
    const body = { action: action.value, note: note.value.trim() }
    await post(`/v1/orders/${order.id}/attention/resolve`, { body })
    reload()
  })
  const submit = (event: Event): void => {
    event.preventDefault()
    void run()
  }
  return (
    <form onSubmit={submit}>
      <fieldset>
        <legend>{words.choose}</legend>
        {order.resolutions.map((resolution) => (
          <label key={resolution} class="choice">
            <input
              type="radio"
              name="resolution"
              required
              checked={action.value === resolution}
              onChange={() => (action.value = resolution)}
            />
            {words.resolutions[resolution]}
          </label>
        ))}
      </fieldset>
      <div class="field">
        <label for="resolution-note">{words.note}</label>
        <textarea
          id="resolution-note"
          required
          maxLength={500}
          rows={2}
          value={note.value}
          onInput={({ currentTarget }) => (note.value = currentTarget.value)}
        />
      </div>
      {failure.value !== null && <Failure of={failure.value} />}
      <button
        type="submit"
        class="main"
        disabled={isBusy.value || action.value === null || note.value.trim() === ''}
      >
        {words.resolve}
      </button>
    </form>
  )
}
