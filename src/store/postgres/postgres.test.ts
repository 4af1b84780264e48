import { afterAll } from 'vitest'
import { newTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { storeContract } from '../contract.ts'
import { postgresStore } from './index.ts'

const databases: TestDatabase[] = []

afterAll(async () => {
  for (const database of databases) await database.drop()
})

async function emptyStore() {
  const database = await newTestDatabase()
  databases.push(database)
  return postgresStore({ url: database.url })
}

storeContract('PostgreSQL', emptyStore)
