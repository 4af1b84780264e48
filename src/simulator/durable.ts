import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { VerdictError } from '../errors.ts'

/**
 * The simulator's memory: maps that live in memory and are written through to one SQLite file, so that a process that
 * is killed at any moment goes on with everything it acknowledged.
 *
 * `synchronous=NORMAL` in WAL mode: a killed process loses nothing, as the operating system has its writes; only a
 * power cut could, and a simulator needn't survive that.
 */
export interface Ledger {
  /** The map of this name, with what earlier processes put into it, in the sequence of its first puts. */
  map<Value>(name: string): DurableMap<Value>
  /** Runs `task`; what it puts is on file when this returns, all of it or, if the process dies, nothing. */
  together<Result>(task: () => Result): Result
  close(): void
}

export interface DurableMap<Value> {
  get(key: string): Value | undefined
  has(key: string): boolean
  set(key: string, value: Value): unknown
  values(): IterableIterator<Value>
  entries(): IterableIterator<[string, Value]>
  readonly size: number
}

/** @throws STORE_IN_USE if another simulator has the file open, STORE_INVALID if it is no such file */
export function openLedger(file: string): Ledger {
  return file === ':memory:' ? fleetingLedger() : ledgerIn(file)
}

/** What nobody opens again needs no file, not even one in memory. */
function fleetingLedger(): Ledger {
  return {
    map: <Value>() => new Map<string, Value>(),
    together: (task) => task(),
    close: () => {},
  }
}

function ledgerIn(file: string): Ledger {
  const database = opened(file)
  const put = database.prepare(
    'INSERT INTO facts (map, key, value) VALUES (?, ?, ?) ON CONFLICT (map, key) DO UPDATE SET value = excluded.value',
  )
  return {
    map: <Value>(name: string) => durableMap<Value>(database, put, name),
    together(task) {
      if (database.isTransaction) return task()
      database.exec('BEGIN')
      try {
        const result = task()
        database.exec('COMMIT')
        return result
      } catch (error) {
        // Memory may now be ahead of the file: better no simulator than one that forgets.
        database.close()
        throw error
      }
    },
    close: () => {
      if (database.isOpen) database.close()
    },
  }
}

function opened(file: string): DatabaseSync {
  try {
    const database = new DatabaseSync(file)
    // One process owns the truth; the second one on the same folder is told so.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    database.exec(
      'CREATE TABLE IF NOT EXISTS facts (map TEXT, key TEXT, value TEXT NOT NULL, UNIQUE (map, key))',
    )
    database.exec('BEGIN IMMEDIATE; COMMIT')
    return database
  } catch (cause) {
    const inUse = /locked|busy/i.test(String(cause))
    throw inUse
      ? new VerdictError(
          'STORE_IN_USE',
          `${file} is used by another simulator; stop it or choose another --dir`,
          { cause },
        )
      : new VerdictError('STORE_INVALID', `${file} is no simulator database`, { cause })
  }
}

function durableMap<Value>(database: DatabaseSync, put: StatementSync, name: string): DurableMap<Value> {
  const memory = new Map<string, Value>()
  const rows = database.prepare('SELECT key, value FROM facts WHERE map = ? ORDER BY rowid').all(name)
  for (const { key, value } of rows) memory.set(String(key), JSON.parse(String(value)))
  return {
    get: (key) => memory.get(key),
    has: (key) => memory.has(key),
    set(key, value) {
      put.run(name, key, JSON.stringify(value))
      memory.set(key, value)
    },
    values: () => memory.values(),
    entries: () => memory.entries(),
    get size() {
      return memory.size
    },
  }
}
