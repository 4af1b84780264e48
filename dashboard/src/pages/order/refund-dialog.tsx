import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { post } from '../../api/client.ts'
import { amountIn, money, plainAmount } from '../../format.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { useDoing } from '../../parts/doing.ts'
import { Failure } from '../../parts/failure.tsx'
import { actionsWords } from './actions-words.ts'
import { leftOf, newIdempotencyKey } from './refund-wish.ts'
import type { Story } from './story.ts'

interface RefundDialogProps {
  readonly story: Story
  readonly reload: () => void
  readonly onClose: () => void
}

/** The sum stands in the button that sends it: nobody gives back another one than he reads. */
export function RefundDialog({ story, reload, onClose }: RefundDialogProps) {
  const words = actionsWords.value
  const { order } = story
  const { total, currency } = order.amount
  const left = leftOf(story)
  const isPart = useSignal(false)
  const written = useSignal(plainAmount(left, currency))
  const reason = useSignal('')
  // Another wish is another refund; the same, sent again because its answer got lost, is not.
  const wish = useRef({ text: '', key: '' })

  const parsed = isPart.value ? amountIn(written.value, currency) : left
  const amount = parsed !== null && parsed >= 1 && parsed <= left ? parsed : null
  const { isBusy, failure, run } = useDoing(async () => {
    if (amount === null) return
    const body = { amount, ...(reason.value.trim() !== '' && { reason: reason.value.trim() }) }
    const text = JSON.stringify(body)
    if (wish.current.text !== text) wish.current = { text, key: newIdempotencyKey() }
    await post(`/v1/orders/${order.id}/refunds`, { body, idempotencyKey: wish.current.key })
    reload()
    onClose()
  })
  const submit = (event: Event): void => {
    event.preventDefault()
    void run()
  }
  const shown = amount === null ? '—' : money(amount, currency)
  return (
    <Dialog title={words.refundTitle} onClose={onClose}>
      <form onSubmit={submit} class="refund">
        <label class="choice">
          <input type="radio" name="how" checked={!isPart.value} onChange={() => (isPart.value = false)} />
          {words.whole(money(left, currency))}
        </label>
        <label class="choice">
          <input type="radio" name="how" checked={isPart.value} onChange={() => (isPart.value = true)} />
          {words.part}
        </label>
        {isPart.value && (
          <div class="field">
            <label for="refund-amount">{words.amount(currency)}</label>
            <input
              id="refund-amount"
              inputMode="decimal"
              autocomplete="off"
              value={written.value}
              aria-invalid={amount === null}
              aria-describedby="refund-amount-wrong"
              onInput={({ currentTarget }) => (written.value = currentTarget.value)}
            />
            <span id="refund-amount-wrong" class="small wrong" role="status">
              {amount === null && words.amountWrong(money(left, currency))}
            </span>
          </div>
        )}
        <div class="field">
          <label for="refund-reason">{words.reason}</label>
          <input
            id="refund-reason"
            maxLength={80}
            value={reason.value}
            onInput={({ currentTarget }) => (reason.value = currentTarget.value)}
          />
        </div>
        <p class="sum">
          <strong class="number">{shown}</strong>
          <span>
            {words.summary(shown, money(total, currency))}{' '}
            {amount !== null &&
              (amount === left ? words.nothingStays : words.stays(money(left - amount, currency)))}
          </span>
        </p>
        {failure.value !== null && <Failure of={failure.value} />}
        <div class="buttons">
          <button type="submit" class="main" disabled={isBusy.value || amount === null}>
            {words.refundYes(shown)}
          </button>
          <button type="button" onClick={onClose}>
            {words.cancel}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
