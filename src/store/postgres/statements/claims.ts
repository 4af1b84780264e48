import { OPEN_COLUMNS } from '../../rows/orders.ts'
import { isFree } from './parts.ts'

function freeOrders(till: 0 | 1, afterMs: string, untilMs: string, limit: string): string {
  return `SELECT id, due_at FROM verdict.orders WHERE account = $1 AND till = ${till}
    AND due_at > ${afterMs} AND due_at <= ${untilMs} AND ${isFree('$2', '$8', '$9')}
    ORDER BY due_at, id LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED`
}

const ROOM_FOR_OTHERS = `(SELECT CASE WHEN $13::boolean THEN 0
  ELSE greatest($5::integer / $12::integer, $5::integer - count(*)) END FROM here)`

/**
 * Claims for $6 until $7 what is due for the account $1 at $2 up to $3: at most $5, those at the till first, who are here
 * unless they have been due since $4. The dead are $8, silent since $9. Looks at due times after $10 at the till and $11
 * elsewhere. One in $12 is kept for the others; nothing, if $13 says so. Gives the rows of OPEN_COLUMNS, and last whether the
 * order is of the moment at which the statement began: one that was committed since is claimed as it is now, but its facts,
 * which a person may have corrected with that commit, are read as they were.
 */
export const CLAIM_DUE = `WITH here AS MATERIALIZED (${freeOrders(1, 'greatest($4::bigint, $10::bigint)', '$3', '$5')}),
gone AS MATERIALIZED (${freeOrders(1, '$10', '$4', ROOM_FOR_OTHERS)}),
elsewhere AS MATERIALIZED (${freeOrders(0, '$11', '$3', ROOM_FOR_OTHERS)}),
others AS MATERIALIZED (
  SELECT id FROM (SELECT * FROM gone UNION ALL SELECT * FROM elsewhere) AS queues
  ORDER BY due_at, id LIMIT ${ROOM_FOR_OTHERS}
), chosen AS (
  (SELECT id FROM here ORDER BY due_at, id LIMIT greatest(0, $5::integer - (SELECT count(*) FROM others)))
  UNION ALL SELECT id FROM others
)
UPDATE verdict.orders SET worker = $6, claimed_until = $7 FROM verdict.facts
WHERE orders.id = ANY (ARRAY (SELECT id FROM chosen)) AND facts.order_id = orders.id
RETURNING ${OPEN_COLUMNS},
  orders.version = (SELECT version FROM verdict.orders AS seen WHERE seen.id = orders.id)`

function firstFree(till: 0 | 1, afterMs: string): string {
  return `(SELECT due_at FROM verdict.orders WHERE account = $1 AND till = ${till} AND due_at > ${afterMs} AND due_at < $7
    AND ${isFree('$2', '$3', '$4')} ORDER BY due_at LIMIT 1)`
}

/**
 * The earliest due times of the account $1 that are free at $2, the dead being $3, silent since $4: at the till after $5,
 * elsewhere after $6, and before $7.
 */
export const SELECT_NEXT_DUE = `SELECT ${firstFree(1, '$5')}, ${firstFree(0, '$6')}`

/**
 * Takes the numbers, the worker, and for each the end of the very claim that is meant; null for any. Gives account and due
 * time of each that is free now.
 */
export const RELEASE = `UPDATE verdict.orders SET worker = NULL, claimed_until = NULL
  FROM unnest($1::bigint[], $3::bigint[]) AS claims (id, until)
  WHERE orders.id = claims.id AND worker = $2 AND (claims.until IS NULL OR claimed_until = claims.until)
  RETURNING account, due_at`
