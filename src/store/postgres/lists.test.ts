import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import type { Value } from '../rows/cells.ts'
import { FEW, selectPage } from '../rows/lists.ts'
import type { OrderFilter } from '../store.ts'
import { T0 } from '../testing.ts'
import { postgresStore } from './index.ts'
import { dialectOf, SELECT_DUE_BELOW, selectOrdersOf } from './statements.ts'

/** So many that no plan is cheap that reads or sorts them all. */
const ORDERS = 40_000

/** Old ones are paid, but for a few of each rare sort; the newest tenth waits. */
const FILL = `
INSERT INTO verdict.orders (account, sub_mchid, out_trade_no, kind, state, till, due_at, version, queries, silence,
  placings, latest_placing_at, declined, attention)
SELECT '190000000' || n % 3, '', 'N' || n, 'native', state, 0, CASE WHEN state <> 'SUCCESS' THEN ${T0} + n END,
  1, 0, 0, 1, ${T0}, 0, CASE WHEN n % 10007 = 5 THEN 'overdue' END
FROM generate_series(1, ${ORDERS}) AS n, LATERAL (SELECT CASE
  WHEN n % 15013 = 5 THEN 'ending' WHEN n > ${ORDERS * 0.9} THEN 'waiting' ELSE 'SUCCESS' END AS state) AS states;
INSERT INTO verdict.facts (order_id, total, currency, origin, may_end, created_at, window_end_at)
SELECT id, 100, 'HKD', 'placed', 1, ${T0} + id, ${T0} FROM verdict.orders;
INSERT INTO verdict.evidence SELECT id, 1, 0, '', '', 200, '', '', '', '', '', 0 FROM verdict.orders WHERE due_at IS NULL;
INSERT INTO verdict.verdicts
SELECT id, state, ${T0}, 'query', 'T' || id, NULL, 1, 0 FROM verdict.orders WHERE due_at IS NULL;
ANALYZE`

let database: TestDatabase
let client: Client

beforeAll(async () => {
  database = await newTestDatabase()
  await (await postgresStore({ url: database.url })).close()
  client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(FILL)
})

afterAll(async () => {
  await client?.end()
  await database?.drop()
})

interface Step {
  readonly name: string
  readonly index?: string
  /** Rows that it gave or looked at, all loops together. */
  readonly rows: number
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Plan[]
}

function stepsOf(plan: Plan): readonly Step[] {
  const { 'Node Type': name, 'Index Name': index, Plans = [] } = plan
  const rows = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops']
  return [{ name, ...(index !== undefined && { index }), rows }, ...Plans.flatMap(stepsOf)]
}

async function explained(sql: string, values: readonly Value[]): Promise<readonly Step[]> {
  const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, [...values])
  return stepsOf(rows[0]['QUERY PLAN'][0].Plan)
}

async function stepsOfList(filter: OrderFilter, dueIds: readonly number[] | null = null) {
  const values: Value[] = []
  const ids = selectPage(filter, { before: null, limit: 20 }, dialectOf(values), dueIds)
  return explained(selectOrdersOf(ids ?? ''), values)
}

const indexesOf = (steps: readonly Step[]) => steps.flatMap(({ index }) => index ?? [])
const mostRows = (steps: readonly Step[]) => Math.max(...steps.map(({ rows }) => rows))

describe('a list', () => {
  it.each<readonly [string, OrderFilter, string]>([
    ['no filter', {}, 'orders_pkey'],
    ['its number', { out_trade_no: 'N77' }, 'orders_key'],
    ['its transaction', { transaction_id: 'T77' }, 'verdicts_transaction'],
    ['attention', { needsAttention: true }, 'orders_attention'],
    ['a rare state', { states: ['ending'] }, 'orders_state'],
    ['a common state', { states: ['SUCCESS'] }, 'orders_pkey'],
    ['a state that nobody is in', { states: ['REVOKED'] }, 'orders_state'],
    ['two states', { states: ['ending', 'REVOKED'] }, 'orders_state'],
    ['being open, where many are', { isOpen: true }, 'orders_pkey'],
    ['a created range', { createdFromMs: T0 + 50, createdToMs: T0 + 90 }, 'facts_created'],
  ])('by %s reads little more than its page, by an index', async (_, filter, index) => {
    const steps = await stepsOfList({ ...filter })
    expect(indexesOf(steps)).toContain(index)
    // Dozens are read for each page, and a common state is walked to; 4,000 wait there.
    expect(mostRows(steps)).toBeLessThan(ORDERS / 8)
    expect(mostRows(await stepsOfList({ ...filter, account: '1900000002' }))).toBeLessThan(ORDERS / 8)
  })

  it('of few due orders looks each up', async () => {
    const steps = await stepsOfList({ overdueSinceMs: T0 + 20_000 }, [5, 15_018, 9])
    expect(mostRows(steps)).toBeLessThanOrEqual(6)
  })

  it('finds which are due by the index over due times, of every account', async () => {
    const steps = await explained(SELECT_DUE_BELOW, [T0 + ORDERS, FEW + 1])
    expect(new Set(indexesOf(steps))).toEqual(new Set(['orders_due']))
    expect(mostRows(steps)).toBeLessThanOrEqual(2 * (FEW + 1))
    const few = await client.query(SELECT_DUE_BELOW, [T0 + 20_000, FEW + 1])
    expect(few.rows.map(({ id }) => Number(id)).sort()).toEqual([15_018, 5])
  })
})
