import { DELIVERY_COLUMNS } from '../../rows/deliveries.ts'
import { isFree, unnest } from './parts.ts'

const NEW_DELIVERY_COLUMNS = ['order_id', 'target', 'message_id', 'type', 'payload', 'created_at', 'ord']
export const NEW_DELIVERY_WIDTH = NEW_DELIVERY_COLUMNS.length

/**
 * Writes messages in their sequence: the first of an order's unfinished ones for a target is due, the others are queued.
 * Only in a transaction that has locked the orders: else one could be finished meanwhile, and nobody would advance these.
 */
export const INSERT_DELIVERIES = `WITH given AS (
  SELECT given.*, row_number() OVER (PARTITION BY order_id, target ORDER BY ord) = 1 AND NOT EXISTS (
    SELECT 1 FROM verdict.deliveries AS before WHERE before.order_id = given.order_id AND before.target = given.target
    AND before.state IN ('pending', 'queued')) AS is_first
  FROM ${unnest(1, NEW_DELIVERY_COLUMNS, 'given')}
)
INSERT INTO verdict.deliveries (order_id, target, message_id, type, payload, state, due_at, created_at, attempts)
SELECT order_id, target, message_id, type, payload, CASE WHEN is_first THEN 'pending' ELSE 'queued' END,
  CASE WHEN is_first THEN created_at END, created_at, 0 FROM given ORDER BY ord`

/**
 * Claims for $4 until $5 what is due for the target $1 at $2: at most $3. The dead are $6, silent since $7. Looks at due
 * times after $8.
 */
export const CLAIM_DELIVERIES = `WITH free AS MATERIALIZED (
  SELECT id FROM verdict.deliveries WHERE target = $1 AND due_at > $8 AND due_at <= $2
    AND ${isFree('$2', '$6', '$7')}
  ORDER BY due_at, id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE verdict.deliveries SET worker = $4, claimed_until = $5 WHERE id = ANY (ARRAY (SELECT id FROM free))
RETURNING ${DELIVERY_COLUMNS}`

/** The earliest due time after $5 for the target $1 that is free at $2, the dead being $3, silent since $4. */
export const SELECT_NEXT_DELIVERY = `SELECT due_at FROM verdict.deliveries
  WHERE target = $1 AND due_at > $5 AND ${isFree('$2', '$3', '$4')} ORDER BY due_at, id LIMIT 1`

/** Takes the numbers of messages; locks their orders, in one sequence, against new ones. */
export const LOCK_ORDERS_OF_DELIVERIES = `SELECT id FROM verdict.orders
  WHERE id IN (SELECT order_id FROM verdict.deliveries WHERE id = ANY ($1::bigint[])) ORDER BY id FOR NO KEY UPDATE`

/** Takes the numbers of messages. Gives target and due time of each that is free now. */
export const RELEASE_DELIVERIES = `UPDATE verdict.deliveries SET worker = NULL, claimed_until = NULL
  FROM ${unnest(1, ['id', 'worker'], 'done')}
  WHERE deliveries.id = done.id AND deliveries.worker = coalesce(done.worker, deliveries.worker)
  RETURNING deliveries.target, deliveries.due_at`

const RESULT_COLUMNS = ['id', 'state', 'due_at', 'attempts', 'first_at', 'done_at', 'why', 'worker']
export const RESULT_WIDTH = RESULT_COLUMNS.length

/** Writes results, unless what is on file is newer. Gives the order and the target of each, when it is done, and when it is due. */
export const FINISH_DELIVERIES = `UPDATE verdict.deliveries SET state = results.state, due_at = results.due_at,
  attempts = results.attempts, first_at = results.first_at, done_at = results.done_at, why = results.why,
  worker = NULL, claimed_until = NULL
FROM ${unnest(1, RESULT_COLUMNS, 'results')}
WHERE deliveries.id = results.id AND deliveries.state = 'pending' AND deliveries.attempts < results.attempts
  AND (results.state = 'sent' OR deliveries.worker IS NULL OR deliveries.worker = coalesce(results.worker, deliveries.worker))
RETURNING deliveries.order_id, deliveries.target, deliveries.done_at, deliveries.due_at`

const ADVANCE_COLUMNS = ['order_id', 'target', 'now_at']
export const ADVANCE_WIDTH = ADVANCE_COLUMNS.length

/** The next in line is due, where nothing else of the order is on its way to the target. */
export const ADVANCE_DELIVERIES = `UPDATE verdict.deliveries SET state = 'pending', due_at = ends.now_at
FROM ${unnest(1, ADVANCE_COLUMNS, 'ends')}
WHERE deliveries.id = (SELECT min(id) FROM verdict.deliveries AS line
    WHERE line.order_id = ends.order_id AND line.target = ends.target AND line.state = 'queued')
  AND NOT EXISTS (SELECT 1 FROM verdict.deliveries AS other
    WHERE other.order_id = ends.order_id AND other.target = ends.target AND other.state = 'pending')`

export const RESEND = `UPDATE verdict.deliveries
  SET state = 'pending', due_at = $1, attempts = 0, first_at = NULL, done_at = NULL, worker = NULL, claimed_until = NULL
  WHERE id = $2 AND state IN ('sent', 'failed') RETURNING ${DELIVERY_COLUMNS}`
