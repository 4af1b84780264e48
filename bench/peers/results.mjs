// Where those that keep orders in PostgreSQL write what they learnt: the order, and a line of its journal.

import pg from 'pg'
import { AGAIN_MS } from './job.ts'

/** @param {string} url @param {readonly string[]} numbers */
export async function resultsIn(url, numbers) {
  const pool = new pg.Pool({ connectionString: url, max: 20 })
  await pool.query(`
    CREATE TABLE orders (out_trade_no text PRIMARY KEY, state text, queries int NOT NULL DEFAULT 0, next_at timestamptz);
    CREATE TABLE journal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, out_trade_no text, at timestamptz, said text)`)
  await pool.query(
    `INSERT INTO orders (out_trade_no, next_at)
     SELECT number, now() + nth * interval '1 ms' * $2::float8 FROM unnest($1::text[]) WITH ORDINALITY AS given (number, nth)`,
    [numbers, AGAIN_MS / numbers.length],
  )
  return pool
}

/** One order's result and when it is due again; a SELECT follows, for what else belongs to its transaction. */
export const WRITE_ONE = `WITH changed AS (
    UPDATE orders SET state = $2, queries = queries + 1, next_at = $3::timestamptz WHERE out_trade_no = $1),
  told AS (INSERT INTO journal (out_trade_no, at, said) VALUES ($1, now(), $2))`

/** The results of many. */
export const WRITE_MANY = `WITH given AS (SELECT * FROM unnest($1::text[], $2::text[]) AS given (number, said)),
  changed AS (UPDATE orders SET state = said, queries = queries + 1 FROM given WHERE out_trade_no = number)
  INSERT INTO journal (out_trade_no, at, said) SELECT number, now(), said FROM given`
