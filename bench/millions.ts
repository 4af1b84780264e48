import { nameOfOrder, TOTAL } from './orders.ts'
import { onServer } from './stores.ts'

export interface Millions {
  readonly account: string
  readonly orders: number
  /** The newest so many are open; the others have their verdict. */
  readonly open: number
  /** The open ones fall due in it, from 0 on, in the sequence of entering give or take an eighth. */
  readonly periodMs: number
}

/**
 * Fills PostgreSQL by its own `generate_series`, in seconds per million. The verdicts of the final ones are left out, and
 * so is their evidence: no claim or commit of an open order reads them.
 */
export async function fillMillions(
  url: string,
  { account, orders, open, periodMs }: Millions,
): Promise<void> {
  const final = orders - open
  const number = nameOfOrder(0).replace(/0+$/, '')
  const digits = nameOfOrder(0).length - number.length
  await onServer(
    url,
    `INSERT INTO verdict.orders (account, sub_mchid, out_trade_no, kind, state, till, due_at, version, queries, silence,
       seen, placings, latest_placing_at, declined)
     SELECT '${account}', '', '${number}' || lpad(i::text, ${digits}, '0'), 'native',
       CASE WHEN i < ${final} THEN 'SUCCESS' ELSE 'waiting' END, 0,
       CASE WHEN i >= ${final} THEN round(${periodMs} * ((i - ${final})::float / ${open} + (random() - 0.5) / 4)) END,
       5, 4, 0, 'NOTPAY', 1, 0, 0
     FROM generate_series(0, ${orders - 1}) AS i`,
    `INSERT INTO verdict.facts (order_id, total, currency, origin, may_end, created_at, window_end_at)
     SELECT id, ${TOTAL}, 'HKD', 'placed', 1, 0, 7200000 FROM verdict.orders ORDER BY id`,
    `INSERT INTO verdict.placings (order_id, fingerprint) SELECT id, md5(id::text) FROM verdict.orders ORDER BY id`,
    `INSERT INTO verdict.journal (order_id, version, line, at, event, call, said)
     SELECT id, line, 0, 0, 'answer', 'query', 'NOTPAY' FROM verdict.orders, generate_series(1, 2) AS line ORDER BY id`,
    'VACUUM (ANALYZE) verdict.orders, verdict.facts, verdict.placings, verdict.journal',
    'CHECKPOINT',
  )
}
