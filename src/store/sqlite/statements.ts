import { STOPPED_MS } from '../../core/order.ts'
import { AFTERCARE_COLUMNS, REFUND_COLUMNS } from '../rows/aftercare.ts'
import { API_KEY_COLUMNS, SESSION_COLUMNS } from '../rows/api-keys.ts'
import { DELIVERY_COLUMNS } from '../rows/deliveries.ts'
import type { Dialect } from '../rows/list-conditions.ts'
import {
  ALL_COLUMNS,
  EVIDENCE_COLUMNS,
  FACTS_COLUMNS,
  JOURNAL_COLUMNS,
  KEY_COLUMNS,
  OPEN_COLUMNS,
  PROGRESS_COLUMNS,
  VERDICT_COLUMNS,
} from '../rows/orders.ts'
import { countedOver, keptOver, type ReconciliationDialect, TRIED_COLUMNS } from '../rows/reconciliations.ts'
import { NEW_STRAY_COLUMNS, STRAY_COLUMNS } from '../rows/strays.ts'
import type { DeliveryState } from '../store.ts'

/* What the store says to SQLite. Parameters stand in the order of the columns, unless a comment says otherwise. */

function insertInto(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns}) VALUES (${columns.map(() => '?')})`
}

function overwriting(columns: readonly string[]): string {
  return `ON CONFLICT DO UPDATE SET ${columns.map((name) => `${name} = excluded.${name}`)}`
}

// ------------------------------------------------------------------ orders

/** Takes a JSON array of ids; gives the orders in that order, all with one call into SQLite. */
export const SELECT_DUE_ORDERS = `SELECT ${OPEN_COLUMNS} FROM json_each(?) AS wanted
  CROSS JOIN orders ON orders.id = wanted.value CROSS JOIN facts ON facts.order_id = orders.id`

export const SELECT_ORDERS = `SELECT ${ALL_COLUMNS} FROM orders JOIN facts ON facts.order_id = orders.id
  LEFT JOIN verdicts ON verdicts.order_id = orders.id LEFT JOIN evidence ON evidence.id = verdicts.evidence_id`

export const INSERT_ORDER = insertInto('orders', [...KEY_COLUMNS, ...PROGRESS_COLUMNS])
export const INSERT_FACTS = insertInto('facts', ['order_id', ...FACTS_COLUMNS])
/** Takes the amount that a person has corrected, its currency, and the order. */
export const CORRECT_FACTS = 'UPDATE facts SET total = ?, currency = ? WHERE order_id = ?'
/** What most polls leave as it is. Other indexes than that over due times are about these. */
const MARKS: ReadonlySet<string> = new Set(['state', 'attention'])
export const POLLED = PROGRESS_COLUMNS.map((name) => !MARKS.has(name))
/**
 * Takes the progress without state and attention, the id, the version before, and state and attention, which are what they
 * were. They are not assigned: SQLite would write their indexes anew.
 */
export const UPDATE_POLLED = `UPDATE orders
  SET ${PROGRESS_COLUMNS.filter((name) => !MARKS.has(name)).map((name) => `${name} = ?`)}
  WHERE id = ? AND version = ? AND state = ? AND attention IS ?`
/** Takes the progress, the id, the version before, and the state once more: a final one never becomes another. */
export const UPDATE_ORDER = `UPDATE orders SET ${PROGRESS_COLUMNS.map((name) => `${name} = ?`)}
  WHERE id = ? AND version = ? AND (state IN ('placing', 'waiting', 'ending') OR state = ?)`

export const INSERT_VERDICT = insertInto('verdicts', ['order_id', 'state', ...VERDICT_COLUMNS, 'evidence_id'])
export const INSERT_EVIDENCE = insertInto('evidence', ['order_id', ...EVIDENCE_COLUMNS])
export const SELECT_EVIDENCE = `SELECT ${EVIDENCE_COLUMNS} FROM evidence WHERE order_id = ? ORDER BY id`

export const INSERT_JOURNAL = insertInto('journal', ['order_id', 'version', 'line', ...JOURNAL_COLUMNS])
export const SELECT_JOURNAL = `SELECT ${JOURNAL_COLUMNS} FROM journal WHERE order_id = ? ORDER BY version, line`

// ------------------------------------------------------------------ lists

/** Those for whom something is due, one after the other, since the index over due times begins with them. */
const DUE_ACCOUNTS = `WITH RECURSIVE accounts (account) AS (
  SELECT min(account) FROM orders WHERE due_at IS NOT NULL
  UNION ALL
  SELECT (SELECT min(orders.account) FROM orders WHERE due_at IS NOT NULL AND orders.account > accounts.account)
  FROM accounts WHERE accounts.account IS NOT NULL
)`
const fromDue = (moment: string): string => `FROM accounts CROSS JOIN orders
WHERE orders.account = accounts.account AND orders.till IN (0, 1) AND orders.due_at < ${moment}`

/** Orders that are due before a moment, whoever's they are and whatever their state. */
export function selectDueBelow(moment: string, limit: string | null): string {
  return `${DUE_ACCOUNTS} SELECT orders.id ${fromDue(moment)} LIMIT ${limit ?? -1}`
}
/** Takes the moment. A final order may be due, too, and is not overdue. */
export const COUNT_OVERDUE = `${DUE_ACCOUNTS} SELECT count(*) ${fromDue('?')}
  AND orders.state IN ('placing', 'waiting', 'ending')`

/** The index over due times holds what a person has stopped side by side, account by account. */
export const COUNT_STOPPED = `${DUE_ACCOUNTS} SELECT count(*) FROM accounts CROSS JOIN orders
WHERE orders.account = accounts.account AND orders.till = 0 AND orders.due_at = ${STOPPED_MS}`

/** The earliest due time of each account, whoever has claimed it. */
export const SELECT_OLDEST_DUE = `${DUE_ACCOUNTS}
SELECT account, min(
  coalesce((SELECT min(due_at) FROM orders WHERE orders.account = accounts.account AND till = 0 AND due_at IS NOT NULL), ${Number.MAX_SAFE_INTEGER}),
  coalesce((SELECT min(due_at) FROM orders WHERE orders.account = accounts.account AND till = 1 AND due_at IS NOT NULL), ${Number.MAX_SAFE_INTEGER})
) FROM accounts WHERE account IS NOT NULL ORDER BY account`

/** Most orders are paid. */
export const COUNT_BY_STATE = countOfMost(
  'orders',
  'SUCCESS',
  "state IN ('placing', 'waiting', 'ending', 'CLOSED', 'REVOKED', 'NOT_CREATED')",
)

/** How many rows are in each state. Those of `most` are what the others leave of all, which SQLite counts by the page. */
function countOfMost(table: string, most: string, isOther: string): string {
  return `WITH others AS (SELECT state, count(*) AS count FROM ${table} WHERE ${isOther} GROUP BY state)
SELECT state, count FROM others UNION ALL
SELECT '${most}', (SELECT count(*) FROM ${table}) - coalesce((SELECT sum(count) FROM others), 0)`
}

export const COUNT_ATTENTION = 'SELECT count(*) FROM orders WHERE attention IS NOT NULL'

export const DIALECT: Dialect = {
  schema: '',
  placeholder: () => '?',
  isAmong: (cell, select) => `${cell} IN (${select})`,
  listed: (ids) => JSON.stringify(ids),
  isListed: (cell, parameter) => `${cell} IN (SELECT value FROM json_each(${parameter}))`,
  eachOf: (from, page) =>
    `SELECT found.id FROM ${from} CROSS JOIN orders AS found WHERE found.id IN (${page})`,
  dueBelow: selectDueBelow,
  dueAccounts: DUE_ACCOUNTS,
  walked: (cell) => cell,
  walksWaiting: true,
}

// ------------------------------------------------------------------ what follows a verdict

export const SELECT_AFTERCARE = `SELECT ${AFTERCARE_COLUMNS} FROM aftercare WHERE order_id = ?`
export const PUT_AFTERCARE = `${insertInto('aftercare', ['order_id', ...AFTERCARE_COLUMNS])}
  ${overwriting(AFTERCARE_COLUMNS)}`

export const SELECT_REFUNDS = `SELECT ${REFUND_COLUMNS} FROM refunds WHERE order_id = ? ORDER BY id`
/** A refund of the same number keeps its row, and its place in the sequence. */
export const PUT_REFUND = `${insertInto('refunds', ['order_id', ...REFUND_COLUMNS])}
  ${overwriting(REFUND_COLUMNS)}`

// ------------------------------------------------------------------ messages, callbacks without an order

export const SELECT_DELIVERIES = `SELECT ${DELIVERY_COLUMNS} FROM deliveries`

/** Takes the target and the moment. */
export const SELECT_DUE_DELIVERIES = `SELECT id, due_at FROM deliveries
  WHERE target = ? AND due_at <= ? ORDER BY due_at, id`

/**
 * Takes the number after which to begin, and how many. The state stands in the text, and that it isn't `sent`: else the
 * partial index over those would be of no use.
 */
export function selectDeliveriesIn(state: DeliveryState): string {
  const unsent = state === 'sent' ? '' : "state <> 'sent' AND"
  return `${SELECT_DELIVERIES} WHERE ${unsent} state = '${state}' AND id > ? ORDER BY id LIMIT ?`
}

/** Most are sent: these are what the others leave of all, which SQLite counts without a look at any. */
export const COUNT_DELIVERIES = countOfMost('deliveries', 'sent', "state <> 'sent'")

/** Takes the order's id, the target, the message, the state, its due time and the moment of writing. */
export const INSERT_DELIVERY = `INSERT INTO deliveries
  (order_id, target, message_id, type, payload, state, due_at, created_at, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`

export const SELECT_STRAYS = `SELECT ${STRAY_COLUMNS} FROM strays`
/** The same notification is kept once. */
export const INSERT_STRAY = `${insertInto('strays', NEW_STRAY_COLUMNS)} ON CONFLICT DO NOTHING`

// ------------------------------------------------------------------ callers of the service

export const INSERT_API_KEY = insertInto('api_keys', API_KEY_COLUMNS)
export const SELECT_API_KEYS = `SELECT ${API_KEY_COLUMNS} FROM api_keys ORDER BY created_at, id`

export const INSERT_SESSION = insertInto('sessions', SESSION_COLUMNS)
/** Takes the hash, and the moment at which it has to be still there. */
export const SELECT_SESSION = `SELECT ${SESSION_COLUMNS} FROM sessions WHERE hash = ? AND ends_at > ?`
/** More than one at a time, so that they become fewer. */
export const DROP_SESSIONS = `DELETE FROM sessions WHERE hash IN (
  SELECT hash FROM sessions WHERE ends_at <= ? ORDER BY ends_at LIMIT 4)`

/** Takes the caller, the key, the hash, the moment, and that up to which others count as never used. */
export const CLAIM_REQUEST = `INSERT INTO requests (caller, key, hash, at) VALUES (?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET hash = excluded.hash, at = excluded.at WHERE requests.at <= ?`
export const SELECT_REQUEST = 'SELECT hash FROM requests WHERE caller = ? AND key = ?'
/** Takes the moment up to which they count as never used. More than one at a time, so that they become fewer. */
export const DROP_REQUESTS = `DELETE FROM requests WHERE (caller, key) IN (
  SELECT caller, key FROM requests WHERE at <= ? ORDER BY at LIMIT 4)`

// ------------------------------------------------------------------ what was held against bills

/** Takes account, sub-merchant and day. */
export const BEGIN_RECONCILIATIONS = `INSERT INTO reconciliations (account, sub_mchid, day, tries, finds)
  VALUES (?, ?, ?, 0, 0) ON CONFLICT DO UPDATE SET tries = coalesce(reconciliations.tries, 0)`
/** Takes account, sub-merchant, day, worker, the end of his claim, when the latest try had ended, and the moment. */
export const CLAIM_RECONCILIATION = `INSERT INTO reconciliations
  (account, sub_mchid, day, tries, finds, worker, claimed_until) VALUES (?1, ?2, ?3, 0, 0, ?4, ?5)
  ON CONFLICT DO UPDATE SET worker = ?4, claimed_until = ?5, tries = coalesce(reconciliations.tries, 0)
  WHERE reconciliations.tried_at IS ?6 AND (reconciliations.worker IS NULL
    OR reconciliations.claimed_until <= ?7 OR reconciliations.claimed_until > ?5)`
/** Takes account, sub-merchant, day and worker. */
export const RELEASE_RECONCILIATION = `UPDATE reconciliations SET worker = NULL, claimed_until = NULL
  WHERE account = ? AND sub_mchid = ? AND day = ? AND worker = ?`
const PUT_RECONCILIATION = `INSERT INTO reconciliations (${TRIED_COLUMNS}, finds)
  VALUES (${TRIED_COLUMNS.map(() => '?')}, 0) ON CONFLICT DO UPDATE SET`
/** Because somebody asked. */
export const KEEP_RECONCILIATION = `${PUT_RECONCILIATION} ${keptOver('reconciliations')}`
/** Takes the TRIED_COLUMNS, and the worker whose claim it has to be still: its row is there since that was made. */
export const KEEP_CLAIMED_RECONCILIATION = `${PUT_RECONCILIATION} ${countedOver('reconciliations')}
  WHERE reconciliations.worker = ?`
export const RECONCILIATION_DIALECT: ReconciliationDialect = {
  table: 'reconciliations',
  placeholder: () => '?',
}
/** Takes account, sub-merchant and day. */
export const SELECT_RECONCILIATION =
  'SELECT found, differences FROM reconciliations WHERE account = ? AND sub_mchid = ? AND day = ?'
