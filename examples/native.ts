// Native: the shop shows a QR code, the customer scans it and pays.

import { Verdict } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

const sandbox = await startSandbox()
const store = await sqliteStore({ file: ':memory:' })
const verdict = await Verdict.open({ store, accounts: [sandbox.account], clock: sandbox.clock })

const { credential, warnings } = await verdict.place({
  out_trade_no: 'A43',
  kind: 'native',
  description: 'A teapot',
  amount: { total: 12_800, currency: 'HKD' },
  // A private address is refused, except, with a warning, while WeChat Pay itself is on this machine.
  notify_url: 'http://127.0.0.1:8080/wechatpay',
  // One basket, one payment: a second number for it is refused while this one is open or paid.
  purchase: 'basket-7',
})
console.log(`warnings: ${warnings.length}`)
console.log(`show as QR code: ${credential?.name} ${credential?.value.slice(0, 34)}`)

await sandbox.pay('A43')
const { state } = await verdict.settled({ out_trade_no: 'A43' })
console.log(state)

await verdict.close()
await store.close()
await sandbox.close()
