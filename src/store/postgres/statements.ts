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
import { NEW_STRAY_COLUMNS, STRAY_COLUMNS } from '../rows/strays.ts'
import type { DeliveryState } from '../store.ts'
import { arrayLiteral } from './array-literal.ts'

/*
 * What the store says to PostgreSQL. Many rows go into one statement as one array for each column, and what belongs
 * together goes into one statement as far as it can: it is written whole or not at all, and costs one round trip.
 */

const BIGINTS = new Set([
  ...['id', 'order_id', 'due_at', 'version', 'latest_placing_at', 'unknown_at', 'given_up_at', 'at', 'took'],
  ...['revoke_in_flight_at', 'revoke_unanswered_at', 'total', 'created_at', 'window_end_at', 'received_at'],
  ...[
    'compare_at',
    'late_learnt_at',
    'late_due_at',
    'late_confirmed_at',
    'amount',
    'sent_at',
    'unanswered_at',
  ],
  ...['from_version', 'evidence_version', 'stray_id', 'first_at', 'done_at', 'now_at', 'kept_at'],
])
const INTEGERS = new Set([
  ...[
    'queries',
    'silence',
    'placings',
    'ending_calls',
    'ending_confirmations',
    'line',
    'nth',
    'evidence_nth',
  ],
  ...['status', 'late_questions', 'attempts', 'pauses', 'ord'],
])
const FLAGS = new Set(['till', 'declined', 'revoke_accepted', 'may_end', 'keep', 'only_new'])

function typeOf(column: string): string {
  if (BIGINTS.has(column)) return 'bigint'
  if (INTEGERS.has(column)) return 'integer'
  return FLAGS.has(column) ? 'smallint' : 'text'
}

/** Rows that come as one array for each column, from parameter `first` on. */
export function unnest(first: number, columns: readonly string[], name: string): string {
  const arrays = columns.map((column, i) => `$${first + i}::${typeOf(column)}[]`)
  return `unnest(${arrays}) AS ${name} (${columns})`
}

function named(columns: readonly string[], table: string): string {
  return columns.map((column) => `${table}.${column}`).join(', ')
}

function overwriting(columns: readonly string[]): string {
  return columns.map((column) => `${column} = excluded.${column}`).join(', ')
}

// ------------------------------------------------------------------ reading orders

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

// ------------------------------------------------------------------ entering

const NEW_ORDER_COLUMNS = [
  'ord',
  ...KEY_COLUMNS,
  ...PROGRESS_COLUMNS,
  ...FACTS_COLUMNS,
  'fingerprint',
  'body',
]
const NEW_LINE_COLUMNS = ['ord', 'line', ...JOURNAL_COLUMNS]

/**
 * Enters orders that are not there, each number once. Takes the worker, until when it has them, the columns of the new
 * orders, and those of their journal lines. Gives the row number of each by its place in the list; nothing for one whose
 * number is taken.
 */
export const INSERT_ORDERS = `WITH given AS (SELECT * FROM ${unnest(3, NEW_ORDER_COLUMNS, 'given')}),
entered AS (
  INSERT INTO verdict.orders (${[...KEY_COLUMNS, ...PROGRESS_COLUMNS]}, worker, claimed_until)
  SELECT ${[...KEY_COLUMNS, ...PROGRESS_COLUMNS]}, $1::text, $2::bigint FROM given ORDER BY ord
  ON CONFLICT (out_trade_no, account, sub_mchid) DO NOTHING
  RETURNING id, account, sub_mchid, out_trade_no
), fresh AS (
  SELECT entered.id, given.* FROM entered JOIN given USING (account, sub_mchid, out_trade_no)
), facts_written AS (
  INSERT INTO verdict.facts (order_id, ${FACTS_COLUMNS}) SELECT id, ${FACTS_COLUMNS} FROM fresh
), placings_written AS (
  INSERT INTO verdict.placings (order_id, fingerprint, body) SELECT id, fingerprint, body FROM fresh
), journal_written AS (
  INSERT INTO verdict.journal (order_id, version, line, ${JOURNAL_COLUMNS})
  SELECT fresh.id, fresh.version, lines.line, ${named(JOURNAL_COLUMNS, 'lines')}
  FROM fresh JOIN ${unnest(3 + NEW_ORDER_COLUMNS.length, NEW_LINE_COLUMNS, 'lines')} USING (ord)
)
SELECT ord, id FROM fresh`

export const NEW_ORDER_WIDTH = NEW_ORDER_COLUMNS.length
export const NEW_LINE_WIDTH = NEW_LINE_COLUMNS.length

/** Whoever enters an order for one of these purchases waits until the others have. Takes the names of the locks. */
export const LOCK_PURCHASES = `SELECT pg_advisory_xact_lock(hashtextextended(name, 0))
  FROM (SELECT DISTINCT unnest($1::text[]) AS name ORDER BY name) AS names`

/** Takes the account, the sub-merchant and the purchase: the order that is open or paid for it. */
export const SELECT_PURCHASE = `${SELECT_ORDERS}
  WHERE facts.purchase = $3 AND orders.account = $1 AND orders.sub_mchid = $2
  AND CASE coalesce(aftercare.late_phase, 'suspected')
    WHEN 'returned' THEN false
    WHEN 'suspected' THEN orders.state IN ('placing', 'waiting', 'ending', 'SUCCESS')
    ELSE true
  END
  ORDER BY orders.id LIMIT 1`

// ------------------------------------------------------------------ claims

/**
 * Nobody works on it: no claim, one that is over, or a dead worker's. Takes the dead and since when they are silent: who has
 * come back meanwhile is not dead, and what he has claimed anew is his.
 */
function isFree(nowMs: string, dead: string, silentSince: string): string {
  return `(claimed_until IS NULL OR claimed_until <= ${nowMs} OR worker = ANY (ARRAY (
    SELECT name FROM verdict.workers WHERE name = ANY (${dead}::text[]) AND beat_at < ${silentSince}::bigint)))`
}

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
  return `(SELECT due_at FROM verdict.orders WHERE account = $1 AND till = ${till} AND due_at > ${afterMs}
    AND ${isFree('$2', '$3', '$4')} ORDER BY due_at LIMIT 1)`
}

/**
 * The earliest due times of the account $1 that are free at $2, the dead being $3, silent since $4: at the till after $5,
 * elsewhere after $6.
 */
export const SELECT_NEXT_DUE = `SELECT ${firstFree(1, '$5')}, ${firstFree(0, '$6')}`

/**
 * Takes the numbers, the worker, and the end of the very claim that is meant; null for any. Gives account and due time of
 * each that is free now.
 */
export const RELEASE = `UPDATE verdict.orders SET worker = NULL, claimed_until = NULL
  WHERE id = ANY ($1::bigint[]) AND worker = $2 AND ($3::bigint IS NULL OR claimed_until = $3)
  RETURNING account, due_at`

// ------------------------------------------------------------------ commits

const CHANGE_COLUMNS = ['id', 'from_version', 'worker', 'keep', ...PROGRESS_COLUMNS]

/** What a commit may write, each as rows; all but the changes may be empty. */
export interface Written {
  readonly changes: number
  readonly facts: number
  readonly journal: number
  readonly evidence: number
  readonly verdicts: number
  readonly credentials: number
  readonly aftercare: number
  readonly refunds: number
  readonly strays: number
}

export type Part = keyof Written

const IS_APPLIED = 'order_id IN (SELECT id FROM applied)'

interface PartOfCommit {
  readonly columns: readonly string[]
  /** @param rows the `unnest` of its columns */
  readonly sql: (rows: string) => string
}

function inserted(
  table: string,
  columns: readonly string[],
  more: { also?: string; end?: string } = {},
): (rows: string) => string {
  return (rows) => `${table}_written AS (
  INSERT INTO verdict.${table} (${columns}) SELECT ${columns} FROM ${rows}
  WHERE ${IS_APPLIED}${more.also ?? ''} ${more.end ?? ''}
)`
}

const COMMITTED_EVIDENCE = ['order_id', 'version', 'nth', ...EVIDENCE_COLUMNS]
const COMMITTED_VERDICT = ['order_id', 'state', ...VERDICT_COLUMNS, 'evidence_version', 'evidence_nth']

/** In the order in which their parameters come. */
export const COMMIT_PARTS: Readonly<Record<Part, PartOfCommit>> = {
  changes: {
    columns: CHANGE_COLUMNS,
    // A claim ends with the change unless it is kept or another's; that of an order about which nothing is to be done ends.
    sql: (rows) => `applied AS (
  UPDATE verdict.orders SET ${PROGRESS_COLUMNS.map((column) => `${column} = changes.${column}`)},
    worker = CASE WHEN ${STAYS} THEN orders.worker END,
    claimed_until = CASE WHEN ${STAYS} THEN orders.claimed_until END
  FROM ${rows}
  WHERE orders.id = changes.id AND orders.version = changes.from_version
    AND (orders.state IN ('placing', 'waiting', 'ending') OR orders.state = changes.state)
  RETURNING orders.id
)`,
  },
  // Written once, but for an amount that a person has corrected.
  facts: {
    columns: ['order_id', 'total', 'currency'],
    sql: (rows) => `facts_corrected AS (
  UPDATE verdict.facts SET total = corrected.total, currency = corrected.currency
  FROM (SELECT * FROM ${rows}) AS corrected
  WHERE facts.order_id = corrected.order_id AND corrected.${IS_APPLIED}
)`,
  },
  journal: {
    columns: ['order_id', 'version', 'line', ...JOURNAL_COLUMNS],
    sql: inserted('journal', ['order_id', 'version', 'line', ...JOURNAL_COLUMNS]),
  },
  evidence: {
    columns: [...COMMITTED_EVIDENCE, 'only_new'],
    sql: inserted('evidence', COMMITTED_EVIDENCE, {
      also: ` AND (only_new = 0 OR NOT EXISTS (
    SELECT 1 FROM verdict.verdicts WHERE verdicts.order_id = evidence.order_id))`,
    }),
  },
  // A verdict is written once; what is learnt later changes the order beside it, never the verdict.
  verdicts: {
    columns: COMMITTED_VERDICT,
    sql: inserted('verdicts', COMMITTED_VERDICT, { end: 'ON CONFLICT (order_id) DO NOTHING' }),
  },
  // A repeated placing may bring a new credential; the latest is the one that works.
  credentials: {
    columns: ['order_id', 'name', 'value'],
    sql: inserted('credentials', ['order_id', 'name', 'value'], {
      end: `ON CONFLICT (order_id) DO UPDATE SET ${overwriting(['name', 'value'])}`,
    }),
  },
  aftercare: {
    columns: ['order_id', ...AFTERCARE_COLUMNS],
    sql: inserted('aftercare', ['order_id', ...AFTERCARE_COLUMNS], {
      end: `ON CONFLICT (order_id) DO UPDATE SET ${overwriting(AFTERCARE_COLUMNS)}`,
    }),
  },
  // A refund of the same number keeps its row, and its place in the sequence.
  refunds: {
    columns: ['order_id', ...REFUND_COLUMNS, 'ord'],
    sql: inserted('refunds', ['order_id', ...REFUND_COLUMNS], {
      end: `ORDER BY ord ON CONFLICT (order_id, out_refund_no) DO UPDATE SET ${overwriting(REFUND_COLUMNS)}`,
    }),
  },
  strays: {
    columns: ['order_id', 'stray_id'],
    sql: (rows) => `strays_dropped AS (
  DELETE FROM verdict.strays WHERE id IN (SELECT stray_id FROM ${rows} WHERE ${IS_APPLIED})
)`,
  },
}

const STAYS =
  'changes.due_at IS NOT NULL AND (changes.keep = 1 OR orders.worker IS DISTINCT FROM coalesce(changes.worker, orders.worker))'

const commits = new Map<string, string>()

/** The statement that writes these parts, and gives the numbers of the orders whose change was applied. */
export function commitOf(parts: readonly Part[]): string {
  const name = parts.join(' ')
  const known = commits.get(name)
  if (known !== undefined) return known
  let first = 1
  const pieces = parts.map((part) => {
    const { columns, sql } = COMMIT_PARTS[part]
    const piece = sql(unnest(first, columns, part))
    first += columns.length
    return piece
  })
  const text = `WITH ${pieces.join(',\n')}\nSELECT id FROM applied`
  commits.set(name, text)
  return text
}

/** Tells the other processes. Takes the channel and what is told. */
export const NOTIFY = 'SELECT pg_notify($1, $2)'

// ------------------------------------------------------------------ messages

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

// ------------------------------------------------------------------ callbacks without an order, keys

/** The same notification is kept once. */
export const INSERT_STRAY = `INSERT INTO verdict.strays (${NEW_STRAY_COLUMNS})
  VALUES (${NEW_STRAY_COLUMNS.map((_, i) => `$${i + 1}`)}) ON CONFLICT DO NOTHING`

const KEY_ROW_COLUMNS = ['account', 'serial', 'public_key', 'kept_at']
export const KEY_ROW_WIDTH = KEY_ROW_COLUMNS.length
export const KEEP_PLATFORM_KEYS = `INSERT INTO verdict.platform_keys (${KEY_ROW_COLUMNS})
  SELECT * FROM ${unnest(1, KEY_ROW_COLUMNS, 'keys')} ON CONFLICT DO NOTHING`
export const SELECT_PLATFORM_KEYS = `SELECT ${KEY_ROW_COLUMNS} FROM verdict.platform_keys
  ORDER BY kept_at, account, serial`

// ------------------------------------------------------------------ callers of the service

export const INSERT_API_KEY = `INSERT INTO verdict.api_keys (${API_KEY_COLUMNS})
  VALUES (${API_KEY_COLUMNS.map((_, i) => `$${i + 1}`)})`
export const SELECT_API_KEYS = `SELECT ${API_KEY_COLUMNS} FROM verdict.api_keys ORDER BY created_at, id`
export const REVOKE_API_KEY = `UPDATE verdict.api_keys SET revoked_at = $1
  WHERE id = $2 AND revoked_at IS NULL RETURNING id`

/** Takes the SESSION_COLUMNS, and the moment up to which others are over: of those a few are dropped. */
export const INSERT_SESSION = `WITH old AS MATERIALIZED (
  SELECT hash FROM verdict.sessions WHERE ends_at <= $4 ORDER BY ends_at LIMIT 4 FOR UPDATE SKIP LOCKED
), dropped AS (
  DELETE FROM verdict.sessions USING old WHERE sessions.hash = old.hash
)
INSERT INTO verdict.sessions (${SESSION_COLUMNS}) VALUES ($1, $2, $3)`
/** Takes the hash, and the moment at which it has to be still there. */
export const SELECT_SESSION = `SELECT ${SESSION_COLUMNS} FROM verdict.sessions WHERE hash = $1 AND ends_at > $2`
export const DELETE_SESSION = 'DELETE FROM verdict.sessions WHERE hash = $1'

/**
 * Takes the caller, the key, the hash, the moment, and that up to which others count as never used: of those a few are
 * dropped, more than one, so that they become fewer. Gives a row if the key counts as never used.
 */
export const CLAIM_REQUEST = `WITH old AS MATERIALIZED (
  SELECT caller, key FROM verdict.requests WHERE at <= $5 AND (caller, key) <> ($1, $2)
  ORDER BY at LIMIT 4 FOR UPDATE SKIP LOCKED
), dropped AS (
  DELETE FROM verdict.requests USING old WHERE requests.caller = old.caller AND requests.key = old.key
)
INSERT INTO verdict.requests AS it (caller, key, hash, at) VALUES ($1, $2, $3, $4)
ON CONFLICT (caller, key) DO UPDATE SET hash = excluded.hash, at = excluded.at WHERE it.at <= $5
RETURNING key`
export const SELECT_REQUEST = 'SELECT hash FROM verdict.requests WHERE caller = $1 AND key = $2'
