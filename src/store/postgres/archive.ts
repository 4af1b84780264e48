import { integer, text } from '../rows/cells.ts'
import { Connection } from './connection.ts'
import { assertMigrated } from './migrate.ts'

export interface ArchiveOptions {
  readonly url: string
  /** Orders that entered before this moment, epoch ms. */
  readonly beforeMs: number
  /** Hears of every month that something was moved to, and how many orders so far. */
  readonly onMoved?: (month: string, orders: number) => void
  /** Ends it between two batches. */
  readonly signal?: AbortSignal
}

/** So few that no lock of a batch is held for longer than a commit's. */
const BATCH = 200
/** All that belongs to an order, by the column that names it. What may still be told or done keeps its order here. */
const TABLES: ReadonlyArray<readonly [table: string, key: string]> = [
  ['orders', 'id'],
  ...[
    'facts',
    'placings',
    'credentials',
    'journal',
    'evidence',
    'verdicts',
    'aftercare',
    'refunds',
    'deliveries',
  ].map((table) => [table, 'order_id'] as const),
]

/** The oldest order after $1 about which nothing is left to do, and its month; until $2. */
const NEXT = `SELECT orders.id, to_char(to_timestamp(facts.created_at / 1000.0) AT TIME ZONE 'UTC', 'YYYY_MM')
  FROM verdict.orders JOIN verdict.facts ON facts.order_id = orders.id
  WHERE orders.id > $1 AND facts.created_at < $2 AND ${isOver('orders')}
  ORDER BY orders.id LIMIT 1`

function isOver(orders: string): string {
  return `${orders}.due_at IS NULL AND NOT EXISTS (SELECT 1 FROM verdict.deliveries
    WHERE deliveries.order_id = ${orders}.id AND deliveries.state IN ('pending', 'queued'))`
}

/**
 * Moves final orders about which nothing is left to do, with all that belongs to them, into tables of their month in the
 * schema `verdict_archive`: `orders_2026_05`, `journal_2026_05`, and so on, which may be dumped and dropped. In small
 * batches of one statement each, beside the running processes; interrupted, it goes on where it was. Returns how many.
 *
 * A number that was moved out is unknown to Verdict from then on.
 *
 * @throws STORE_INVALID, and whatever the database throws
 */
export async function archivePostgres(options: ArchiveOptions): Promise<number> {
  const { url, beforeMs, onMoved = () => {}, signal } = options
  const connection = new Connection({ url, poolSize: 2, onError: () => {} })
  try {
    await assertMigrated(connection)
    return await moveOut(connection, beforeMs, onMoved, signal)
  } finally {
    await connection.end()
  }
}

async function moveOut(
  connection: Connection,
  beforeMs: number,
  onMoved: (month: string, orders: number) => void,
  signal: AbortSignal | undefined,
): Promise<number> {
  let [afterId, moved] = [0, 0]
  const ready = new Set<string>()
  while (signal?.aborted !== true) {
    const [next] = await connection.rows(NEXT, afterId, beforeMs)
    if (next === undefined) break
    const [id, month] = [integer(next[0]), text(next[1])]
    if (!ready.has(month)) await connection.together((session) => session.run(tablesOf(month)))
    ready.add(month)
    const [row = []] = await connection.rows(moveStatement(month), id, beforeMs, BATCH)
    const count = integer(row[0])
    moved += count
    // Orders of another month may lie between those that went. What somebody was just changing is left for another time.
    afterId = id
    if (count > 0) onMoved(month, moved)
  }
  return moved
}

function tablesOf(month: string): string {
  return [
    'CREATE SCHEMA IF NOT EXISTS verdict_archive',
    ...TABLES.map(
      ([table, key]) =>
        `CREATE TABLE IF NOT EXISTS verdict_archive.${table}_${month} (LIKE verdict.${table} INCLUDING CONSTRAINTS);
         CREATE INDEX IF NOT EXISTS ${table}_${month}_key ON verdict_archive.${table}_${month} (${key})`,
    ),
  ].join(';\n')
}

/** Orders from $1 on that entered before $2, at most $3, all of one month: gone from here and there at once. */
function moveStatement(month: string): string {
  const moves = TABLES.map(
    ([table, key]) => `${table}_gone AS (
  DELETE FROM verdict.${table} WHERE ${key} IN (SELECT id FROM chosen) RETURNING *
), ${table}_kept AS (
  INSERT INTO verdict_archive.${table}_${month} OVERRIDING SYSTEM VALUE SELECT * FROM ${table}_gone
)`,
  )
  return `WITH chosen AS MATERIALIZED (
  SELECT orders.id FROM verdict.orders JOIN verdict.facts ON facts.order_id = orders.id
  WHERE orders.id >= $1 AND facts.created_at < $2 AND ${isOver('orders')}
  AND to_char(to_timestamp(facts.created_at / 1000.0) AT TIME ZONE 'UTC', 'YYYY_MM') = '${month}'
  ORDER BY orders.id LIMIT $3 FOR UPDATE OF orders SKIP LOCKED
), ${moves.join(', ')}
SELECT count(*) FROM chosen`
}
