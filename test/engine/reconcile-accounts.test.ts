import { expect, it } from 'vitest'
import { refusal } from '../../src/core/testing.ts'
import type { BillGateway } from '../../src/gateway/gateway.ts'
import { type BilledAccount, Reconciler } from '../../src/reconcile/reconciler.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const HOUR = 3_600_000
const AT = 10.5 * HOUR

it('an account whose bill nobody can read keeps no other account waiting, nor its own other days', async () => {
  const clock = new VirtualClock()
  const store = await sqliteStore({ file: ':memory:' })
  const ending = new AbortController()
  const said: string[] = []
  const account = (name: string, bill: BillGateway['bill']): BilledAccount => ({
    ...{ account: name, mode: 'common', gateway: { bill } },
  })
  const none = async () => refusal('NO_STATEMENT_EXIST')
  const reconciler = new Reconciler({
    ...{ store, clock, worker: 'w', signal: ending.signal, ask: async () => {} },
    notify: ({ message }) => said.push(message),
    dailyAtMs: AT,
    accounts: [
      account('1', async (day) => {
        if (day === '20260608') throw new TypeError('a bill that breaks us')
        return none()
      }),
      account('2', none),
    ],
  })
  reconciler.start()
  await clock.advance(49 * HOUR)
  const kept = await store.reconciliations({}, { after: null, limit: 10 })
  const seen = kept.map(({ account, date, failure, found }) => [account, date, failure, found?.agreed])
  expect(seen.toSorted()).toEqual([
    ['1', '2026-06-08', 'it could not be compared; the log says why', undefined],
    ['1', '2026-06-09', null, 0],
    ['2', '2026-06-08', null, 0],
    ['2', '2026-06-09', null, 0],
  ])
  expect(said.filter((message) => message.includes('a bill that breaks us')).length).toBeGreaterThan(5)
  expect(said.filter((message) => message.includes('does not come'))).toEqual([
    '1: the bill of 2026-06-08 does not come, and is asked for further: it could not be compared; the log says why',
  ])
  expect(await reconciler.standing()).toEqual([
    { account: '1', missingMs: clock.nowMs() - Date.parse('2026-06-09T10:30:00+08:00'), differing: 0 },
    { account: '2', missingMs: 0, differing: 0 },
  ])
  ending.abort(new Error('closed'))
  await reconciler.ended()
  await store.close()
})
