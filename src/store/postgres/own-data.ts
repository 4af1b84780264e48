import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, within } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'
import type { Keeper } from './own-keeper.ts'
import type { ServerUser } from './own-programs.ts'
import { notStarted, type RunProgram } from './own-run.ts'

/** PostgreSQL's data folder. */
export interface Data {
  readonly folder: string
  /** The superuser's, drawn when the folder was made and kept in it. */
  readonly password: string
}

export interface DataPlace {
  readonly dir: string
  /** For what is needed for a moment. */
  readonly scratch: string
  readonly user: ServerUser | null
  readonly keeper: Keeper
}

const PASSWORD_FILE = 'verdict-password'
const INITDB_MS_MAX = 120_000

/**
 * The data folder below `dir`, made if it isn't there.
 *
 * @throws OPTION_INVALID if it can't be made, or is not one of ours
 */
export async function dataIn(place: DataPlace, run: RunProgram): Promise<Data> {
  const folder = join(place.dir, 'data')
  if (!existsSync(folder)) await make(folder, place, run)
  try {
    return { folder, password: await readFile(join(folder, PASSWORD_FILE), 'utf8') }
  } catch (cause) {
    throw new VerdictError('OPTION_INVALID', `${folder} is not the data of a server of ours`, { cause })
  }
}

/** Under another name first: a folder that is there is whole, even if we are killed. */
async function make(folder: string, { scratch, user, keeper }: DataPlace, run: RunProgram): Promise<void> {
  const unfinished = await mkdtemp(`${folder}.`)
  keeper.deleteAtEnd(unfinished)
  const passwordFile = join(scratch, 'password')
  const password = randomBytes(24).toString('base64url')
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (user !== null) {
    await chown(unfinished, user.uid, user.gid)
    await chown(passwordFile, user.uid, user.gid)
  }
  // Not synced: the system writes it back within half a minute, and only a power cut in that time could hurt it.
  const how = ['--no-sync', '--no-instructions', '--locale=C', '--encoding=UTF8']
  const login = ['--auth=scram-sha-256', '--username=postgres', `--pwfile=${passwordFile}`]
  const { ended, said } = run('initdb', [`--pgdata=${unfinished}`, ...how, ...login])
  const end = await within(systemClock, INITDB_MS_MAX, ended)
  if (end !== 'exit code 0') throw notStarted(folder, end, await said())
  await writeFile(join(unfinished, PASSWORD_FILE), password, { mode: 0o600 })
  await rename(unfinished, folder).catch((error) => {
    // Another process may have been faster.
    if (!existsSync(folder)) throw error
  })
}
