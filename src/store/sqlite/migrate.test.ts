import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isFinal, type Order } from '../../core/order.ts'
import type { PlatformKey, Store } from '../store.ts'
import {
  ACCOUNT,
  applied,
  due,
  ENDING,
  enter,
  evidence,
  follow,
  HELD,
  newDelivery,
  newOrder,
  nextOf,
  refund,
  settle,
  T0,
} from '../testing.ts'
import { readSqliteStore, sqliteStore } from './index.ts'
import { refuseForeignFile } from './migrate.ts'

/** A database as schema version 1 wrote it, with orders open in every state, is brought to the latest. */
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verdict-migrate-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const KEY: PlatformKey = { account: ACCOUNT, serial: 'PUB_KEY_ID_1', publicKey: 'pem', keptAtMs: T0 }

/** Every table of version 1: its columns are those of today. */
const TABLES = [
  'orders',
  'facts',
  'placings',
  'credentials',
  'journal',
  'evidence',
  'verdicts',
  'platform_keys',
]

/** All that version 1 could hold. */
async function fill(store: Store): Promise<void> {
  const [placing, , ending] = await enter(store, [
    { state: 'placing', body: '{"total":100}', dueAtMs: T0 - 3, journal: [{ atMs: T0, event: 'entered' }] },
    { dueAtMs: T0 - 2, purchase: 'table 7', kind: 'quick_pay', windowEndAtMs: T0 + 1 },
    { dueAtMs: T0 - 1 },
  ])
  const credential = { name: 'code_url', value: 'weixin://' } as const
  await applied(store, { change: { ...nextOf(placing, { dueAtMs: T0 - 3 }), credential } })
  const change = nextOf(ending, { dueAtMs: T0 - 1, queries: 3, seen: 'NOTPAY' })
  const journal = [{ atMs: T0, event: 'answer', call: 'query', said: 'NOTPAY', tookMs: 9 }] as const
  const order = { ...change.order, state: 'ending', ending: ENDING } as const
  await applied(store, { change: { ...change, order, journal, evidence: [evidence({ body: '{"a":1}' })] } })
  const others = await enter(store, [{}, {}, {}, {}, { sub_mchid: '1900000007' }])
  const [paid, closed, revoked, unknown] = others
  await settle(store, paid, 'SUCCESS')
  await settle(store, closed, 'CLOSED')
  await settle(store, revoked, 'REVOKED')
  await settle(store, unknown, 'NOT_CREATED')
  await store.keepPlatformKeys([KEY])
}

async function everythingIn(
  store: Pick<Store, 'page' | 'journalOf' | 'evidenceOf' | 'placingOf' | 'platformKeys'>,
) {
  const orders = await store.page(0, 100)
  const told = (order: Order) =>
    Promise.all([store.journalOf(order.id), store.evidenceOf(order.id), store.placingOf(order.id)])
  return { orders, rest: await Promise.all(orders.map(told)), keys: await store.platformKeys() }
}

/** The file, and what a store of today read of the same rows before they went into it. */
async function writtenByVersion1() {
  const today = join(folder, 'today.db')
  const store = await sqliteStore({ file: today })
  await fill(store)
  const before = await everythingIn(store)
  await store.close()
  const file = join(folder, 'old.db')
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL')
  db.exec(readFileSync(join(import.meta.dirname, '0001.sql'), 'utf8'))
  db.exec(`PRAGMA application_id = ${0x56445254}; PRAGMA user_version = 1; ATTACH '${today}' AS today`)
  for (const table of TABLES) db.exec(`INSERT INTO main.${table} SELECT * FROM today.${table}`)
  db.close()
  return { file, before }
}

function versionOf(file: string): unknown {
  const db = new DatabaseSync(file, { readOnly: true })
  const version = db.prepare('PRAGMA user_version').get()?.user_version
  db.close()
  return version
}

describe('a database of schema version 1', () => {
  it('keeps everything, and open orders go on where they were', async () => {
    const { file, before } = await writtenByVersion1()
    const store = await sqliteStore({ file })
    expect(await everythingIn(store)).toEqual(before)
    expect(before.orders).toHaveLength(8)
    const open = before.orders.filter((order) => !isFinal(order))
    expect(await store.nextDueAtMs(ACCOUNT)).toBe(T0 - 3)
    const claimed = await store.claimDue(due())
    expect(claimed.toSorted((a, b) => a.id - b.id)).toEqual(open)
    expect(await store.countDeliveries()).toEqual({})
    expect(await store.strays(10)).toEqual([])
    await store.close()
    expect(versionOf(file)).toBe(6)
  })

  it('takes all that is new: a refund of an old order, its message, and a new order after the old numbers', async () => {
    const { file, before } = await writtenByVersion1()
    const store = await sqliteStore({ file })
    const paid = before.orders[3]
    if (paid?.state !== 'SUCCESS') throw new Error('expected the paid one')
    const change = { refunds: [refund()], dueAtMs: T0 }
    const order = await follow(store, paid, change, { deliveries: [newDelivery()] })
    await store.close()
    const again = await sqliteStore({ file })
    expect(await again.byId(paid.id)).toEqual(order)
    expect(await again.deliveriesOf(paid.id)).toHaveLength(1)
    const taken = await again.insert([newOrder({ purchase: 'table 7' }), newOrder()], HELD)
    expect(taken).toMatchObject([{ outcome: 'purchase-taken' }, { order: { id: 9 } }])
    await again.close()
  })

  it('is not read, nor changed, by a command beside a process that has not brought it up to date', async () => {
    const { file } = await writtenByVersion1()
    await expect(readSqliteStore({ file })).rejects.toMatchObject({
      code: 'STORE_INVALID',
      message: expect.stringContaining('schema version 1, expected 6'),
    })
    expect(versionOf(file)).toBe(1)
  })

  it('stays as it was if the step fails half-way, and is whole at the next start', async () => {
    const { file, before } = await writtenByVersion1()
    const db = new DatabaseSync(file)
    // The last of the new tables is in the way.
    db.exec('CREATE TABLE strays (id INTEGER PRIMARY KEY)')
    db.close()
    await expect(sqliteStore({ file })).rejects.toThrow('table strays already exists')
    expect(versionOf(file)).toBe(1)
    const mended = new DatabaseSync(file)
    const tables = mended.prepare("SELECT name FROM sqlite_schema WHERE name = 'refunds'").all()
    expect(tables).toEqual([])
    mended.exec('DROP TABLE strays')
    mended.close()
    const store = await sqliteStore({ file })
    expect(await everythingIn(store)).toEqual(before)
    await store.close()
  })
})

it('a file that looks broken without a lock is judged by whoever gets the lock: its owner may be writing it', async () => {
  const file = join(folder, 'verdict.db')
  await (await sqliteStore({ file })).close()
  // As in the middle of a checkpoint: the first page tells of more pages than are there.
  truncateSync(file, 4_096)
  expect(() => refuseForeignFile(file)).not.toThrow()
  await expect(sqliteStore({ file })).rejects.toThrow('malformed')
})
