// Waiting for a verdict: a caller who can't wait for ever says how long, and may come back. The wait ends, not the order.

import { Verdict, VerdictError } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

const sandbox = await startSandbox()
const store = await sqliteStore({ file: ':memory:' })
const verdict = await Verdict.open({ store, accounts: [sandbox.account], clock: sandbox.clock })

await verdict.place({
  out_trade_no: 'A46',
  kind: 'native',
  description: 'A lamp',
  amount: { total: 30_000, currency: 'HKD' },
  notify_url: 'http://127.0.0.1:8080/wechatpay',
})

try {
  await verdict.settled({ out_trade_no: 'A46' }, { waitMs: 2_000 })
} catch (error) {
  if (!(error instanceof VerdictError && error.code === 'NOT_SETTLED_YET')) throw error
  console.log(`${error.code}: still open`)
}

// Any number of callers may wait for one order.
const waiting = [1, 2].map(() => verdict.settled({ out_trade_no: 'A46' }))
await sandbox.pay('A46')
console.log((await Promise.all(waiting)).map(({ state }) => state).join(' '))

await verdict.close()
await store.close()
await sandbox.close()
