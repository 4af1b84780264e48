import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import type { Store } from '../store.ts'
import { T0 } from '../testing.ts'
import { postgresStore } from './index.ts'

const ORDERS = 400
/** Of so many some hundred met a claim, before it looked twice. */
const CORRECTIONS = 1_000

/** Their amount is their version, from the first on. */
const FILL = `
INSERT INTO verdict.orders (account, sub_mchid, out_trade_no, kind, state, till, due_at, version, queries, silence,
  placings, latest_placing_at, declined, attention)
SELECT '1900000001', '', 'N' || n, 'native', 'waiting', 0, ${T0} + n, 1, 0, 0, 1, ${T0}, 0, NULL
FROM generate_series(1, ${ORDERS}) AS n;
INSERT INTO verdict.facts (order_id, total, currency, origin, may_end, created_at, window_end_at)
SELECT id, 1, 'HKD', 'placed', 1, ${T0}, ${T0} FROM verdict.orders`

/** As a person's answer does it: one commit, of the order and of its amount. */
const CORRECT = `WITH applied AS (UPDATE verdict.orders SET version = version + 1 WHERE out_trade_no = $1 RETURNING id, version)
UPDATE verdict.facts SET total = applied.version FROM applied WHERE order_id = applied.id`

let database: TestDatabase
let store: Store
let person: Client

beforeAll(async () => {
  database = await newTestDatabase()
  store = await postgresStore({ url: database.url })
  person = new Client({ connectionString: database.url })
  await person.connect()
  await person.query(FILL)
})

afterAll(async () => {
  await person?.end()
  await store?.close()
  await database?.drop()
})

it('an order whose amount is corrected while it is claimed comes with that amount, or as it was before', async () => {
  let isOver = false
  const correcting = (async () => {
    for (let n = 0; n < CORRECTIONS; n += 1) await person.query(CORRECT, [`N${1 + (n % ORDERS)}`])
  })().finally(() => {
    isOver = true
  })
  const claim = { account: '1900000001', worker: 'w', nowMs: T0 + 5_000, dueUntilMs: T0 + 5_000 }
  const wrong: string[] = []
  while (!isOver) {
    const orders = await store.claimDue({ ...claim, untilMs: T0 + 60_000, limit: ORDERS })
    for (const { total, version } of orders)
      if (total !== version) wrong.push(`version ${version} with the amount ${total}`)
    const ids = orders.map(({ id }) => id)
    await store.release(ids, 'w')
  }
  await correcting
  expect(wrong).toEqual([])
}, 30_000)
