// Quick Pay: the till scans the customer's payment code, the customer types the password, and Verdict asks WeChat Pay
// until the answer is final. The reply to the payment call itself is lost here: nobody has to notice.

import { Verdict } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

const sandbox = await startSandbox()
const store = await sqliteStore({ file: ':memory:' })
const verdict = await Verdict.open({ store, accounts: [sandbox.account], clock: sandbox.clock })

await sandbox.setFaults({ noReplyAfter: 1 })
const { order } = await verdict.place({
  out_trade_no: 'A42',
  kind: 'quick_pay',
  description: 'Two coffees',
  // The simulator's customer of an order over 9002 pays after 5 s.
  amount: { total: 9002, currency: 'HKD' },
  payer: { auth_code: '134567890123456789' },
})
console.log(`after the payment call the order is ${order.state}`)
await sandbox.setFaults({})

const { state, transaction_id, learntBy } = await verdict.settled({ out_trade_no: 'A42' })
console.log(`${state}, learnt by ${learntBy}, WeChat Pay's number has ${transaction_id?.length} digits`)

await verdict.close()
await store.close()
await sandbox.close()
