import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { VerdictError } from '../../errors.ts'
import { integer } from '../rows/cells.ts'
import type { Connection, Session } from './connection.ts'

export interface Migration {
  readonly version: number
  readonly sql: string
  /** The oldest schema version whose Verdict still works on it: during an upgrade both versions run. */
  readonly worksFrom: number
}

/** A migration says so in its first line; else only a Verdict that knows it works on it. */
const WORKS_FROM = /^-- works from version (\d+)\n/

/** The files `0001.sql`, `0002.sql`, … beside this one, in order. */
export function migrations(): readonly Migration[] {
  const names = readdirSync(import.meta.dirname).filter((name) => /^\d{4}\.sql$/.test(name))
  return names.sort().map((name) => {
    const sql = readFileSync(join(import.meta.dirname, name), 'utf8')
    const version = Number.parseInt(name, 10)
    return { version, sql, worksFrom: Number(WORKS_FROM.exec(sql)?.[1] ?? version) }
  })
}

const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('verdict.migrations', 0))`
/**
 * Both as of one moment. `to_regnamespace` would answer from the session's cache, which may not know yet what another
 * process has created while we waited for the lock.
 */
const LOOK = `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'verdict'),
  EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'verdict' AND tablename = 'migrations')`
const CREATE = `CREATE SCHEMA verdict;
CREATE TABLE verdict.migrations (
  version integer PRIMARY KEY, works_from integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)`
const VERSION = 'SELECT coalesce(max(version), 0), coalesce(max(works_from), 0) FROM verdict.migrations'
const FITNESS = `SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on',
  current_setting('server_encoding')`

/**
 * Brings the database to this Verdict's schema, in one transaction: it is whole or as it was, also when many processes start
 * at once. A newer schema is left as it is if this Verdict still works on it.
 *
 * @throws STORE_INVALID, and changes nothing, if the schema `verdict` is somebody else's, or too new, or the server takes
 * no writes, or not every character
 */
export async function migrate(
  connection: Connection,
  all: readonly Migration[] = migrations(),
): Promise<void> {
  await refuseUnfit(connection)
  const latest = all.at(-1)?.version ?? 0
  // Most starts find everything in place, and need no lock.
  if ((await versionOf(connection, latest)) >= latest) return
  await connection.together(async (session) => {
    await session.rows(LOCK)
    let version = await versionOf(session, latest)
    if (version < 0) {
      await session.run(CREATE)
      version = 0
    }
    for (const migration of all) {
      if (migration.version <= version) continue
      await session.run(migration.sql)
      await session.rows(
        'INSERT INTO verdict.migrations (version, works_from) VALUES ($1, $2)',
        migration.version,
        migration.worksFrom,
      )
    }
  })
}

/** Throws STORE_INVALID unless the database has a schema on which this Verdict works. A standby will do: nothing is written. */
export async function assertMigrated(
  connection: Connection,
  all: readonly Migration[] = migrations(),
): Promise<void> {
  const latest = all.at(-1)?.version ?? 0
  const version = await versionOf(connection, latest)
  if (version < 0) throw invalid('there is no schema "verdict" in it')
  if (version < latest) {
    throw invalid(
      `its schema has version ${version}, expected ${latest}: a process of this Verdict that works on it brings it up to date`,
    )
  }
}

/** The schema's version; -1 where there is none. @throws STORE_INVALID */
async function versionOf(session: Session, latest: number): Promise<number> {
  const [look = []] = await session.rows(LOOK)
  const [isThere, isOurs] = look
  if (isOurs !== true) {
    if (isThere === true) throw invalid('its schema "verdict" holds no migrations: it is another program\'s')
    return -1
  }
  const [row = []] = await session.rows(VERSION)
  const [version, worksFrom] = row.map(integer)
  if ((version ?? 0) > latest && (worksFrom ?? 0) > latest) {
    throw invalid(
      `its schema has version ${version}, on which a Verdict of version ${worksFrom} or newer works; this one knows up to ${latest}`,
    )
  }
  return version ?? 0
}

async function refuseUnfit(connection: Connection): Promise<void> {
  const [row = []] = await connection.rows(FITNESS)
  const [isStandby, isReadOnly, encoding] = row
  if (isStandby === true) throw invalid('it is a standby and takes no writes: expected the primary server')
  if (isReadOnly === true)
    throw invalid('it takes no writes (default_transaction_read_only): expected a server that does')
  if (encoding !== 'UTF8')
    throw invalid(
      `its encoding is ${encoding}, which lacks characters: expected one created with ENCODING 'UTF8'`,
    )
}

function invalid(message: string): VerdictError {
  return new VerdictError('STORE_INVALID', `the PostgreSQL database can't be used: ${message}`)
}
