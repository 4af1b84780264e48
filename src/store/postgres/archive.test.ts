import { Client } from 'pg'
import { expect, it } from 'vitest'
import { newTestDatabase } from '../../../test/support/postgres.ts'
import type { Store } from '../store.ts'
import { attempt, enter, evidence, nextOf, settle, settled, T0, tell } from '../testing.ts'
import { archivePostgres } from './archive.ts'
import { postgresStore } from './index.ts'

const MAY = Date.UTC(2026, 4, 20)
const JUNE = Date.UTC(2026, 5, 20)
const JULY = Date.UTC(2026, 6, 1)

async function finalAt(store: Store, createdAtMs: number) {
  const [order] = await enter(store, [{ createdAtMs }])
  const change = { ...nextOf(order), evidence: [evidence({ body: '{"trade_state":"NOTPAY"}' })] }
  await store.commit([{ change: { ...change, journal: [{ atMs: T0, event: 'answer' }] } }])
  return settle(store, change.order, 'SUCCESS')
}

it('moves what is over to the tables of its month, with all that belongs to it, and leaves the rest', async () => {
  const { url, drop } = await newTestDatabase()
  const store = await postgresStore({ url })
  const [may, june] = [await finalAt(store, MAY), await finalAt(store, JUNE)]
  const july = await finalAt(store, JULY)
  const [open] = await enter(store, [{ createdAtMs: MAY }])
  const untold = await settled(store)
  const { order: told, deliveries } = await tell(store, await finalAt(store, MAY), [{}])
  await tell(store, untold, [{}])
  const [message] = deliveries
  await store.finishDeliveries([attempt(message ?? { id: 0 })])

  const heard: Array<[string, number]> = []
  const onMoved = (month: string, orders: number) => void heard.push([month, orders])
  expect(await archivePostgres({ url, beforeMs: JULY, onMoved })).toBe(3)
  expect(heard).toEqual([
    ['2026_05', 2],
    ['2026_06', 3],
  ])
  for (const { id } of [may, june, told]) {
    expect(await store.byId(id)).toBeNull()
    expect(await store.journalOf(id)).toEqual([])
    expect(await store.evidenceOf(id)).toEqual([])
    expect(await store.deliveriesOf(id)).toEqual([])
  }
  for (const order of [july, open]) expect(await store.byId(order.id)).toEqual(order)
  expect(await store.byId(untold.id)).not.toBeNull()

  const client = new Client({ connectionString: url })
  await client.connect()
  const inMay = async (table: string) =>
    (await client.query(`SELECT * FROM verdict_archive.${table}_2026_05 ORDER BY 1`)).rows
  expect((await inMay('orders')).map(({ id }) => Number(id))).toEqual([may.id, told.id])
  expect(await inMay('deliveries')).toMatchObject([{ message_id: message?.message.id, state: 'sent' }])
  expect(await inMay('verdicts')).toHaveLength(2)
  expect(await inMay('evidence')).toHaveLength(4)
  await client.end()

  // Once more finds nothing, and new orders get numbers that were never used.
  expect(await archivePostgres({ url, beforeMs: JULY })).toBe(0)
  const [next] = await enter(store, [{}])
  expect(next.id).toBeGreaterThan(told.id)
  await store.close()
  await drop()
})

it('leaves an order that somebody is changing, and takes it the next time', async () => {
  const { url, drop } = await newTestDatabase()
  const store = await postgresStore({ url })
  const [first, second] = [await finalAt(store, MAY), await finalAt(store, MAY)]
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('BEGIN')
  await client.query('SELECT 1 FROM verdict.orders WHERE id = $1 FOR UPDATE', [first.id])
  expect(await archivePostgres({ url, beforeMs: JULY })).toBe(1)
  expect(await store.byId(second.id)).toBeNull()
  await client.query('ROLLBACK')
  expect(await archivePostgres({ url, beforeMs: JULY })).toBe(1)
  await client.end()
  await store.close()
  await drop()
})
