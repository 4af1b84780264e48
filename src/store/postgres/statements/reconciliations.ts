import {
  countedOver,
  keptOver,
  type ReconciliationDialect,
  TRIED_COLUMNS,
} from '../../rows/reconciliations.ts'

/* What was held against WeChat Pay's bills. */

const KEY = '(account, sub_mchid, day)'

/** Takes account, sub-merchant and day. */
export const BEGIN_RECONCILIATIONS = `INSERT INTO verdict.reconciliations AS it (account, sub_mchid, day, tries, finds)
  VALUES ($1, $2, $3, 0, 0) ON CONFLICT ${KEY} DO UPDATE SET tries = coalesce(it.tries, 0)`
/**
 * Takes account, sub-merchant, day, worker, the end of his claim, when the latest try had ended, and the moment. Gives a row if
 * the claim is his.
 */
export const CLAIM_RECONCILIATION = `INSERT INTO verdict.reconciliations AS it
  (account, sub_mchid, day, tries, finds, worker, claimed_until) VALUES ($1, $2, $3, 0, 0, $4, $5)
  ON CONFLICT ${KEY} DO UPDATE SET worker = excluded.worker, claimed_until = excluded.claimed_until,
    tries = coalesce(it.tries, 0)
  WHERE it.tried_at IS NOT DISTINCT FROM $6::bigint
    AND (it.worker IS NULL OR it.claimed_until <= $7 OR it.claimed_until > excluded.claimed_until) RETURNING id`
/** Takes account, sub-merchant, day and worker. */
export const RELEASE_RECONCILIATION = `UPDATE verdict.reconciliations SET worker = NULL, claimed_until = NULL
  WHERE account = $1 AND sub_mchid = $2 AND day = $3 AND worker = $4`
const PUT_RECONCILIATION = `INSERT INTO verdict.reconciliations AS it (${TRIED_COLUMNS}, finds)
  VALUES (${TRIED_COLUMNS.map((_, i) => `$${i + 1}`)}, 0) ON CONFLICT ${KEY} DO UPDATE SET`
/** Because somebody asked. */
export const KEEP_RECONCILIATION = `${PUT_RECONCILIATION} ${keptOver('it')}`
/** Takes the TRIED_COLUMNS, and the worker whose claim it has to be still: its row is there since that was made. */
export const KEEP_CLAIMED_RECONCILIATION = `${PUT_RECONCILIATION} ${countedOver('it')}
  WHERE it.worker = $${TRIED_COLUMNS.length + 1}`
export const RECONCILIATION_DIALECT: ReconciliationDialect = {
  table: 'verdict.reconciliations',
  placeholder: (nth) => `$${nth}`,
}
/** Takes account, sub-merchant and day. */
export const SELECT_RECONCILIATION = `SELECT found, differences FROM verdict.reconciliations
  WHERE account = $1 AND sub_mchid = $2 AND day = $3`
