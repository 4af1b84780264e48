import { EVENT_TYPES } from '../../core/change.ts'
import { DELIVERY_STATES, type Delivery } from '../store.ts'
import { type Cells, integer, integerOrNull, oneOf, text, textOrNull } from './cells.ts'

/* Messages to the merchant's system, as rows. */

/** For `deliveryOf`. */
export const DELIVERY_COLUMNS = [
  'id',
  'order_id',
  'target',
  'message_id',
  'type',
  'payload',
  'state',
  'due_at',
  'attempts',
  'first_at',
  'done_at',
  'why',
  'created_at',
] as const

export function deliveryOf(cells: Cells): Delivery {
  const [id, order_id, target, message_id, type, payload, state, due_at, attempts] = cells
  const [first_at, done_at, why, created_at] = cells.slice(9)
  return {
    id: integer(id),
    orderId: integer(order_id),
    target: text(target),
    message: { id: text(message_id), type: typeOf(type), payload: text(payload) },
    state: deliveryStateOf(state),
    dueAtMs: integerOrNull(due_at),
    attempts: integer(attempts),
    firstAtMs: integerOrNull(first_at),
    doneAtMs: integerOrNull(done_at),
    why: textOrNull(why),
    createdAtMs: integer(created_at),
  }
}

export const deliveryStateOf = oneOf('state of a delivery', DELIVERY_STATES)
const typeOf = oneOf('type of a delivery', EVENT_TYPES)
