import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sleep, systemClock } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'
import { integer, text } from '../rows/cells.ts'
import type { Connection, Session, Transaction } from './connection.ts'

export interface Migration {
  readonly version: number
  readonly sql: string
  /** The oldest schema version whose Verdict still works on it: during an upgrade both versions run. */
  readonly worksFrom: number
  /**
   * Made of statements that stop nobody (`CONCURRENTLY`), take as long as they take, and may be begun again. No transaction
   * holds them, so it is not whole until its version is written.
   */
  readonly isBeside?: boolean
}

/** A migration says so in its first lines; else only a Verdict that knows it works on it, and it is one transaction. */
const WORKS_FROM = /^-- works from version (\d+)\n/
const BESIDE = /^-- beside what goes on\n/m

/** The files `0001.sql`, `0002.sql`, … beside this one, in order. */
export function migrations(): readonly Migration[] {
  const names = readdirSync(import.meta.dirname).filter((name) => /^\d{4}\.sql$/.test(name))
  return names.sort().map((name) => {
    const sql = readFileSync(join(import.meta.dirname, name), 'utf8')
    const version = Number.parseInt(name, 10)
    const worksFrom = Number(WORKS_FROM.exec(sql)?.[1] ?? version)
    return { version, sql, worksFrom, isBeside: BESIDE.test(sql) }
  })
}

/** Held while statements stop nobody: only tried, since they wait for every statement that waits, also for this lock. */
const TRY_LOCK_BESIDE = `SELECT pg_try_advisory_xact_lock(hashtextextended('verdict.migrations.beside', 0))`
const TRY_AGAIN_MS = 250
/** What a statement left that did not come to its end. */
const HALF_INDEXES = `SELECT relname FROM pg_catalog.pg_index JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid
  WHERE relnamespace = 'verdict'::regnamespace AND NOT indisvalid`
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
 * Brings the database to this Verdict's schema: each step is whole or not there, also when many processes start at once. A newer schema is left as it is if this Verdict still works on it.
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
  for (;;) {
    const beside = await connection.together((session) => takeSteps(session, all))
    if (beside === null) return
    while (!(await connection.together((session) => stepBeside(connection, session, beside))))
      await sleep(systemClock, TRY_AGAIN_MS)
  }
}

/** Up to one that is to be made beside what goes on, which it returns. Nothing goes on in a database that is new. */
async function takeSteps(session: Transaction, all: readonly Migration[]): Promise<Migration | null> {
  await session.rows(LOCK)
  const version = await versionOf(session, all.at(-1)?.version ?? 0)
  const isNew = version < 0
  if (isNew) await session.run(CREATE)
  for (const migration of all) {
    if (migration.version <= version) continue
    if (migration.isBeside === true && !isNew) return migration
    await session.run(isNew ? migration.sql.replaceAll(' CONCURRENTLY ', ' ') : migration.sql)
    await writeVersion(session, migration)
  }
  return null
}

/**
 * The statements run on another connection, while `holder` keeps the others away.
 *
 * @returns false if another process is at it
 */
async function stepBeside(
  connection: Connection,
  holder: Transaction,
  migration: Migration,
): Promise<boolean> {
  await holder.run('SET LOCAL idle_in_transaction_session_timeout = 0')
  const [[isOurs] = []] = await holder.rows(TRY_LOCK_BESIDE)
  if (isOurs !== true) return false
  if ((await versionOf(connection, migration.version)) >= migration.version) return true
  for (const [name] of await connection.rows(HALF_INDEXES))
    await connection.alone(`DROP INDEX CONCURRENTLY IF EXISTS verdict.${text(name)}`)
  for (const statement of migration.sql.split(/;\n/)) {
    if (statement.trim() !== '') await connection.alone(statement)
  }
  await writeVersion(holder, migration)
  return true
}

async function writeVersion(session: Session, { version, worksFrom }: Migration): Promise<void> {
  const sql = 'INSERT INTO verdict.migrations (version, works_from) VALUES ($1, $2)'
  await session.rows(sql, version, worksFrom)
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
