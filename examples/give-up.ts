// The customer walks away and the cashier cancels: the order is ended as soon as WeChat Pay allows, which is 15 s after
// the payment call for Quick Pay. If the customer paid in the last moment after all, the verdict is what WeChat Pay says.

import { Verdict } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

const sandbox = await startSandbox()
const store = await sqliteStore({ file: ':memory:' })
const verdict = await Verdict.open({ store, accounts: [sandbox.account], clock: sandbox.clock })

await verdict.place({
  out_trade_no: 'A45',
  kind: 'quick_pay',
  description: 'A sandwich',
  // The simulator's customer of an order over 9001 never pays.
  amount: { total: 9001, currency: 'HKD' },
  payer: { auth_code: '134567890123456781' },
})
const { state } = await verdict.giveUp({ out_trade_no: 'A45' })
console.log(`given up: ${state}`)

const settled = await verdict.settled({ out_trade_no: 'A45' })
const { order } = await verdict.order({ out_trade_no: 'A45' })
const afterMs = settled.atMs - order.createdAtMs
console.log(`${settled.state}, ${afterMs >= 15_000 ? 'not before 15 s' : 'too early'}`)

await verdict.close()
await store.close()
await sandbox.close()
