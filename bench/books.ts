import { DatabaseSync } from 'node:sqlite'
import { onServer, openStore, type StorePlace } from './stores.ts'

/*
 * The books of a merchant after a year: orders with their verdicts, evidence, journals and messages, of several accounts,
 * of which some ended long ago. Made by the database itself, in a minute per million, from the order's number alone: both
 * databases hold the same.
 */

export interface Books {
  readonly orders: number
  /** The last one entered then. */
  readonly untilMs: number
}

/** Half of the orders each: a merchant of its own, and an institution with SUBS sub-merchants. */
export const MERCHANT = '1900000001'
export const INSTITUTION = '1900000002'
/** One in a thousand orders is its. */
export const SMALL = '1900000003'
/** Placed the first fiftieth of all, and nothing since. */
export const GONE = '1900000004'
const SUBS = 500
const SUB_FIRST = 1_910_000_000
/** Costs of the others are spread over 100,000 amounts. */
export const POPULAR_TOTAL = 9_900

const DIGITS = 10
export function numberInBooks(index: number): string {
  return `BOOKS20260101${String(index).padStart(DIGITS, '0')}`
}
export function transactionInBooks(index: number): string {
  return `42000000${String(index).padStart(DIGITS, '0')}`
}
export function subInBooks(nth: number): string {
  return String(SUB_FIRST + nth)
}
/** Of orders that are not of the popular amount. */
export function totalInBooks(index: number): number {
  return ((index * 7_919) % 100_000) + 1
}

/** What SQL says differently. */
interface Words {
  readonly schema: string
  readonly padded: string
  readonly series: (from: number, to: number) => string
  /** What joins a verdict to its evidence. */
  readonly evidenceKey: readonly [columns: string, values: string]
  readonly proof: readonly [columns: string, values: string]
}

const SQLITE: Words = {
  schema: '',
  padded: `printf('%0${DIGITS}d', i)`,
  series: (from, to) =>
    `WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${to})`,
  evidenceKey: ['evidence_id', 'i + 1'],
  proof: ['id', 'i + 1'],
}
const POSTGRES: Words = {
  schema: 'verdict.',
  padded: `lpad(i::text, ${DIGITS}, '0')`,
  series: (from, to) => `WITH n (i) AS (SELECT generate_series(${from}::bigint, ${to - 1}))`,
  evidenceKey: ['evidence_version, evidence_nth', '4, 0'],
  proof: ['version, nth', '4, 0'],
}

/** Fills an empty database. */
export async function fillBooks(place: StorePlace, books: Books): Promise<void> {
  await (await openStore(place)).close()
  if ('url' in place) {
    await onServer(
      place.url,
      ...statements(POSTGRES, books),
      `SELECT setval('verdict.orders_id_seq', ${books.orders})`,
      'VACUUM (ANALYZE)',
      'CHECKPOINT',
    )
    return
  }
  const db = new DatabaseSync(place.file)
  db.exec('PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000')
  for (const statement of statements(SQLITE, books)) db.exec(statement)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
}

/** A part at a time: SQLite's log would else grow to the size of the database. */
const AT_ONCE = 100_000

function statements(words: Words, books: Books): readonly string[] {
  const parts = Math.ceil(books.orders / AT_ONCE)
  return Array.from({ length: parts }, (_, part) =>
    statementsOf(words, books, part * AT_ONCE, Math.min((part + 1) * AT_ONCE, books.orders)),
  ).flat()
}

const YEAR_MS = 365 * 86_400_000

function statementsOf(words: Words, { orders, untilMs }: Books, from: number, to: number): readonly string[] {
  const { schema, padded, series, evidenceKey, proof } = words
  const overriding = schema === '' ? '' : 'OVERRIDING SYSTEM VALUE'
  // A generated number, so that the moments of neighbours are not in the sequence of entering.
  const createdAt = `${untilMs - YEAR_MS} + i * ${Math.floor(YEAR_MS / orders)} - (i * 31) % 60000`
  const account = `CASE WHEN i < ${Math.floor(orders / 50)} THEN '${GONE}' WHEN i % 1000 = 7 THEN '${SMALL}'
    WHEN i % 2 = 0 THEN '${MERCHANT}' ELSE '${INSTITUTION}' END`
  const sub = `CASE WHEN i >= ${Math.floor(orders / 50)} AND i % 1000 <> 7 AND i % 2 = 1
    THEN ${SUB_FIRST} + (i / 2) % ${SUBS} ELSE NULL END`
  const state = `CASE WHEN i % 100 < 85 THEN 'SUCCESS' WHEN i % 100 < 95 THEN 'CLOSED'
    WHEN i % 100 < 99 THEN 'REVOKED' ELSE 'NOT_CREATED' END`
  // Nobody has used H5 for long.
  const kind = `CASE WHEN i < ${Math.floor(orders / 20)} AND i % 5 = 0 THEN 'h5' WHEN i % 10 < 5 THEN 'quick_pay'
    WHEN i % 10 < 8 THEN 'jsapi' ELSE 'native' END`
  const signature = 'c2lnbmF0dXJl'.repeat(28)
  const body = `'{"mchid":"1900000001","out_trade_no":"' || ${padded} || '","trade_state":"SUCCESS","text":"${'x'.repeat(400)}"}'`
  const insert = (table: string, columns: string, values: string, more = ''): string =>
    schema === ''
      ? `INSERT INTO ${table} (${columns}) ${series(from, to)} SELECT ${values} FROM n ${more || 'WHERE true'}`
      : `INSERT INTO ${schema}${table} (${columns}) ${table === 'orders' ? overriding : ''} ${series(from, to)} SELECT ${values} FROM n ${more}`
  return [
    insert(
      'orders',
      `id, account, sub_mchid, out_trade_no, kind, state, till, due_at, version, queries, silence, seen, placings,
       latest_placing_at, declined, attention`,
      `i + 1, ${account}, coalesce(CAST(${sub} AS text), ''), 'BOOKS20260101' || ${padded}, ${kind}, ${state}, 0, NULL, 4, 2, 0, 'NOTPAY', 1,
       ${createdAt}, 0, CASE WHEN i % 5000 = 11 THEN 'overdue' END`,
    ),
    insert(
      'facts',
      'order_id, total, currency, origin, may_end, created_at, window_end_at',
      `i + 1, CASE WHEN i % 10 = 0 THEN ${POPULAR_TOTAL} ELSE (i * 7919) % 100000 + 1 END, 'HKD', 'placed', 1,
       ${createdAt}, ${createdAt} + 900000`,
    ),
    insert('placings', 'order_id, fingerprint', `i + 1, '${'f'.repeat(60)}'`),
    ...[0, 1, 2].map((line) =>
      insert(
        'journal',
        'order_id, version, line, at, event, call, said',
        `i + 1, ${line + 1}, 0, ${createdAt} + ${line} * 10000, 'answer', 'query', 'NOTPAY'`,
      ),
    ),
    insert(
      'evidence',
      `${proof[0]}, order_id, source, request, status, serial, timestamp, nonce, signature, body, received_at`,
      `${proof[1]}, i + 1, 'reply', 'GET /v3/global/transactions/out-trade-no/' || ${padded}, 200,
       'PUB_KEY_ID_0119000000012026112300', '1750000000', 'n', '${signature}', ${body}, ${createdAt} + 40000`,
    ),
    insert(
      'verdicts',
      `order_id, state, at, learnt_by, transaction_id, success_time, ${evidenceKey[0]}`,
      `i + 1, ${state}, ${createdAt} + 40000, 'query',
       CASE WHEN i % 100 < 85 THEN '42000000' || ${padded} END,
       CASE WHEN i % 100 < 85 THEN '2026-01-01T00:00:00+08:00' END, ${evidenceKey[1]}`,
    ),
    insert(
      'deliveries',
      'order_id, target, message_id, type, payload, state, due_at, attempts, first_at, done_at, created_at',
      `i + 1, 'webhook', 'm' || ${padded}, 'order.verdict', ${body},
       CASE WHEN i % 10000 = 3 THEN 'failed' WHEN i % 10000 = 5 THEN 'pending' ELSE 'sent' END,
       CASE WHEN i % 10000 = 5 THEN ${untilMs + YEAR_MS} END, 1, ${createdAt} + 41000, ${createdAt} + 42000,
       ${createdAt} + 41000`,
    ),
  ]
}
