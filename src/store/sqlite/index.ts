import { closeSync, existsSync, lstatSync, openSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { VerdictError } from '../../errors.ts'
import type { Store, StoreReader } from '../store.ts'
import { Checkpointer } from './checkpointer.ts'
import { assertMigrated, refuseForeignFile } from './migrate.ts'
import { storeIn } from './open.ts'
import { type Ownership, own } from './owner.ts'
import { SqliteReader } from './reader.ts'
import { ThreadedBooks } from './threaded-books.ts'

export interface SqliteOptions {
  /** Path of the database; it is created if missing, its folder is not. `:memory:` keeps everything in memory. */
  readonly file: string
}

/** How long opening, reading and checkpoints wait for a lock that another program holds for a moment. */
const LOCK_WAIT_MS = 5_000
/**
 * Opens the database as its one owner, and creates it or brings it up to date. Beside FILE it keeps `FILE.owner` (the
 * lock) and, while open, SQLite's `FILE-wal` and `FILE-shm`. A new FILE is readable for its user alone.
 *
 * Throws STORE_IN_USE while another process owns it, STORE_INVALID if the file is no Verdict database or one of a
 * newer Verdict; the file is left as it was.
 */
export async function sqliteStore({ file }: SqliteOptions): Promise<Store> {
  if (file === ':memory:') return storeIn(new DatabaseSync(file))
  const real = realPath(file)
  refuseForeignFile(real)
  const ownership = own(real)
  try {
    createPrivately(real)
    return openStore(real, ownership)
  } catch (error) {
    ownership.end()
    throw error
  }
}

/**
 * Opens the database for reading, also while another process owns it. Each call sees what is committed by then.
 *
 * Throws STORE_INVALID if there is no Verdict database of this version.
 */
export async function readSqliteStore({ file }: SqliteOptions): Promise<StoreReader> {
  const real = realPath(file)
  if (!existsSync(real)) throw new VerdictError('STORE_INVALID', `there is no Verdict database at ${file}`)
  refuseForeignFile(real)
  const db = new DatabaseSync(real, { readOnly: true, timeout: LOCK_WAIT_MS })
  return closedOnError(db, () => {
    assertMigrated(db, real)
    return new SqliteReader(db)
  })
}

function openStore(file: string, ownership: Ownership): Store {
  const db = new DatabaseSync(file, { timeout: LOCK_WAIT_MS })
  return closedOnError(db, () => {
    const checkpointer = new Checkpointer(file, LOCK_WAIT_MS)
    const books = new ThreadedBooks(file, LOCK_WAIT_MS)
    return storeIn(db, file, { ownership, checkpointer, books })
  })
}

function closedOnError<Result>(db: DatabaseSync, open: () => Result): Result {
  try {
    return open()
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * Orders, customers' ids and what pays an order are nobody else's to read; SQLite gives its side files the same mode. A
 * file that is there is left as it is, unopened: closing a second handle to it would free SQLite's locks (POSIX).
 */
function createPrivately(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (!existsSync(file)) throw error
  }
}

/** One file has one lock, whatever symbolic links lead to it, and even if it isn't there yet. */
function realPath(file: string, linksLeft = LINKS_MAX): string {
  if (existsSync(file)) return realpathSync(file)
  const folder = dirname(file)
  if (!existsSync(folder))
    throw new VerdictError('STORE_INVALID', `${file} can't be created: there is no folder ${folder}`)
  const path = join(realpathSync(folder), basename(file))
  const link = lstatSync(path, { throwIfNoEntry: false })
  // A link to nothing: SQLite would create what it names.
  if (!link?.isSymbolicLink()) return path
  if (linksLeft === 0) throw new VerdictError('STORE_INVALID', `${file} is a link that leads to itself`)
  return realPath(resolve(dirname(path), readlinkSync(path)), linksLeft - 1)
}

/** As many as Linux follows. */
const LINKS_MAX = 40
