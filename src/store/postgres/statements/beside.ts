import { API_KEY_COLUMNS, SESSION_COLUMNS } from '../../rows/api-keys.ts'
import { NEW_STRAY_COLUMNS } from '../../rows/strays.ts'
import { unnest } from './parts.ts'

/* What lies beside the orders: callbacks without one, WeChat Pay's keys, callers of the service. */

/** The same notification is kept once. */
export const INSERT_STRAY = `INSERT INTO verdict.strays (${NEW_STRAY_COLUMNS})
  VALUES (${NEW_STRAY_COLUMNS.map((_, i) => `$${i + 1}`)}) ON CONFLICT DO NOTHING`

const KEY_ROW_COLUMNS = ['account', 'serial', 'public_key', 'kept_at']
export const KEY_ROW_WIDTH = KEY_ROW_COLUMNS.length
export const KEEP_PLATFORM_KEYS = `INSERT INTO verdict.platform_keys (${KEY_ROW_COLUMNS})
  SELECT * FROM ${unnest(1, KEY_ROW_COLUMNS, 'keys')} ON CONFLICT DO NOTHING`
export const SELECT_PLATFORM_KEYS = `SELECT ${KEY_ROW_COLUMNS} FROM verdict.platform_keys
  ORDER BY kept_at, account, serial`

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
