// An order with everything that happened to it, and the proof of its verdict, checked now.

import { Verdict } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

const sandbox = await startSandbox()
const store = await sqliteStore({ file: ':memory:' })
const verdict = await Verdict.open({ store, accounts: [sandbox.account], clock: sandbox.clock })

await verdict.place({
  out_trade_no: 'A47',
  kind: 'quick_pay',
  description: 'A newspaper',
  // The bank refuses this customer's payment after 5 s; then the order has to be revoked.
  amount: { total: 9003, currency: 'HKD' },
  payer: { auth_code: '134567890123456782' },
})
await verdict.settled({ out_trade_no: 'A47' })

const { order, journal, evidence, proof } = await verdict.order({ out_trade_no: 'A47' })
for (const { event, call = '', said = '' } of journal) console.log([event, call, said].join(' ').trim())
console.log(`${order.state}, version ${order.version}, signed statements kept: ${evidence.length > 0}`)
console.log(`proof holds: ${proof.holds}`)

await verdict.close()
await store.close()
await sandbox.close()
