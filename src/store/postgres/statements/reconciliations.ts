import { KEPT_COLUMNS, TRIED_COLUMNS } from '../../rows/reconciliations.ts'

/* What was held against WeChat Pay's bills. */

/** Takes account, sub-merchant and day. */
export const BEGIN_RECONCILIATIONS = `INSERT INTO verdict.reconciliations AS it (account, sub_mchid, day, tries)
  VALUES ($1, $2, $3, 0) ON CONFLICT (account, sub_mchid, day) DO UPDATE SET tries = coalesce(it.tries, 0)`
/**
 * Takes account, sub-merchant, day, worker, the end of his claim, how often it was tried, and the moment. Gives a row if the
 * claim is his.
 */
export const CLAIM_RECONCILIATION = `INSERT INTO verdict.reconciliations AS it
  (account, sub_mchid, day, tries, worker, claimed_until) VALUES ($1, $2, $3, 0, $4, $5)
  ON CONFLICT (account, sub_mchid, day) DO UPDATE SET worker = excluded.worker, claimed_until = excluded.claimed_until
  WHERE coalesce(it.tries, 0) = $6 AND coalesce(it.claimed_until, 0) <= $7 RETURNING id`
/** A try that comes to nothing leaves what was found; one that nobody asked for counts, and ends the claim. */
export const KEEP_RECONCILIATION = `INSERT INTO verdict.reconciliations AS it (${TRIED_COLUMNS})
  VALUES (${TRIED_COLUMNS.map((_, i) => `$${i + 1}`)}) ON CONFLICT (account, sub_mchid, day) DO UPDATE SET
  tries = CASE WHEN excluded.tries IS NULL THEN it.tries ELSE coalesce(it.tries, 0) + 1 END,
  claimed_until = CASE WHEN excluded.tries IS NULL THEN it.claimed_until END,
  tried_at = excluded.tried_at, failure = excluded.failure,
  found = coalesce(excluded.found, it.found), found_at = coalesce(excluded.found_at, it.found_at),
  differences = coalesce(excluded.differences, it.differences)`
/** Takes account and sub-merchant, null each for any; the row to stand behind, null for none; and how many. */
export const SELECT_RECONCILIATIONS = `SELECT ${KEPT_COLUMNS} FROM verdict.reconciliations
  WHERE account = coalesce($1::text, account) AND sub_mchid = coalesce($2::text, sub_mchid)
  AND ($3::bigint IS NULL OR (day, id) < (SELECT day, id FROM verdict.reconciliations WHERE id = $3))
  ORDER BY day DESC, id DESC LIMIT $4`
/** Takes account, sub-merchant and day. */
export const SELECT_RECONCILIATION = `SELECT found, differences FROM verdict.reconciliations
  WHERE account = $1 AND sub_mchid = $2 AND day = $3`
