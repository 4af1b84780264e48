import { STOPPED_MS } from '../../../core/order.ts'
import { AFTERCARE_COLUMNS, REFUND_COLUMNS } from '../../rows/aftercare.ts'
import { DELIVERY_COLUMNS } from '../../rows/deliveries.ts'
import type { Dialect } from '../../rows/list-conditions.ts'
import { ALL_COLUMNS, EVIDENCE_COLUMNS, JOURNAL_COLUMNS } from '../../rows/orders.ts'
import { STRAY_COLUMNS } from '../../rows/strays.ts'
import type { DeliveryState } from '../../store.ts'
import { arrayLiteral } from '../array-literal.ts'
import { named } from './parts.ts'

/* Orders and what belongs to them, as they are read. */

const AFTERCARE_CELLS = `CASE WHEN aftercare.order_id IS NOT NULL
  THEN json_build_array(${named(AFTERCARE_COLUMNS, 'aftercare')}) END`
const REFUNDS_CELLS = `(SELECT json_agg(json_build_array(${named(REFUND_COLUMNS, 'refunds')}) ORDER BY refunds.id)
  FROM verdict.refunds WHERE refunds.order_id = orders.id)`

/** ALL_COLUMNS, what follows the verdict, and the refunds: all of one moment, as one statement sees it. */
export const SELECT_ORDERS = `SELECT ${ALL_COLUMNS}, ${AFTERCARE_CELLS}, ${REFUNDS_CELLS}
  FROM verdict.orders JOIN verdict.facts ON facts.order_id = orders.id
  LEFT JOIN verdict.verdicts ON verdicts.order_id = orders.id
  LEFT JOIN verdict.evidence ON evidence.order_id = verdicts.order_id
    AND evidence.version = verdicts.evidence_version AND evidence.nth = verdicts.evidence_nth
  LEFT JOIN verdict.aftercare ON aftercare.order_id = orders.id`

/** Takes row numbers. */
export const SELECT_CHOSEN_ORDERS = `${SELECT_ORDERS} WHERE orders.id = ANY ($1::bigint[]) ORDER BY orders.id DESC`

/** Takes the columns of many keys. */
export const SELECT_NAMED_IDS = `SELECT orders.id
  FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (out_trade_no, account, sub_mchid)
  JOIN verdict.orders USING (out_trade_no, account, sub_mchid)`

/** Those for whom something is due, one after the other, since the index over due times begins with them. */
const DUE_ACCOUNTS = `WITH RECURSIVE accounts (account) AS (
  SELECT min(account) FROM verdict.orders WHERE due_at IS NOT NULL
  UNION ALL
  SELECT (SELECT min(orders.account) FROM verdict.orders WHERE due_at IS NOT NULL AND orders.account > accounts.account)
  FROM accounts WHERE accounts.account IS NOT NULL
)`

/** Orders that are due before a moment, whoever's they are and whatever their state. The sequence keeps it to the index. */
export function selectDueBelow(moment: string, limit: string | null): string {
  return `${DUE_ACCOUNTS}
SELECT due.id FROM accounts CROSS JOIN (VALUES (0), (1)) AS tills (till) CROSS JOIN LATERAL (
  SELECT orders.id FROM verdict.orders
  WHERE orders.account = accounts.account AND orders.till = tills.till AND orders.due_at < ${moment}
  ORDER BY orders.due_at, orders.id LIMIT ${limit ?? 'ALL'} OFFSET 0
) AS due LIMIT ${limit ?? 'ALL'}`
}

/** Those that wait stand in no index of their own, and are found among what is due. */
export const COUNT_BY_STATE = `SELECT state, count(*) FROM verdict.orders WHERE state <> 'waiting' GROUP BY state
UNION ALL SELECT 'waiting', count(*) FROM verdict.orders WHERE state = 'waiting' AND due_at IS NOT NULL`

/** Takes the moment. A final order may be due, too, and is not overdue. */
export const COUNT_OVERDUE = `${DUE_ACCOUNTS}
SELECT count(*) FROM accounts JOIN verdict.orders ON orders.account = accounts.account AND orders.till IN (0, 1)
WHERE orders.due_at < $1 AND orders.state IN ('placing', 'waiting', 'ending')`

/** The index over due times holds what a person has stopped side by side, account by account. */
export const COUNT_STOPPED = `${DUE_ACCOUNTS}
SELECT count(*) FROM accounts JOIN verdict.orders ON orders.account = accounts.account AND orders.till = 0
WHERE orders.due_at = ${STOPPED_MS}`

/** The earliest due time of each account, whoever has claimed it. */
export const SELECT_OLDEST_DUE = `${DUE_ACCOUNTS}
SELECT account, least(
  (SELECT min(due_at) FROM verdict.orders
   WHERE orders.account = accounts.account AND till = 0 AND due_at IS NOT NULL),
  (SELECT min(due_at) FROM verdict.orders
   WHERE orders.account = accounts.account AND till = 1 AND due_at IS NOT NULL)
) FROM accounts WHERE account IS NOT NULL ORDER BY account`

export const DIALECT: Dialect = {
  schema: 'verdict.',
  placeholder: (nth) => `$${nth}`,
  isAmong: (cell, select) => `${cell} = ANY (ARRAY (${select}))`,
  listed: arrayLiteral,
  isListed: (cell, parameter) => `${cell} = ANY (${parameter}::bigint[])`,
  eachOf: (from, page) => `SELECT found.id FROM ${from} CROSS JOIN LATERAL (${page}) AS found`,
  dueBelow: selectDueBelow,
  dueAccounts: DUE_ACCOUNTS,
  walked: (cell) => `(${cell} + 0)`,
  walksWaiting: false,
}

export const SELECT_JOURNAL = `SELECT ${JOURNAL_COLUMNS} FROM verdict.journal WHERE order_id = $1
  ORDER BY version, line`
export const SELECT_EVIDENCE = `SELECT ${EVIDENCE_COLUMNS} FROM verdict.evidence WHERE order_id = $1
  ORDER BY version, nth`
export const SELECT_STRAYS = `SELECT ${STRAY_COLUMNS} FROM verdict.strays`
export const SELECT_DELIVERIES = `SELECT ${DELIVERY_COLUMNS} FROM verdict.deliveries`

/**
 * Takes the number after which to begin, and how many. The state stands in the text, and that it isn't `sent`: else the
 * partial index over those would be of no use.
 */
export function selectDeliveriesIn(state: DeliveryState): string {
  const unsent = state === 'sent' ? '' : "state <> 'sent' AND"
  return `${SELECT_DELIVERIES} WHERE ${unsent} state = '${state}' AND id > $1 ORDER BY id LIMIT $2`
}

/** Most are sent, and stand in no index by their state: what the others leave of all. */
export const COUNT_DELIVERIES = `WITH unsent AS (
  SELECT state, count(*) AS count FROM verdict.deliveries WHERE state <> 'sent' GROUP BY state
)
SELECT state, count FROM unsent UNION ALL
SELECT 'sent', (SELECT count(*) FROM verdict.deliveries) - coalesce((SELECT sum(count) FROM unsent), 0)::bigint`
