import { Client } from 'pg'
import { afterAll } from 'vitest'
import { postgresStore } from '../../src/store/postgres/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { Store } from '../../src/store/store.ts'
import { newTestDatabase } from './postgres.ts'

/** A database for properties of rows: each of their runs has an empty store. */
export interface RowStore {
  readonly name: string
  /** A run costs so much more where a server is asked. */
  readonly runs: number
  /** Whether text may hold U+0000. */
  readonly hasNul: boolean
  readonly withStore: (run: (store: Store) => Promise<void>) => Promise<void>
}

const sqlite: RowStore = {
  name: 'SQLite',
  runs: 200,
  hasNul: true,
  withStore: async (run) => {
    const store = await sqliteStore({ file: ':memory:' })
    await run(store)
    await store.close()
  },
}

/** One database for all runs of a file, emptied before each. */
function postgres(): RowStore {
  let opening: Promise<{ readonly store: Store; readonly client: Client; close(): Promise<void> }> | null =
    null
  afterAll(async () => (await opening)?.close())
  return {
    name: 'PostgreSQL',
    runs: 30,
    hasNul: false,
    withStore: async (run) => {
      opening ??= emptied()
      const { store, client } = await opening
      await client.query(EMPTY)
      await run(store)
    },
  }
}

async function emptied() {
  const database = await newTestDatabase()
  const store = await postgresStore({ url: database.url })
  const client = new Client({ connectionString: database.url })
  await client.connect()
  const close = async (): Promise<void> => {
    await client.end()
    await store.close()
    await database.drop()
  }
  return { store, client, close }
}

/** Without TRUNCATE, which makes a new file for each table and index. */
const EMPTY = ['orders', 'facts', 'placings', 'credentials', 'journal', 'evidence', 'verdicts', 'aftercare']
  .concat(
    'refunds',
    'deliveries',
    'strays',
    'platform_keys',
    'workers',
    'api_keys',
    'requests',
    'reconciliations',
  )
  .map((table) => `DELETE FROM verdict.${table}`)
  .join(';')

export const rowStores = (): readonly RowStore[] => [sqlite, postgres()]
