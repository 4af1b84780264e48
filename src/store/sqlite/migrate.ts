import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { VerdictError } from '../../errors.ts'
import { resultCodeOf, SQLITE_CORRUPT, SQLITE_NOTADB } from './sqlite-error.ts'

/** "VDRT" in SQLite's header, so that no other program's database is taken for ours. */
const APPLICATION_ID = 0x56445254

interface Migration {
  readonly version: number
  readonly sql: string
}

/** The files `0001.sql`, `0002.sql`, … beside this one, in order. */
function migrations(): readonly Migration[] {
  const names = readdirSync(import.meta.dirname).filter((name) => /^\d{4}\.sql$/.test(name))
  return names.sort().map((name) => ({
    version: Number.parseInt(name, 10),
    sql: readFileSync(join(import.meta.dirname, name), 'utf8'),
  }))
}

/**
 * Brings the database to this Verdict's schema, in one transaction: it is whole or as it was, also when two processes
 * start at once. Throws STORE_INVALID, and changes nothing, if it is not a Verdict database or a newer one.
 */
export function migrate(db: DatabaseSync, file: string): void {
  const all = migrations()
  db.exec('BEGIN IMMEDIATE')
  try {
    const version = recognise(db, file, latestOf(all))
    const missing = all.filter((migration) => migration.version > version)
    for (const { sql } of missing) db.exec(sql)
    if (missing.length > 0)
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${latestOf(all)}`)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** Throws STORE_INVALID unless the database has exactly this Verdict's schema. */
export function assertMigrated(db: DatabaseSync, file: string): void {
  const latest = latestOf(migrations())
  const version = recognise(db, file, latest)
  if (version < latest) {
    throw invalid(
      `${file} has schema version ${version}, expected ${latest}: the process that owns it brings it up to date`,
    )
  }
}

/**
 * Looks at the file without leaving a trace: no lock, no write-ahead log, no side file. What this lets pass is judged
 * again in the transaction of `migrate`, because only that sees what other processes just wrote.
 */
export function refuseForeignFile(file: string): void {
  if (!existsSync(file)) return
  if (!statSync(file).isFile()) throw invalid(`${file} is no file: expected a Verdict database`)
  const url = pathToFileURL(file)
  url.searchParams.set('immutable', '1')
  const db = new DatabaseSync(url, { readOnly: true })
  try {
    recognise(db, file, latestOf(migrations()))
  } catch (error) {
    // Read without a lock, while its owner moves the log into it, a file may look broken.
    if (resultCodeOf(error) !== SQLITE_CORRUPT) throw error
  } finally {
    db.close()
  }
}

/** The schema version of a Verdict database; 0 for an empty one. */
function recognise(db: DatabaseSync, file: string, latest: number): number {
  const applicationId = firstCell(db, file, 'PRAGMA application_id')
  if (applicationId !== APPLICATION_ID) {
    const tables = firstCell(db, file, 'SELECT count(*) FROM sqlite_schema')
    if (applicationId === 0 && tables === 0) return 0
    throw invalid(
      `${file} is another program's database: its application_id is ${applicationId}, expected ${APPLICATION_ID}`,
    )
  }
  const version = Number(firstCell(db, file, 'PRAGMA user_version'))
  if (version > latest) {
    throw invalid(
      `${file} was written by a newer Verdict: its schema has version ${version}, this Verdict knows up to ${latest}`,
    )
  }
  return version
}

function firstCell(db: DatabaseSync, file: string, sql: string): SQLOutputValue | undefined {
  try {
    return Object.values(db.prepare(sql).get() ?? {})[0]
  } catch (error) {
    if (resultCodeOf(error) !== SQLITE_NOTADB) throw error
    throw invalid(`${file} is no SQLite database: expected a Verdict database or no file`, { cause: error })
  }
}

function latestOf(all: readonly Migration[]): number {
  return all.at(-1)?.version ?? 0
}

function invalid(message: string, more?: ErrorOptions): VerdictError {
  return new VerdictError('STORE_INVALID', message, more)
}
