// A clean stop, and a later start that goes on: calls under way are finished and written, nothing new is sent, waiters
// are told, and the open order lies in the file with the moment at which it is due. A crash costs no more than that.

import { join } from 'node:path'
import { Verdict, type VerdictError } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

const sandbox = await startSandbox()
const file = join(sandbox.dir, 'verdict.db')

async function open() {
  const store = await sqliteStore({ file })
  const verdict = await Verdict.open({ store, accounts: [sandbox.account], clock: sandbox.clock })
  return { store, verdict }
}

const monday = await open()
await monday.verdict.place({
  out_trade_no: 'A48',
  kind: 'native',
  description: 'A chair',
  amount: { total: 80_000, currency: 'HKD' },
  notify_url: 'http://127.0.0.1:8080/wechatpay',
})
const waiting = monday.verdict.settled({ out_trade_no: 'A48' }).catch((error: VerdictError) => error.code)
// In a service: process.once('SIGTERM', …). The store is closed last, by whoever opened it.
await monday.verdict.close()
await monday.store.close()
console.log(`who waited was told ${await waiting}`)

await sandbox.pay('A48')
const tuesday = await open()
console.log((await tuesday.verdict.settled({ out_trade_no: 'A48' })).state)

await tuesday.verdict.close()
await tuesday.store.close()
await sandbox.close()
