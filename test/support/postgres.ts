import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { inject } from 'vitest'

export interface TestDatabase {
  readonly url: string
  /** Also while somebody is connected. */
  drop(): Promise<void>
}

/** A fresh, empty PostgreSQL database for the caller alone, on the server of the whole run (`postgres-setup.ts`). */
export async function newTestDatabase(): Promise<TestDatabase> {
  const server = await serverUrl()
  const name = `verdict_test_${randomUUID().replaceAll('-', '')}`
  await execute(server, `CREATE DATABASE ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    // Our own server goes as a whole, and each drop costs it a checkpoint.
    drop: async () => {
      if (process.env.VERDICT_TEST_POSTGRES === undefined) return
      await execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
}

async function serverUrl(): Promise<string> {
  const answer = await fetch(inject('postgresDesk'))
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
