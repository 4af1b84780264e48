/** Runs in a thread of its own: reads what people ask for, one question after the other, each as of one moment. */
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { VerdictError } from '../../errors.ts'
import { SqliteBooks } from './books.ts'
import { Lookups } from './lookups.ts'
import type { Answer, BookThreadData, Question } from './threaded-books.ts'

/** Lists look at more pages than polls do. */
const CACHE_KIB = 16_000

/** As `nice` does without a number. */
const NICENESS = 10

const { file, lockWaitMs } = workerData as BookThreadData
stepBack()
const db = new DatabaseSync(file, { readOnly: true, timeout: lockWaitMs })
db.exec(`PRAGMA cache_size = -${CACHE_KIB}`)
const books = new SqliteBooks(db, new Lookups(db))

parentPort?.on('message', async (question: Question | 'end') => {
  if (question === 'end') {
    db.close()
    parentPort?.close()
    return
  }
  parentPort?.postMessage(await answerTo(question))
})

/** Polls come first where cores are scarce. Linux alone gives a thread a priority of its own; others do without. */
function stepBack(): void {
  try {
    const thread = readlinkSync('/proc/thread-self').split('/').at(-1)
    setPriority(Number(thread), NICENESS)
  } catch {}
}

async function answerTo({ id, read, parameters }: Question): Promise<Answer> {
  try {
    return { id, value: await asOfNow(() => Reflect.apply(books[read], books, parameters)) }
  } catch (error) {
    const { message } = error as Error
    return { id, failed: { message, code: error instanceof VerdictError ? error.code : null } }
  }
}

/** A read begins when the one before has ended, so it sees all that was committed before it was asked for. */
function asOfNow<Result>(read: () => Result): Result {
  db.exec('BEGIN')
  try {
    // It reads all it needs before it returns its promise.
    return read()
  } finally {
    db.exec('COMMIT')
  }
}
