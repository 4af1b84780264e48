// Refunds: a customer brings something back. The refund is written before it is sent, and its number is derived from
// the order and your key, so a repeat of the call, a lost reply or a restart never makes a second one.

import { Verdict, type VerdictError } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

const sandbox = await startSandbox()
const store = await sqliteStore({ file: ':memory:' })

let told = (): void => {}
const refunded = new Promise<void>((resolve) => {
  told = resolve
})
const verdict = await Verdict.open({
  store,
  accounts: [sandbox.account],
  clock: sandbox.clock,
  onRefund: ({ refund }) => {
    console.log(`${refund.idempotencyKey}: ${refund.amount} ${refund.state}`)
    told()
  },
})
const order = { out_trade_no: 'A42' }
await verdict.place({
  ...order,
  kind: 'quick_pay',
  description: 'Two coffees',
  amount: { total: 8800, currency: 'HKD' },
  payer: { auth_code: '134567890123456789' },
})
await verdict.settled(order)

// The reply to the refund request gets lost; it is asked about, and not made twice.
await sandbox.setFaults({ noReplyAfter: 1 })
const first = await verdict.refund(order, { amount: 4400, reason: 'One cup broke', idempotencyKey: 'cup' })
const again = await verdict.refund(order, { amount: 4400, reason: 'One cup broke', idempotencyKey: 'cup' })
console.log(`the same refund: ${first.out_refund_no === again.out_refund_no}`)
await verdict.refund(order, { amount: 5000, idempotencyKey: 'too much' }).catch((error: VerdictError) => {
  console.log(error.code)
})
await sandbox.setFaults({})
await refunded
const { refunds } = await verdict.order(order)
console.log(`${refunds.length} refund of ${refunds[0]?.amount}`)

await verdict.close()
await store.close()
await sandbox.close()
