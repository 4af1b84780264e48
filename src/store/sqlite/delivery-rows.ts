import { EVENT_TYPES } from '../../core/change.ts'
import { DELIVERY_STATES, type Delivery, type DeliveryState } from '../store.ts'
import { type Cells, integer, integerOrNull, oneOf, text, textOrNull } from './cells.ts'

/* Messages to the merchant's system, as rows. */

export const SELECT_DELIVERIES = `SELECT id, order_id, target, message_id, type, payload, state, due_at, attempts,
  first_at, done_at, why, created_at FROM deliveries`

/** Takes the target and the moment. */
export const SELECT_DUE_DELIVERIES = `SELECT id, due_at FROM deliveries
  WHERE target = ? AND due_at <= ? ORDER BY due_at, id`

/**
 * Takes the number after which to begin, and how many. The state stands in the text, not in a parameter: else the partial
 * index over those that failed would be of no use.
 */
export function selectDeliveriesIn(state: DeliveryState): string {
  return `${SELECT_DELIVERIES} WHERE state = '${state}' AND id > ? ORDER BY id LIMIT ?`
}

/** Takes the order's id, the target, the message, the state, its due time and the moment of writing. */
export const INSERT_DELIVERY = `INSERT INTO deliveries
  (order_id, target, message_id, type, payload, state, due_at, created_at, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`

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
