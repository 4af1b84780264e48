import { existsSync } from 'node:fs'
import { sleep, systemClock } from '../../clock.ts'
import { VerdictError } from '../../errors.ts'
import { postgresStore } from '../../store/postgres/index.ts'
import { type OwnServer, startOwnServer } from '../../store/postgres/own-server.ts'
import { sqliteStore } from '../../store/sqlite/index.ts'
import type { Store } from '../../store/store.ts'
import type { Io } from '../io.ts'
import { isPostgres, OWN_SERVER } from '../store-name.ts'
import { whenFree } from '../when-free.ts'
import type { DemoFlags } from './options.ts'
import { type DemoFiles, makeFolderOf } from './run.ts'

/** Where a demo's orders lie. */
export interface DemoStore {
  readonly store: Store
  /** For people: the file or the address, without a password. */
  readonly name: string
  /** For other processes; null for a file that one process owns. */
  readonly url: string | null
  /** The server, where the demo brought it. */
  readonly server: OwnServer | null
  close(): Promise<void>
}

/** @throws OPTION_INVALID, STORE_INVALID, STORE_IN_USE */
export async function openDemoStore(
  flags: DemoFlags,
  files: DemoFiles,
  edges: Pick<Io, 'say' | 'signal'>,
): Promise<DemoStore> {
  if (!isPostgres(flags.store)) {
    makeFolderOf(files)
    const store = await whenFree(() => sqliteStore({ file: files.store }), edges)
    return { store, name: files.store, url: null, server: null, close: () => store.close() }
  }
  const server = flags.store === OWN_SERVER ? await startOwnServer() : null
  try {
    const url = server === null ? String(flags.store) : await server.newDatabase('verdict')
    const store = patient(await postgresStore({ url, onRisk: edges.say }), edges.signal)
    const close = async (): Promise<void> => {
      await store.close()
      await server?.stop()
    }
    // The password of its own server is nobody's secret, and needed to look into it.
    return { store, name: server === null ? withoutPassword(url) : url, url, server, close }
  } catch (error) {
    await server?.stop()
    throw error
  }
}

/** Nobody's real orders are mixed with a demo's. */
export async function refuseForeignOrders({ store, name }: DemoStore, { run }: DemoFiles): Promise<void> {
  if (existsSync(run) || (await store.page(0, 1)).length === 0) return
  throw new VerdictError(
    'OPTION_INVALID',
    `--store is ${name}, which holds orders that no demo placed; expected an empty one, or one of an earlier demo`,
  )
}

function withoutPassword(url: string): string {
  const shown = new URL(url)
  shown.password = ''
  return shown.href
}

const PATIENCE_MS = 60_000
const AGAIN_MS = 250

/** The demo itself only reads: while its database is down, it waits. */
function patient(store: Store, signal: AbortSignal): Store {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function' || name === 'close') {
        return typeof value === 'function' ? value.bind(target) : value
      }
      return async (...args: unknown[]): Promise<unknown> => {
        const untilMs = systemClock.nowMs() + PATIENCE_MS
        for (;;) {
          try {
            return await Reflect.apply(value, target, args)
          } catch (error) {
            if (systemClock.nowMs() > untilMs || error instanceof VerdictError) throw error
            await sleep(systemClock, AGAIN_MS, signal)
          }
        }
      }
    },
  })
}
