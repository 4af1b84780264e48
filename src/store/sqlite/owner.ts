import { DatabaseSync } from 'node:sqlite'
import { VerdictError } from '../../errors.ts'
import { resultCodeOf, SQLITE_BUSY } from './sqlite-error.ts'

/*
 * One process owns a database, so that its claims can live in memory. The lock must go when the process dies, however
 * it dies; a pid file doesn't, a lock of the operating system does. Node has none of its own, but SQLite takes one for
 * every write transaction: the owner keeps such a transaction open on a second, tiny database beside the first.
 *
 * The file stays behind unlocked, and nobody may delete it: two processes could then each lock a file of that name.
 * Nor may anybody in the owner's process read it other than through SQLite: closing any other handle to it frees the
 * lock (POSIX).
 */
export interface Ownership {
  /** Gives the database free. */
  end(): void
}

/** Makes this process the one owner of `file`, or throws STORE_IN_USE. */
export function own(file: string): Ownership {
  const lock = new DatabaseSync(`${file}.owner`, { timeout: 0 })
  try {
    // The pid is only for people, so nothing waits for the disk.
    lock.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF')
    // Somebody may take and leave the lock between the two transactions: then the pid is theirs, and once more.
    do {
      lock.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${process.pid}; COMMIT; BEGIN IMMEDIATE`)
    } while (pidIn(lock) !== process.pid)
  } catch (error) {
    const inUse = resultCodeOf(error) === SQLITE_BUSY ? inUseBy(ownerOf(lock), file, error) : error
    lock.close()
    throw inUse
  }
  return { end: () => lock.isOpen && lock.close() }
}

function inUseBy(pid: number, file: string, cause: unknown): VerdictError {
  const who = pid > 0 ? `process ${pid}` : 'another process'
  return new VerdictError('STORE_IN_USE', `${file} is in use by ${who}: one process owns it at a time`, {
    cause,
  })
}

function pidIn(lock: DatabaseSync): number {
  return Number(lock.prepare('PRAGMA user_version').get()?.user_version)
}

/** Who holds the lock; 0 if that is being written right now. */
function ownerOf(lock: DatabaseSync): number {
  try {
    return pidIn(lock)
  } catch {
    return 0
  }
}
