// When an order is queried and when it is ended: a policy per kind, held against WeChat Pay's guide before anything runs.

import { compilePlan, type FixedPolicy, QUICK_PAY_POLICY, reviewPolicy, Verdict } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

// A shop whose customers wait at the till wants to know sooner, and gives up sooner.
const impatient: FixedPolicy = {
  policy: 'fixed',
  firstMs: 2_000,
  everyMs: 3_500,
  jitterMs: 500,
  windowMs: 20_000,
}
for (const { atMs, what, rule } of compilePlan('quick_pay', impatient).explain().slice(0, 3)) {
  console.log(`${atMs / 1000} s: ${what} (guide ${rule})`)
}

// Against the guide's advice is a warning, against its rules an error, and an error keeps Verdict from opening.
console.log(reviewPolicy('quick_pay', { ...QUICK_PAY_POLICY, everyMs: 10_000 }).warnings.length, 'warning')
console.log(reviewPolicy('native', { ...QUICK_PAY_POLICY, firstMs: 61_000 }).errors.length > 0)

const sandbox = await startSandbox()
const store = await sqliteStore({ file: ':memory:' })
const account = { ...sandbox.account, policies: { quick_pay: impatient } }
const verdict = await Verdict.open({ store, accounts: [account], clock: sandbox.clock })

await verdict.place({
  out_trade_no: 'A49',
  kind: 'quick_pay',
  description: 'A ticket',
  amount: { total: 9001, currency: 'HKD' },
  payer: { auth_code: '134567890123456783' },
})
const { state } = await verdict.settled({ out_trade_no: 'A49' })
const { journal } = await verdict.order({ out_trade_no: 'A49' })
console.log(`${state}, ${journal.some(({ call }) => call === 'reverse') ? 'by us' : 'by WeChat Pay'}`)

await verdict.close()
await store.close()
await sandbox.close()
