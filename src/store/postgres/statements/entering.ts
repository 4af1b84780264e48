import { FACTS_COLUMNS, JOURNAL_COLUMNS, KEY_COLUMNS, PROGRESS_COLUMNS } from '../../rows/orders.ts'
import { named, unnest } from './parts.ts'
import { SELECT_ORDERS } from './reading.ts'

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
