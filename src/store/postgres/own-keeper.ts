import { type ChildProcess, fork } from 'node:child_process'
import { systemClock, within } from '../../clock.ts'

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Whom it runs as; null for ourselves. */
  readonly user: { readonly uid: number; readonly gid: number } | null
  /** The file that its standard error is added to. */
  readonly log: string
}

/** What the keeper is told. */
export type Command =
  | { readonly run: Program }
  | { readonly signal: NodeJS.Signals }
  | { readonly deleteAtEnd: string }

/** What it tells. */
export type Report = { readonly pid: number } | { readonly ended: string }

const LEAVE_MS_MAX = 30_000

/**
 * Runs programs that end when our process does, even by SIGKILL. PostgreSQL can't watch its parent, and Node can't ask the
 * system to; so a small process stands between, which notices that the channel to us is gone. Then, or at `end`, it
 * deletes the folder `scratch`.
 */
export class Keeper {
  readonly #process: ChildProcess
  readonly #gone: Promise<string>
  #pid = 0
  #ended = Promise.withResolvers<string>()

  constructor(scratch: string) {
    const { NODE_OPTIONS: _, ...env } = process.env
    // The same file is TypeScript in a clone and JavaScript in the package. In a group of its own: a Ctrl-C is for us.
    const code = new URL(`./own-keeper-process${import.meta.url.slice(-3)}`, import.meta.url)
    const keeper = fork(code, [scratch], {
      cwd: '/',
      env,
      execArgv: [],
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    this.#process = keeper
    this.#gone = new Promise((resolve) => {
      keeper.once('error', (error) => resolve(error.message))
      keeper.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    })
    void this.#gone.then((how) => this.#ended.resolve(`its keeper ended (${how})`))
    keeper.on('message', (report: Report) => {
      if ('pid' in report) this.#pid = report.pid
      else this.#ended.resolve(report.ended)
    })
    // It doesn't hold our process; whoever waits for it does.
    keeper.unref()
    keeper.channel?.unref()
  }

  /** Of the program that was run last; 0 before it has one. */
  get pid(): number {
    return this.#pid
  }

  /** Runs a program when the one before has ended. Resolves with how it ended: `exit code 0`, a signal, or why it can't be run. */
  run(program: Program): Promise<string> {
    this.#pid = 0
    this.#ended = Promise.withResolvers<string>()
    this.#tell({ run: program })
    return this.#ended.promise
  }

  signal(signal: NodeJS.Signals): void {
    this.#tell({ signal })
  }

  /** It may be renamed before. */
  deleteAtEnd(folder: string): void {
    this.#tell({ deleteAtEnd: folder })
  }

  /** Ends the program if one runs, deletes what is to be deleted, and ends the keeper. */
  async end(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect()
    await within(systemClock, LEAVE_MS_MAX, this.#gone)
  }

  #tell(command: Command): void {
    if (this.#process.connected) this.#process.send(command, () => {})
    else this.#ended.resolve('its keeper is gone')
  }
}
