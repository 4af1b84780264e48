import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { VerdictError } from '../../errors.ts'
import { Connection } from '../../store/postgres/connection.ts'
import { risksOf } from '../../store/postgres/durability.ts'
import { readPostgresStore } from '../../store/postgres/index.ts'
import { readSqliteStore } from '../../store/sqlite/index.ts'
import { refuseForeignFile } from '../../store/sqlite/migrate.ts'
import { isPostgresUrl } from '../store-name.ts'
import { type Finding, fail, messageOf, ok, warn } from './finding.ts'

const CHECK = 'store'

/** Whether the store can be opened, or made. Looks only: nothing is made, migrated or locked. */
export async function examineStore(store: string): Promise<readonly Finding[]> {
  return isPostgresUrl(store) ? examinePostgres(store) : [await examineSqlite(store)]
}

async function examineSqlite(file: string): Promise<Finding> {
  const folder = dirname(file)
  if (!existsSync(folder))
    return fail(CHECK, `${folder} isn't there`, 'make the folder; Verdict makes the file alone')
  const closed = [folder, file].find((path) => existsSync(path) && !isWritable(path))
  if (closed !== undefined)
    return fail(CHECK, `${closed} can't be written`, 'let the user that runs Verdict write there')
  if (!existsSync(file)) return ok(CHECK, `${file} will be made by verdict serve`)
  try {
    refuseForeignFile(file)
  } catch (error) {
    return fail(CHECK, messageOf(error), 'name another file')
  }
  try {
    const reader = await readSqliteStore({ file })
    await reader.close()
    return ok(CHECK, `${file} is a Verdict database and can be read`)
  } catch (error) {
    // It is ours and no newer one, so it is an older one.
    if (error instanceof VerdictError) return ok(CHECK, `${file} will be brought up to date by verdict serve`)
    return fail(CHECK, messageOf(error), 'look at the file and its folder')
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

async function examinePostgres(url: string): Promise<readonly Finding[]> {
  const connection = new Connection({ url, poolSize: 2, onError: () => {} })
  try {
    const risks = await risksOf(connection)
    const found = [await examineSchema(url), ...risks.map((risk) => warn('store', risk, 'see docs/store.md'))]
    return found
  } catch (error) {
    const todo = 'look at the address, the login and the network; docs/store.md tells what Verdict needs'
    return [fail(CHECK, `PostgreSQL can't be used: ${wordsOf(error)}`, todo)]
  } finally {
    await connection.end().catch(() => {})
  }
}

async function examineSchema(url: string): Promise<Finding> {
  try {
    const reader = await readPostgresStore({ url })
    await reader.close()
    return ok(CHECK, 'PostgreSQL is reached, and holds a Verdict schema of this version')
  } catch (error) {
    if (!(error instanceof VerdictError)) throw error
    if (/there is no schema|brings it up to date/.test(error.message)) {
      return ok(CHECK, 'PostgreSQL is reached; verdict serve will make its schema, or bring it up to date')
    }
    return fail(CHECK, error.message, 'name another database, or use the newer Verdict')
  }
}

/** A driver's error, also one of several attempts, which has no message of its own. */
function wordsOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error]
  return messageOf(first).replace(/postgres(ql)?:\/\/\S*/g, 'postgres://…')
}
