import { expect, it } from 'vitest'
import { newTestDatabase } from '../../../test/support/postgres.ts'
import type { Cells } from '../rows/cells.ts'
import { risksOf } from './durability.ts'
import { postgresStore } from './index.ts'

it.each([
  ['on', '', 0, null],
  ['on', '', 2, 'asynchronous'],
  ['on', 'ANY 1 (a, b)', 2, null],
  ['remote_apply', 'a', 1, null],
  ['local', 'a', 1, 'does not wait'],
  ['off', 'a', 1, 'not on disk'],
])('synchronous_commit %s, standbys "%s", %i replicas: %s', async (commit, standbys, replicas, said) => {
  const rows = async (): Promise<readonly Cells[]> => [[commit, standbys, replicas]]
  const risks = await risksOf({ rows })
  if (said === null) expect(risks).toEqual([])
  else expect(risks).toEqual([expect.stringContaining(said)])
})

it('whoever opens the store is told', async () => {
  const { url, drop } = await newTestDatabase()
  const told: string[] = []
  for (const commit of ['on', 'off']) {
    const careless = new URL(url)
    careless.searchParams.set('options', `-c synchronous_commit=${commit}`)
    const store = await postgresStore({ url: careless.href, onRisk: (sentence) => told.push(sentence) })
    await store.close()
  }
  expect(told).toEqual([expect.stringContaining('synchronous_commit is off')])
  await drop()
})
