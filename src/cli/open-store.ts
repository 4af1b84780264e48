import { postgresStore } from '../store/postgres/index.ts'
import { sqliteStore } from '../store/sqlite/index.ts'
import type { Store } from '../store/store.ts'
import type { Io } from './io.ts'
import { isPostgresUrl } from './store-name.ts'
import { whenFree } from './when-free.ts'

/** A file, or the URL of a PostgreSQL. @throws STORE_INVALID, STORE_IN_USE, and what the database throws */
export function openStore(store: string, edges: Pick<Io, 'say' | 'signal'>): Promise<Store> {
  if (isPostgresUrl(store)) return postgresStore({ url: store, onRisk: edges.say })
  return whenFree(() => sqliteStore({ file: store }), edges)
}
