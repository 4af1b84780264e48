import { expect, it } from 'vitest'
import { newTestDatabase } from '../../../test/support/postgres.ts'
import { wayTo } from '../../../test/support/way.ts'
import { sleep, systemClock } from '../../clock.ts'
import { postgresStore } from './index.ts'

it('a heartbeat whose connection leads nowhere is given up in time for the next one to count', async () => {
  const database = await newTestDatabase()
  const way = await wayTo(database.url)
  const store = await postgresStore({ url: way.url, poolSize: 2 })
  const beat = () => store.peers?.beat({ worker: 'w', holds: {}, wants: {}, deadMs: 6_000 })
  await beat()
  way.swallow()
  // Without a confirmed one a process sends nothing after 3 s, and loses its claims after 6.
  const lost = await Promise.race([Promise.resolve(beat()).catch(() => 'lost'), sleep(systemClock, 5_000)])
  expect(lost).toBe('lost')
  expect(await beat()).toMatchObject({ dead: [] })
  way.close()
  await store.close()
  await database.drop()
})
