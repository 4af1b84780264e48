/*
 * What the statements to PostgreSQL have in common. Many rows go into one as one array for each column, and what belongs
 * together goes into one as far as it can: it is written whole or not at all, and costs one round trip.
 */

const BIGINTS = new Set([
  ...[
    'id',
    'order_id',
    'due_at',
    'claimed_until',
    'version',
    'latest_placing_at',
    'unknown_at',
    'given_up_at',
    'at',
    'took',
  ],
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

export function named(columns: readonly string[], table: string): string {
  return columns.map((column) => `${table}.${column}`).join(', ')
}

export function overwriting(columns: readonly string[]): string {
  return columns.map((column) => `${column} = excluded.${column}`).join(', ')
}

/**
 * Nobody works on it: no claim, one that is over, or a dead worker's. Takes the dead and since when they are silent: who has
 * come back meanwhile is not dead, and what he has claimed anew is his.
 */
export function isFree(nowMs: string, dead: string, silentSince: string): string {
  return `(claimed_until IS NULL OR claimed_until <= ${nowMs} OR worker = ANY (ARRAY (
    SELECT name FROM verdict.workers WHERE name = ANY (${dead}::text[]) AND beat_at < ${silentSince}::bigint)))`
}
