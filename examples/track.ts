// Another program placed the order; Verdict finds out what becomes of it. With `end: true` it may also close it when
// its window is over; without, it only asks, ever more slowly, and in the end shows the order to a person.

import { gatewayFor, Verdict } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

const sandbox = await startSandbox()
const { account, clock } = sandbox

// The other program. Any WeChat Pay client will do; this one has no memory and no second attempt.
const key = { account: account.mchid, sub_mchid: null, out_trade_no: 'B1' }
const amount = { total: 5_000, currency: 'HKD' }
const other = gatewayFor(account, { clock })
const body = other.draft({
  ...key,
  kind: 'native',
  description: 'A cup',
  amount,
  notify_url: 'https://shop.example.com/wechatpay',
})
const placed = await other.place({ ...key, kind: 'native', body, signedAtMs: clock.nowMs() })
console.log(`the other program got ${placed.kind === 'answer' ? 'an answer' : 'none'}`)
await other.end()

const store = await sqliteStore({ file: ':memory:' })
const verdict = await Verdict.open({ store, accounts: [account], clock })
const tracked = await verdict.track({ out_trade_no: 'B1', kind: 'native', amount, end: true })
console.log(`${tracked.origin} and ${tracked.state}`)

await sandbox.pay('B1')
console.log((await verdict.settled({ out_trade_no: 'B1' })).state)

await verdict.close()
await store.close()
await sandbox.close()
