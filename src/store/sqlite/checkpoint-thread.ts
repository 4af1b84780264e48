/** Runs in a thread of its own: moves the write-ahead log into the database whenever it is asked to. */
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

const { file, lockWaitMs } = workerData as { readonly file: string; readonly lockWaitMs: number }
const db = new DatabaseSync(file, { timeout: lockWaitMs })
db.exec('PRAGMA synchronous = FULL')

parentPort?.on('message', (word: 'checkpoint' | 'end') => {
  if (word === 'end') {
    db.close()
    parentPort?.close()
    return
  }
  // PASSIVE waits for nobody: the writer goes on, and what it adds meanwhile is moved the next time.
  db.exec('PRAGMA wal_checkpoint(PASSIVE)')
  parentPort?.postMessage('done')
})
