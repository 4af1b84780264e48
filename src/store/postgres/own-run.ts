import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VerdictError } from '../../errors.ts'
import type { Keeper } from './own-keeper.ts'
import { type ServerUser, serverEnvironment, serverUser } from './own-programs.ts'

/** One run of one of PostgreSQL's programs. */
export interface Run {
  /** How it ended: `exit code 0`, a signal, or why it can't be run. */
  readonly ended: Promise<string>
  /** What it wrote so far. */
  said(): Promise<string>
}

export type RunProgram = (program: 'initdb' | 'postgres', args: readonly string[]) => Run

export interface Running {
  readonly keeper: Keeper
  /** The folder with `bin`. */
  readonly programs: string
  readonly user: ServerUser | null
  /** The file that all of them add to. */
  readonly log: string
}

export function runIn({ keeper, programs, user, log }: Running): RunProgram {
  return (program, args) => {
    const before = statSync(log, { throwIfNoEntry: false })?.size ?? 0
    const command = join(programs, 'bin', program)
    const ended = keeper.run({ command, args, env: serverEnvironment(), user, log })
    const said = async (): Promise<string> => (await logged(log)).subarray(before).toString()
    return { ended, said }
  }
}

/** Nothing if not even that could be opened. */
async function logged(log: string): Promise<Buffer> {
  return readFile(log).catch(() => Buffer.alloc(0))
}

const FOLDER_IN_USE = /lock file "[^"]*" already exists/
const PORT_IN_USE = /could not create any TCP\/IP sockets/
/** Moment and pid. */
const LINE_PREFIX = /^\S+ \S+ \S+ \[\d+\] /
const LINES_SHOWN = 5

/** Whether somebody else's server was in the way, who may go. */
export function isInUse(said: string): boolean {
  return FOLDER_IN_USE.test(said) || PORT_IN_USE.test(said)
}

/** @param end null if it did not even end in time */
export function notStarted(dir: string, end: string | null, said: string): VerdictError {
  const lines = said.trim().split('\n').slice(-LINES_SHOWN)
  const why = [end ?? 'it takes too long', ...lines.map((line) => line.replace(LINE_PREFIX, ''))].join('; ')
  const who =
    /Permission denied/.test(said) && serverUser() !== null ? ' as nobody, since it refuses to be root' : ''
  return new VerdictError(
    FOLDER_IN_USE.test(said) ? 'STORE_IN_USE' : 'OPTION_INVALID',
    `the PostgreSQL server in ${dir} did not start${who}: ${why}`,
  )
}
