import { Client } from 'pg'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { newTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import type { Store } from '../store.ts'
import { enter } from '../testing.ts'
import { Connection } from './connection.ts'
import { postgresStore } from './index.ts'
import { type Migration, migrate, migrations } from './migrate.ts'

const databases: TestDatabase[] = []
const connections: Array<{ end(): Promise<void> }> = []

afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.end()
})
afterAll(async () => {
  for (const database of databases.reverse()) await database.drop()
})

interface Scene {
  readonly url: string
  readonly connection: Connection
  /** Runs statements as the database's owner. */
  readonly run: (sql: string) => Promise<unknown>
}

async function scene(): Promise<Scene> {
  const database = await newTestDatabase()
  databases.push(database)
  const { url } = database
  const run = (sql: string) => runAt(url, sql)
  return { url, connection: connectionTo(url), run }
}

async function runAt(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

function connectionTo(url: string): Connection {
  const connection = new Connection({ url, poolSize: 2, onError: () => {} })
  connections.push(connection)
  return connection
}

const versions = async (connection: Connection) =>
  (await connection.rows('SELECT version FROM verdict.migrations ORDER BY version')).flat()

const tables = async (connection: Connection) =>
  (await connection.rows(`SELECT tablename FROM pg_tables WHERE schemaname = 'verdict'`)).flat()

const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'STORE_INVALID', message: expect.stringMatching(message) })

/** Ours and those of a later Verdict. */
function later(...more: ReadonlyArray<Partial<Migration> & { readonly sql: string }>): readonly Migration[] {
  const ours = migrations()
  return [
    ...ours,
    ...more.map((one, nth) => {
      const version = ours.length + nth + 1
      return { version, worksFrom: version, ...one }
    }),
  ]
}

describe('a database is brought up to date', () => {
  it('by ten processes at once, each of which can work on it then', async () => {
    const { url, connection } = await scene()
    const stores = await Promise.all(
      Array.from({ length: 10 }, () => postgresStore({ url, poolSize: 2 }) as Promise<Store>),
    )
    try {
      expect(await versions(connection)).toEqual(migrations().map(({ version }) => version))
      const entered = await Promise.all(stores.map((store) => enter(store, [{}])))
      expect(new Set(entered.map(([{ id }]) => id)).size).toBe(10)
    } finally {
      for (const store of stores) await store.close()
    }
  })

  it('by ten processes at once from the version before, each step once', async () => {
    const { connection, url } = await scene()
    await migrate(connection)
    // A second time this fails.
    const next = later({ sql: 'CREATE TABLE verdict.once ()' }, { sql: 'CREATE TABLE verdict.once_more ()' })
    await Promise.all(Array.from({ length: 10 }, () => migrate(connectionTo(url), next)))
    expect(await versions(connection)).toEqual(next.map(({ version }) => version))
  })

  it('whole or not at all', async () => {
    const { connection } = await scene()
    await migrate(connection)
    const next = later({ sql: 'CREATE TABLE verdict.half ()' }, { sql: 'SELECT 1 / 0' })
    await expect(migrate(connection, next)).rejects.toThrow('division by zero')
    expect(await versions(connection)).toEqual(migrations().map(({ version }) => version))
    expect(await tables(connection)).not.toContain('half')
  })

  it('beside what its user keeps in it', async () => {
    const { connection, run } = await scene()
    await run('CREATE TABLE public.orders (id integer); INSERT INTO public.orders VALUES (7)')
    await migrate(connection)
    expect(await connection.rows('SELECT id FROM public.orders')).toEqual([[7]])
  })
})

describe('a step beside what goes on', () => {
  const BESIDE = later({
    sql: `CREATE INDEX CONCURRENTLY IF NOT EXISTS one ON verdict.orders (kind);
CREATE INDEX CONCURRENTLY IF NOT EXISTS other ON verdict.orders (seen);
`,
    isBeside: true,
  })
  const indexes = async (connection: Connection) =>
    connection.rows(
      `SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
       WHERE relname IN ('one', 'other') ORDER BY relname`,
    )
  const BOTH = [
    ['one', true],
    ['other', true],
  ]

  it('is made by one of ten processes, and the others wait for it', async () => {
    const { connection, url } = await scene()
    await migrate(connection)
    await Promise.all(Array.from({ length: 10 }, () => migrate(connectionTo(url), BESIDE)))
    expect(await indexes(connection)).toEqual(BOTH)
    expect(await versions(connection)).toEqual(BESIDE.map(({ version }) => version))
  })

  it('keeps nobody from entering orders, though it waits for a transaction that does', async () => {
    const { connection, url, run } = await scene()
    const store = await postgresStore({ url })
    const slow = new Client({ connectionString: url })
    await slow.connect()
    await slow.query('BEGIN; LOCK TABLE verdict.orders IN ROW EXCLUSIVE MODE')
    let isMade = false
    const made = migrate(connection, BESIDE).then(() => {
      isMade = true
    })
    const waits = `SELECT 1 / (count(*))::int FROM pg_stat_activity
      WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'`
    await vi.waitFor(() => run(waits), { timeout: 10_000 })
    expect(await enter(store, [{}])).toHaveLength(1)
    expect(isMade).toBe(false)
    await slow.query('COMMIT')
    await made
    expect(await indexes(connection)).toEqual(BOTH)
    await slow.end()
    await store.close()
  })

  it('begins again what did not come to its end', async () => {
    const { connection, run } = await scene()
    await migrate(connection)
    await run('CREATE INDEX one ON verdict.orders (kind)')
    await run(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'verdict.one'::regclass`)
    await migrate(connection, BESIDE)
    expect(await indexes(connection)).toEqual(BOTH)
  })

  it('is part of the one transaction that makes a new schema', async () => {
    const { connection } = await scene()
    await migrate(connection, BESIDE)
    expect(await indexes(connection)).toEqual(BOTH)
  })
})

describe('a schema of a newer Verdict', () => {
  it('is used, and left as it is, while this version works on it', async () => {
    const { connection, url } = await scene()
    const [{ version: latest } = { version: 0 }] = migrations().slice(-1)
    await migrate(connection, later({ sql: 'CREATE TABLE verdict.newer ()', worksFrom: latest }))
    const store = await postgresStore({ url })
    await enter(store, [{}])
    await store.close()
    expect(await versions(connection)).toHaveLength(migrations().length + 1)
  })

  it('is refused if this version does not, also if a later step would let it', async () => {
    const { connection, url } = await scene()
    const [{ version: latest } = { version: 0 }] = migrations().slice(-1)
    await migrate(connection, later({ sql: 'SELECT 1' }, { sql: 'SELECT 1', worksFrom: latest }))
    const message = new RegExp(
      `has version ${latest + 2}, on which a Verdict of version ${latest + 1} or newer`,
    )
    await expect(postgresStore({ url })).rejects.toEqual(invalid(message))
  })
})

describe('a database is refused, and left as it is,', () => {
  it('if its schema is another program’s', async () => {
    const { connection, url, run } = await scene()
    await run('CREATE SCHEMA verdict; CREATE TABLE verdict.judges ()')
    await expect(postgresStore({ url })).rejects.toEqual(invalid(/another program's/))
    expect(await tables(connection)).toEqual(['judges'])
  })

  it('if it takes no writes', async () => {
    const { connection, url, run } = await scene()
    const name = new URL(url).pathname.slice(1)
    await run(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    await expect(postgresStore({ url })).rejects.toEqual(
      invalid(/takes no writes \(default_transaction_read_only\)/),
    )
    expect(await tables(connection)).toEqual([])
  })

  it('if it lacks characters that orders bear', async () => {
    const { url, run } = await scene()
    const latin = new URL(url)
    latin.pathname += '_latin1'
    const name = latin.pathname.slice(1)
    await run(`CREATE DATABASE ${name} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`)
    databases.push({ url: latin.href, drop: async () => void (await run(`DROP DATABASE ${name}`)) })
    await expect(postgresStore({ url: latin.href })).rejects.toEqual(invalid(/encoding is LATIN1/))
  })
})

it('a file says which version still works on what it makes', () => {
  for (const { version, worksFrom } of migrations()) expect(worksFrom).toBeLessThanOrEqual(version)
  expect(migrations().map(({ version }) => version)).toEqual(migrations().map((_, nth) => nth + 1))
})
