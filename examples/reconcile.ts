// Reconciliation: on the next morning WeChat Pay's bill of a day is held against what is known here, and the other way
// round. The simulator of this example has its bill at once.

import { Verdict } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

const sandbox = await startSandbox({ bills: 'at-once' })
const store = await sqliteStore({ file: ':memory:' })
const { account, clock } = sandbox
const verdict = await Verdict.open({ store, accounts: [account], clock })

const coffee = { description: 'Two coffees', amount: { total: 8800, currency: 'HKD' } } as const
const payer = { auth_code: '134567890123456789' }
await verdict.place({ out_trade_no: 'A42', kind: 'quick_pay', ...coffee, payer })
const { success_time } = await verdict.settled({ out_trade_no: 'A42' })

// Another program, with a store of its own, uses the same account.
const theirs = await sqliteStore({ file: ':memory:' })
const other = await Verdict.open({ store: theirs, accounts: [account], clock })
await other.place({
  out_trade_no: 'B7',
  kind: 'quick_pay',
  ...coffee,
  payer: { auth_code: '134567890123456780' },
})
await other.settled({ out_trade_no: 'B7' })

const date = String(success_time).slice(0, 'yyyy-mm-dd'.length)
const { lines, agreed, differences, bill } = await verdict.reconcile({ date })
console.log(`${lines.payment} payments, ${agreed} of them known here`)
for (const { kind, out_trade_no, billed } of differences) console.log(`${kind}: ${out_trade_no}, ${billed}`)
console.log(`signed: ${bill?.evidence.body}`)

await other.close()
await theirs.close()
await verdict.close()
await store.close()
await sandbox.close()
