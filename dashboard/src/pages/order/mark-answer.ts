import type { Order } from '../../api/types.ts'
import type { Story } from './story.ts'

export type Resolution = Order['resolutions'][number]
type Amount = Order['amount']

/** What a person has chosen to answer, and the amount that stood beside it then. */
export interface Choice {
  readonly action: Resolution
  readonly amount: Amount | null
}

/** The amount that is accepted with an answer, as things stand; null if none can be, or the answer accepts none. */
export function amountOf(
  action: Resolution,
  { order, evidence }: Pick<Story, 'order' | 'evidence'>,
): Amount | null {
  if (action !== 'accept_evidence') return null
  return order.attention === 'amount_mismatch' ? evidence.amountToAccept : order.amount
}

/** Whether a choice was made beside another amount than there is now: the person has to look, and choose again. */
export function isOutdated({ action, amount }: Choice, story: Pick<Story, 'order' | 'evidence'>): boolean {
  const now = amountOf(action, story)
  return now?.total !== amount?.total || now?.currency !== amount?.currency
}
