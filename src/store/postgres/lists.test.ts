import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { STOPPED_MS } from '../../core/order.ts'
import type { Value } from '../rows/cells.ts'
import { FEW } from '../rows/list-walks.ts'
import { search } from '../rows/lists.ts'
import type { OrderFilter } from '../store.ts'
import { T0 } from '../testing.ts'
import { postgresStore } from './index.ts'
import { COUNT_STOPPED, DIALECT, selectDueBelow } from './statements/reading.ts'

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

/** The steps of each statement of a search, and what it found. */
async function searched(
  filter: OrderFilter,
): Promise<{ steps: (readonly Step[])[]; found: readonly number[] }> {
  const searching = search(filter, { before: null, limit: 20 }, DIALECT)
  const steps: (readonly Step[])[] = []
  let step = searching.next()
  while (step.done !== true) {
    const { sql, values } = step.value
    steps.push(await explained(sql, values))
    const { rows } = await client.query({ text: sql, values: [...values], rowMode: 'array' })
    step = searching.next(rows.map(([id]) => Number(id)))
  }
  return { steps, found: step.value }
}

const indexesOf = (steps: readonly Step[]) => steps.flatMap(({ index }) => index ?? [])
const mostRows = (steps: readonly Step[]) => Math.max(...steps.map(({ rows }) => rows))

describe('a list', () => {
  it.each<readonly [string, OrderFilter, string]>([
    ['no filter', {}, 'orders_pkey'],
    ['its number', { out_trade_no: 'N77' }, 'orders_key'],
    ['its transaction', { transaction_id: 'T77' }, 'verdicts_transaction'],
    ['attention', { needsAttention: true }, 'orders_attention'],
    ['a rare state', { states: ['ending'] }, 'orders_sorts'],
    ['a common state', { states: ['SUCCESS'] }, 'orders_sorts'],
    ['a state that nobody is in', { states: ['REVOKED'] }, 'orders_sorts'],
    ['two states', { states: ['ending', 'REVOKED'] }, 'orders_sorts'],
    ['a kind', { kinds: ['h5'] }, 'orders_sorts'],
    ['being open, where many are', { isOpen: true }, 'orders_pkey'],
    ['a created range', { createdFromMs: T0 + 50, createdToMs: T0 + 90 }, 'facts_created'],
    ['its total', { total: 777 }, 'facts_total'],
    ['its sub-merchant', { sub_mchid: '1900000077' }, 'orders_sub'],
  ])('by %s reads little more than its page, by an index', async (_, filter, index) => {
    const { steps } = await searched(filter)
    expect(steps.flatMap(indexesOf)).toContain(index)
    // Dozens are read for each page, a thousand are looked at first, and 4,000 wait.
    for (const one of steps) expect(mostRows(one)).toBeLessThan(ORDERS / 8)
    const both = await searched({ ...filter, account: '1900000002' })
    for (const one of both.steps) expect(mostRows(one)).toBeLessThan(ORDERS / 8)
  })

  it('of few due orders looks each up', async () => {
    const { steps, found } = await searched({ overdueSinceMs: T0 + 20_000 })
    expect(found).toEqual([15_018, 5])
    expect(mostRows(steps.at(-1) ?? [])).toBeLessThanOrEqual(2)
  })

  it('finds which are due by the index over due times, of every account', async () => {
    const steps = await explained(selectDueBelow('$1', '$2'), [T0 + ORDERS, FEW + 1])
    expect(new Set(indexesOf(steps))).toEqual(new Set(['orders_due']))
    expect(mostRows(steps)).toBeLessThanOrEqual(2 * (FEW + 1))
  })
})

describe('orders that a person has stopped, a quarter of all, and the oldest', () => {
  beforeAll(async () => {
    const stop = `UPDATE verdict.orders SET state = 'waiting', due_at = ${STOPPED_MS} WHERE id <= ${ORDERS / 4}`
    await client.query(`${stop}; ANALYZE verdict.orders`)
  })

  it.each<readonly [string, OrderFilter, number]>([
    ['whoever has them', {}, 10_000],
    ['of an account', { account: '1900000002' }, 9_998],
  ])(
    'are listed by the index over due times, which reads little more than the page: %s',
    async (_, more, newest) => {
      const { steps, found } = await searched({ isStopped: true, ...more })
      expect(steps).toHaveLength(1)
      expect(new Set(steps.flatMap(indexesOf))).toEqual(new Set(['orders_due']))
      // A page of each of three accounts.
      expect(mostRows(steps.flat())).toBeLessThanOrEqual(3 * 20)
      expect(found).toHaveLength(20)
      expect(found[0]).toBe(newest)
    },
  )

  it('are counted by the same index, which reads nothing else', async () => {
    const steps = await explained(COUNT_STOPPED, [])
    expect(new Set(indexesOf(steps))).toEqual(new Set(['orders_due']))
    expect(mostRows(steps)).toBeLessThanOrEqual(ORDERS / 4 + 3)
  })
})
