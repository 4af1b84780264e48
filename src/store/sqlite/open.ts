import type { DatabaseSync } from 'node:sqlite'
import { migrate } from './migrate.ts'
import { type Keeping, SqliteStore } from './store.ts'

/** The owner's statements block the thread: a callback has to be answered, and orders asked about, all the same. */
const OWNER_WAIT_MS = 1_000
/** A poll touches a handful of pages; 32 MB hold those of some 100,000 open orders. */
const CACHE_KIB = 32_000
/** Only the last resort: checkpoints are made beside the poll path. Pages of 4 KiB, some 64 MB. */
const LOG_PAGES_MAX = 16_000
/** What a long read made the write-ahead log grow to is given back to the disk above this. */
const LOG_BYTES_KEPT = 64_000_000

/**
 * The store in an open database, which is brought up to date first. Nothing is claimed in it: claims live in this object.
 *
 * @param file names the database in messages
 * @throws STORE_INVALID
 */
export function storeIn(
  db: DatabaseSync,
  file = ':memory:',
  keeping: Keeping = { ownership: null, checkpointer: null, books: null },
): SqliteStore {
  db.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -${CACHE_KIB};
     PRAGMA journal_size_limit = ${LOG_BYTES_KEPT}; PRAGMA wal_autocheckpoint = ${LOG_PAGES_MAX}`,
  )
  migrate(db, file)
  db.exec(`PRAGMA busy_timeout = ${OWNER_WAIT_MS}`)
  return new SqliteStore(db, keeping)
}
