import { Worker } from 'node:worker_threads'

/** After so many changed orders the log is moved into the database: some 4 MB of log. */
const CHANGES_BETWEEN = 1_000

/**
 * Keeps SQLite's checkpoints off the thread that polls: one takes two syncs and some milliseconds, in which no order
 * would be asked. The thread is started at its first use. Should it fail, SQLite's own checkpoints, which wait for a
 * much longer log, do its work.
 */
export class Checkpointer {
  readonly #file: string
  readonly #lockWaitMs: number
  #thread: Worker | null = null
  #isBusy = false
  #changes = 0

  constructor(file: string, lockWaitMs: number) {
    this.#file = file
    this.#lockWaitMs = lockWaitMs
  }

  /** Counts what was committed. */
  wrote(changes: number): void {
    this.#changes += changes
    if (this.#changes < CHANGES_BETWEEN || this.#isBusy) return
    this.#changes = 0
    this.#isBusy = true
    this.#thread ??= this.#start()
    this.#thread.postMessage('checkpoint')
  }

  async end(): Promise<void> {
    const thread = this.#thread
    if (thread === null) return
    this.#thread = null
    // Whoever closes the store last must not find the process gone before it is closed.
    thread.ref()
    const ended = new Promise((resolve) => thread.once('exit', resolve))
    thread.postMessage('end')
    await ended
  }

  #start(): Worker {
    // The same file is TypeScript in a clone and JavaScript in the package.
    const code = new URL(`./checkpoint-thread${import.meta.url.slice(-3)}`, import.meta.url)
    const thread = new Worker(code, {
      workerData: { file: this.#file, lockWaitMs: this.#lockWaitMs },
      // The program's own options are not for it: one that was given as text (`-e`) would make it fail.
      execArgv: [],
    })
    thread.unref()
    thread.on('message', () => {
      this.#isBusy = false
    })
    // It stays busy from our point of view, so it is never asked again.
    thread.on('error', () => {
      this.#thread = null
    })
    return thread
  }
}
