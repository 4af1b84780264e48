import { Client } from 'pg'
import { expect, it } from 'vitest'
import { newTestDatabase } from './postgres.ts'

it('gives every caller an empty database of its own', async () => {
  const [one, other] = await Promise.all([newTestDatabase(), newTestDatabase()])
  const client = new Client({ connectionString: one.url })
  await client.connect()
  await client.query('CREATE TABLE note (text text)')

  const elsewhere = new Client({ connectionString: other.url })
  await elsewhere.connect()
  await expect(elsewhere.query('TABLE note')).rejects.toMatchObject({ code: '42P01' })
  await elsewhere.end()

  await client.end()
  await Promise.all([one.drop(), other.drop()])
})
