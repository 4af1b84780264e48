export { type ArchiveOptions, archivePostgres } from './archive.ts'

import type { Store, StoreReader } from '../store.ts'
import { Connection } from './connection.ts'
import { risksOf } from './durability.ts'
import { assertMigrated, migrate } from './migrate.ts'
import { PostgresReader } from './reader.ts'
import { PostgresStore } from './store.ts'

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, with `?sslmode=…` as PostgreSQL's tools take it. */
  readonly url: string
  /** Connections at most, 2 to 100; one more is for heartbeats, and one listens. Default 6. */
  readonly poolSize?: number
  /**
   * Whether the server keeps Verdict's statements by name, which spares it the reading of each. Only without a pooler in
   * transaction mode, or with one that knows of them. Default false.
   */
  readonly prepares?: boolean
  /** Told of a connection that broke. Default: nobody; what was under way fails in any case, and is done again. */
  readonly onError?: (error: Error) => void
  /** Told, one sentence each, what the server may lose of what it has confirmed. Default: nobody. */
  readonly onRisk?: (sentence: string) => void
}

const POOL_SIZE = 6

/**
 * Opens the database for any number of processes, and creates Verdict's schema `verdict` in it or brings it up to date.
 *
 * @throws STORE_INVALID if the schema is another program's or too new for this Verdict, or the server takes no writes; and
 * whatever the connection throws
 */
export async function postgresStore(options: PostgresOptions): Promise<Store> {
  const { url, poolSize = POOL_SIZE, prepares = false, onError = () => {}, onRisk = () => {} } = options
  const connection = new Connection({ url, poolSize, prepares, onError })
  try {
    await migrate(connection)
    for (const sentence of await risksOf(connection)) onRisk(sentence)
  } catch (error) {
    await connection.end()
    throw error
  }
  return new PostgresStore(connection, { url, onError })
}

/**
 * Opens the database for reading, on a standby too. Each call sees what is committed by then.
 *
 * @throws STORE_INVALID if there is no schema of this version, and whatever the connection throws
 */
export async function readPostgresStore({ url, onError = () => {} }: PostgresOptions): Promise<StoreReader> {
  const connection = new Connection({ url, poolSize: 2, onError })
  try {
    await assertMigrated(connection)
  } catch (error) {
    await connection.end()
    throw error
  }
  return new PostgresReader(connection)
}
