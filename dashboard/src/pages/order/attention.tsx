import { useSignal } from '@preact/signals'
import { post } from '../../api/client.ts'
import { mayOperate } from '../../api/session.ts'
import type { Order } from '../../api/types.ts'
import { money } from '../../format.ts'
import { useDoing } from '../../parts/doing.ts'
import { Failure } from '../../parts/failure.tsx'
import { attentionWords } from '../../words/attention.ts'
import { actionsWords } from './actions-words.ts'
import { amountOf, type Choice, isOutdated, type Resolution } from './mark-answer.ts'
import type { Story } from './story.ts'

interface AttentionProps {
  readonly story: Story
  readonly reload: () => void
}

/** Why the order needs a person, and what that person can answer. */
export function Attention({ story, reload }: AttentionProps) {
  const words = actionsWords.value
  const { order, evidence } = story
  if (order.attention === null) return null
  const isAboutAmount = order.attention === 'amount_mismatch' && evidence.amountToAccept !== null
  return (
    <section class="card attention">
      <h2>{words.attentionTitle}</h2>
      <p>{attentionWords.value[order.attention]}</p>
      {isAboutAmount && <p>{words.amounts(shown(evidence.amountToAccept), shown(order.amount))}</p>}
      {mayOperate.value && order.resolutions.length === 0 && <p class="muted">{words.noResolution}</p>}
      {mayOperate.value && order.resolutions.length > 0 && (
        <Answer key={order.attention} story={story} reload={reload} />
      )}
    </section>
  )
}

/** What is accepted is the amount that stood there when it was chosen. If there is another one by now, nothing is. */
function Answer({ story, reload }: AttentionProps) {
  const words = actionsWords.value
  const { order } = story
  const choice = useSignal<Choice | null>(null)
  const note = useSignal('')
  const { isBusy, failure, run } = useDoing(async () => {
    if (choice.value === null) return
    const { action, amount } = choice.value
    const body = { action, note: note.value.trim(), ...(amount !== null && { amount }) }
    try {
      await post(`/v1/orders/${order.id}/attention/resolve`, { body })
    } finally {
      // Also where it is refused: then something is no longer as it is shown.
      reload()
    }
  })
  const submit = (event: Event): void => {
    event.preventDefault()
    void run()
  }
  const choose = (action: Resolution): void => {
    choice.value = { action, amount: amountOf(action, story) }
    failure.value = null
  }
  const outdated = choice.value !== null && isOutdated(choice.value, story) ? choice.value : null
  const chosen = outdated === null ? choice.value : null
  return (
    <form onSubmit={submit}>
      <fieldset>
        <legend>{words.choose}</legend>
        {order.resolutions.map((resolution) => (
          <OneAnswer
            key={resolution}
            resolution={resolution}
            story={story}
            isChosen={chosen?.action === resolution}
            choose={choose}
          />
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
      {outdated !== null && (
        <div class="failure" role="alert">
          <p>{words.amountChanged(shown(amountOf(outdated.action, story)), shown(outdated.amount))}</p>
        </div>
      )}
      {outdated === null && failure.value !== null && <Failure of={failure.value} />}
      <button
        type="submit"
        class="main"
        disabled={isBusy.value || chosen === null || note.value.trim() === ''}
      >
        {words.resolve}
      </button>
    </form>
  )
}

interface OneAnswerProps {
  readonly resolution: Resolution
  readonly story: Story
  readonly isChosen: boolean
  readonly choose: (resolution: Resolution) => void
}

function OneAnswer({ resolution, story, isChosen, choose }: OneAnswerProps) {
  const words = actionsWords.value
  const amount = amountOf(resolution, story)
  const isUnknown = resolution === 'accept_evidence' && amount === null
  return (
    <label class="choice">
      <input
        type="radio"
        name="resolution"
        required
        disabled={isUnknown}
        checked={isChosen}
        onChange={() => choose(resolution)}
      />
      {amount === null
        ? words.resolutions[resolution]
        : words.withAmount(words.resolutions[resolution], shown(amount))}
      {isUnknown && <span class="muted"> {words.noAmount}</span>}
    </label>
  )
}

function shown(amount: Order['amount'] | null): string {
  return amount === null ? '—' : money(amount.total, amount.currency)
}
