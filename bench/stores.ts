import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, escapeIdentifier } from 'pg'
import { postgresStore } from '../src/store/postgres/index.ts'
import { type OwnServer, startOwnServer } from '../src/store/postgres/own-server.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import type { Store } from '../src/store/store.ts'

/** Where a store lies: any process opens it there. */
export type StorePlace = { readonly file: string } | { readonly url: string; readonly prepares: boolean }

export function openStore(place: StorePlace): Promise<Store> {
  return 'file' in place ? sqliteStore(place) : postgresStore(place)
}

/** A database of the benchmark. */
export interface Databases {
  /** An empty one, for as long as `work` takes. */
  within<Result>(name: string, work: (place: StorePlace) => Promise<Result>): Promise<Result>
  /** µs of CPU that its own processes have used so far; null where the system doesn't tell. */
  cpuUs(): number | null
  end(): Promise<void>
}

export function sqliteDatabases(dir: string): Databases {
  return {
    within: (name, work) => work({ file: join(dir, `${name}.db`) }),
    // It works in the process that polls.
    cpuUs: () => 0,
    end: async () => {},
  }
}

/**
 * As a server for this load would be set up: memory for the rows that are polled, and no checkpoint every few seconds.
 * What makes a commit durable (`fsync`, `synchronous_commit`, `full_page_writes`) stays on.
 */
export const POSTGRES_SETTINGS = { shared_buffers: '1GB', max_wal_size: '8GB', checkpoint_timeout: '15min' }

/** @param prepares as `postgresStore` takes it */
export async function postgresDatabases({ prepares = false } = {}): Promise<Databases> {
  const server = await startOwnServer({ settings: POSTGRES_SETTINGS })
  return {
    within: async (name, work) => {
      const url = await server.newDatabase(name)
      try {
        return await work({ url, prepares })
      } finally {
        await onServer(server.url, `DROP DATABASE ${escapeIdentifier(name)} WITH (FORCE)`)
      }
    },
    cpuUs: () => cpuOfServer(server),
    end: () => server.stop(),
  }
}

/** Runs statements one after another, each on its own. Gives the rows of the last. */
export async function onServer(
  url: string,
  ...statements: readonly string[]
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const statement of statements) rows = (await client.query(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

/** Linux tells times in these. */
const TICK_US = 10_000

function cpuOfServer({ dir }: OwnServer): number | null {
  return cpuUsOf(() => readFileSync(join(dir, 'data', 'postmaster.pid'), 'utf8').split('\n')[0] ?? '')
}

/** What a process and its children used, those that have ended included; null where the system doesn't tell. */
export function cpuUsOf(pidOf: () => string): number | null {
  try {
    const pid = pidOf()
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    const stats = processes.map((name) => ({ name, stat: statOf(name) }))
    const server = stats.filter(({ name, stat }) => name === pid || stat?.[PARENT] === pid)
    return TICK_US * server.reduce((sum, { stat }) => sum + ticksIn(stat), 0)
  } catch {
    return null
  }
}

/** Fields of /proc/PID/stat after the name, which may hold blanks. */
const PARENT = 1
const [USER, SYSTEM, ENDED_USER, ENDED_SYSTEM] = [11, 12, 13, 14]

function statOf(pid: string): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null // It has ended: its parent has its time.
  }
}

function ticksIn(stat: readonly string[] | null): number {
  if (stat === null) return 0
  return [USER, SYSTEM, ENDED_USER, ENDED_SYSTEM].reduce((sum, field) => sum + Number(stat[field]), 0)
}
