import { Client } from 'pg'
import { expect, it } from 'vitest'
import { newTestDatabase } from './postgres.ts'

it('gives every caller an empty database of its own, and drops it also while somebody is connected', async () => {
  const [one, other] = await Promise.all([newTestDatabase(), newTestDatabase()])
  const client = new Client({ connectionString: one.url })
  const lost = new Promise<Error>((resolve) => client.on('error', resolve))
  await client.connect()
  await client.query('CREATE TABLE note (text text)')

  const elsewhere = new Client({ connectionString: other.url })
  await elsewhere.connect()
  await expect(elsewhere.query('TABLE note')).rejects.toMatchObject({ code: '42P01' })
  await elsewhere.end()

  await Promise.all([one.drop(), other.drop()])
  // 57P01: admin_shutdown, as to everybody whose session is ended.
  expect(await lost).toMatchObject({ code: '57P01' })
  await expect(new Client({ connectionString: one.url }).connect()).rejects.toMatchObject({ code: '3D000' })
})
