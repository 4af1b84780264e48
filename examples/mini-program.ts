// Mini program (JSAPI and app are alike): the server places the order and hands the page what it needs to call the
// payment. Every call signs anew, so a page that was left open for hours asks again.

import { Verdict } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

const sandbox = await startSandbox()
const store = await sqliteStore({ file: ':memory:' })
const verdict = await Verdict.open({ store, accounts: [sandbox.account], clock: sandbox.clock })

await verdict.place({
  out_trade_no: 'A44',
  kind: 'mini_program',
  description: 'A book',
  amount: { total: 9_900, currency: 'HKD' },
  notify_url: 'http://127.0.0.1:8080/wechatpay',
  payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
})
// Pass these fields to wx.requestPayment as they are.
const fields = await verdict.paySign({ out_trade_no: 'A44' })
console.log(Object.keys(fields).join(' '))

await sandbox.pay('A44')
console.log((await verdict.settled({ out_trade_no: 'A44' })).state)

await verdict.close()
await store.close()
await sandbox.close()
