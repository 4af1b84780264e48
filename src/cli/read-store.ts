import { readPostgresStore } from '../store/postgres/index.ts'
import { readSqliteStore } from '../store/sqlite/index.ts'
import type { StoreReader } from '../store/store.ts'
import { isPostgresUrl } from './store-name.ts'

/** A file, or the URL of a PostgreSQL, beside whoever owns it. @throws STORE_INVALID, and what the database throws */
export function readStore(store: string): Promise<StoreReader> {
  return isPostgresUrl(store) ? readPostgresStore({ url: store }) : readSqliteStore({ file: store })
}

/** Reads, and closes in any case. @throws as `readStore`, and what `read` throws */
export async function reading<Result>(
  store: string,
  read: (store: StoreReader) => Promise<Result>,
): Promise<Result> {
  const reader = await readStore(store)
  try {
    return await read(reader)
  } finally {
    await reader.close()
  }
}
