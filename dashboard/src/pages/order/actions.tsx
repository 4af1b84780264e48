import { useSignal } from '@preact/signals'
import { post } from '../../api/client.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { useDoing } from '../../parts/doing.ts'
import { Failure } from '../../parts/failure.tsx'
import { actionsWords } from './actions-words.ts'
import { RefundDialog } from './refund-dialog.tsx'
import { leftOf } from './refund-wish.ts'
import type { Story } from './story.ts'

interface ActionProps {
  readonly story: Story
  readonly reload: () => void
}

/** What somebody with the role may do to the order now. */
export function Actions({ story, reload }: ActionProps) {
  const words = actionsWords.value
  const { order } = story
  const open = useSignal<'give-up' | 'refund' | null>(null)
  const isAsked = useSignal(false)
  const path = `/v1/orders/${order.id}`
  const asking = useDoing(async () => {
    await post(`${path}/query`)
    isAsked.value = true
    reload()
  })
  const close = (): void => {
    open.value = null
  }
  const mayAsk = order.state !== 'SUCCESS'
  const mayGiveUp = order.verdict === null && order.givenUpAt === null
  const mayRefund = order.state === 'SUCCESS' && leftOf(story) > 0
  if (!mayAsk && !mayGiveUp && !mayRefund) return null
  return (
    <fieldset class="actions" aria-label={words.group}>
      {mayAsk && (
        <button type="button" disabled={asking.isBusy.value} onClick={asking.run}>
          {words.ask}
        </button>
      )}
      {mayGiveUp && (
        <button type="button" class="danger" onClick={() => (open.value = 'give-up')}>
          {words.giveUp}
        </button>
      )}
      {mayRefund && (
        <button type="button" onClick={() => (open.value = 'refund')}>
          {words.refund}
        </button>
      )}
      <span role="status" class="small muted">
        {isAsked.value && words.asked}
      </span>
      {asking.failure.value !== null && <Failure of={asking.failure.value} />}
      {open.value === 'give-up' && <GiveUpDialog story={story} reload={reload} onClose={close} />}
      {open.value === 'refund' && <RefundDialog story={story} reload={reload} onClose={close} />}
    </fieldset>
  )
}

function GiveUpDialog({ story, reload, onClose }: ActionProps & { readonly onClose: () => void }) {
  const words = actionsWords.value
  const { isBusy, failure, run } = useDoing(async () => {
    await post(`/v1/orders/${story.order.id}/give-up`)
    reload()
    onClose()
  })
  return (
    <Dialog title={words.giveUpTitle} onClose={onClose}>
      <p>{words.giveUpExplained[story.order.kind === 'quick_pay' ? 'revoke' : 'close']}</p>
      {failure.value !== null && <Failure of={failure.value} />}
      <div class="buttons">
        <button type="button" class="danger" disabled={isBusy.value} onClick={run}>
          {words.giveUpYes}
        </button>
        <button type="button" onClick={onClose}>
          {words.cancel}
        </button>
      </div>
    </Dialog>
  )
}
