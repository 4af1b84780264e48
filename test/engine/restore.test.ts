import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { Client } from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { postgresStore } from '../../src/store/postgres/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { Store } from '../../src/store/store.ts'
import type { PlaceParameters, Verdict } from '../../src/verdict.ts'
import { blocks, section, textOf } from '../docs/markdown.ts'
import { newTestDatabase } from '../support/postgres.ts'
import { orderOf, Shop } from '../support/shop.ts'
import { watchedStore } from '../support/watched.ts'

/* Yesterday's backup is restored, as docs/operations.md says, and everything since is found out again. */

const MINUTE_MS = 60_000
/** Small enough that the work which one starts is done before the next. */
const STEP_MS = 50

interface Kept {
  /** A store that is worked on. */
  open(): Promise<Store>
  /** Made while Verdict works. Returns how to open what is restored from it. */
  backup(): Promise<() => Promise<Store>>
}

const ends: Array<() => Promise<void> | void> = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

function sqlite(): Kept {
  const dir = mkdtempSync(join(tmpdir(), 'verdict-restore-'))
  ends.push(() => rmSync(dir, { recursive: true, force: true }))
  return {
    open: () => sqliteStore({ file: join(dir, 'verdict.db') }),
    backup: async () => {
      const [command = ''] = blocks(section(textOf('docs/operations.md'), 'SQLite'), 'sh')
      const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter)
      const env = { ...process.env, PATH, NODE_NO_WARNINGS: '1' }
      execFileSync('sh', ['-ec', command], { cwd: dir, env, stdio: ['ignore', 'ignore', 'inherit'] })
      // What customers paid is nobody else's to read.
      expect(statSync(join(dir, 'backup.db')).mode & 0o077).toBe(0)
      return () => sqliteStore({ file: join(dir, 'backup.db') })
    },
  }
}

async function postgres(): Promise<Kept> {
  const [source, target] = [await newTestDatabase(), await newTestDatabase()]
  ends.push(source.drop, target.drop)
  return {
    open: () => postgresStore({ url: source.url }),
    backup: async () => {
      const rows = await rowsOf(source.url)
      return async () => {
        await (await postgresStore({ url: target.url })).close()
        await fill(target.url, rows)
        return postgresStore({ url: target.url })
      }
    },
  }
}

type Rows = ReadonlyMap<string, string>

/** What `pg_dump` reads: all rows as of one moment, beside whoever works on them. */
async function rowsOf(url: string): Promise<Rows> {
  return connected(url, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const tables = await client.query(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'verdict'`,
    )
    const rows = new Map<string, string>()
    for (const { name } of tables.rows) {
      const { rows: all } = await client.query(
        `SELECT coalesce(json_agg(one), '[]')::text AS json FROM verdict.${name} one`,
      )
      rows.set(name, all[0].json)
    }
    return rows
  })
}

/** What `pg_restore` writes: the rows under their old numbers, and where numbers go on. */
async function fill(url: string, rows: Rows): Promise<void> {
  await connected(url, async (client) => {
    for (const [name, json] of rows) {
      const table = `verdict.${name}`
      await client.query(`DELETE FROM ${table}`)
      await client.query(
        `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::${table}, $1)`,
        [json],
      )
    }
    const numbered = await client.query(
      `SELECT table_name AS name FROM information_schema.columns
       WHERE table_schema = 'verdict' AND column_name = 'id' AND is_identity = 'YES'`,
    )
    for (const { name } of numbered.rows)
      await client.query(
        `SELECT setval(pg_get_serial_sequence('verdict.${name}', 'id'), max(id)) FROM verdict.${name}`,
      )
  })
}

async function connected<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** A store that knows whether anybody waits for it: real I/O takes time that the virtual clock doesn't have. */
function counted(store: Store): { readonly store: Store; rest(): Promise<void> } {
  let underWay = 0
  const around = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    underWay += 1
    try {
      return await call()
    } finally {
      underWay -= 1
    }
  }
  const { peers } = store
  const watched = watchedStore(store, (_, call) => around(call))
  const shared = peers && {
    leave: (worker: string) => around(() => peers.leave(worker)),
    watch: peers.watch.bind(peers),
    beat: (beat: Parameters<typeof peers.beat>[0]) => around(() => peers.beat(beat)),
  }
  return {
    store: new Proxy(watched, {
      get: (target, key) => (key === 'peers' ? shared : Reflect.get(target, key)),
    }),
    async rest() {
      // What an answer leads to may ask again at once.
      for (let quiet = 0; quiet < 3; quiet += 1) {
        if (underWay > 0) quiet = 0
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

/** Verdict on a store, and what it tells the merchant's system. */
async function opened(shop: Shop, real: Store) {
  const { store, rest } = counted(real)
  const told: string[] = []
  const tell = ({ out_trade_no }: { out_trade_no: string }, { id, type }: { id: string; type: string }) =>
    void told.push(`${out_trade_no} ${type} ${id}`)
  const opening = shop.verdict({ store, isMortal: true, options: { onVerdict: tell, onRefund: tell } })
  const verdict = await meanwhile(opening)
  return {
    verdict,
    told,
    pass,
    meanwhile,
    async close() {
      await meanwhile(verdict.close())
      await real.close()
    },
  }

  async function pass(ms: number): Promise<void> {
    for (let past = 0; past < ms; past += STEP_MS) {
      await shop.clock.advance(STEP_MS)
      await rest()
    }
  }

  async function meanwhile<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false
    const done = work.finally(() => {
      isDone = true
    })
    done.catch(() => {})
    while (!isDone) await pass(STEP_MS)
    return done
  }
}

type Opened = Awaited<ReturnType<typeof opened>>

async function place({ verdict, meanwhile }: Opened, order: PlaceParameters): Promise<void> {
  await meanwhile(verdict.place(order))
}

async function refund(
  { verdict, meanwhile }: Opened,
  order: PlaceParameters,
  idempotencyKey = 'return-1',
): Promise<string> {
  const wish = { amount: 500, reason: 'One cup broke', idempotencyKey }
  return (await meanwhile(verdict.refund(order, wish))).out_refund_no
}

const stateOf = async (verdict: Verdict, order: PlaceParameters) => (await verdict.order(order)).order.state

describe.each([
  ['SQLite', async () => sqlite()],
  ['PostgreSQL', postgres],
])("yesterday's backup of %s", (_, made) => {
  it('leads to the same verdicts, the same refund and the same messages', { timeout: 120_000 }, async () => {
    const kept = await made()
    const shop = await Shop.open({ callbackTargets: 'any' })
    ends.push(() => shop.close())
    const [sold, open, later] = [orderOf('native'), orderOf('native'), orderOf('native')]

    const before = await opened(shop, await kept.open())
    for (const order of [sold, open]) await place(before, order)
    await shop.pay(sold.out_trade_no)
    await before.pass(MINUTE_MS)
    expect(await stateOf(before.verdict, sold)).toBe('SUCCESS')
    const restore = await kept.backup()
    const toldByThen = before.told.length

    // All this is lost, but for WeChat Pay.
    const number = await refund(before, sold)
    await shop.pay(open.out_trade_no)
    await place(before, later)
    await shop.pay(later.out_trade_no)
    await before.pass(5 * MINUTE_MS)
    const states = (await before.verdict.order(sold)).refunds.map(({ state }) => state)
    expect(states).toEqual(['SUCCESS'])
    const told = before.told.slice(toldByThen)
    expect(told).toHaveLength(3)
    await before.close()

    const after = await opened(shop, await restore())
    expect((await after.verdict.order(sold)).refunds).toEqual([])
    await expect(after.verdict.order(later)).rejects.toMatchObject({ code: 'ORDER_UNKNOWN' })
    // The merchant's system has its own books, and asks again for what it misses.
    await place(after, later)
    expect(await refund(after, sold)).toBe(number)
    await after.pass(5 * MINUTE_MS)
    for (const order of [open, later]) expect(await stateOf(after.verdict, order)).toBe('SUCCESS')
    const { refunds, proof } = await after.verdict.order(sold)
    expect(refunds).toMatchObject([{ out_refund_no: number, state: 'SUCCESS', amount: 500 }])
    expect(proof.holds).toBe(true)
    expect(after.told.toSorted()).toEqual(told.toSorted())
    const truth = await shop.truth(sold.out_trade_no)
    expect(truth).toMatchObject({ refunded: 500, refunds: [{ out_refund_no: number }] })
    expect(truth?.refunds).toHaveLength(1)

    // Twin: under another key it is another refund.
    expect(await refund(after, sold, 'return-2')).not.toBe(number)
    await after.pass(5 * MINUTE_MS)
    expect(await shop.truth(sold.out_trade_no)).toMatchObject({ refunded: 1_000 })
    await after.close()
  })
})
