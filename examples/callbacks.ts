// Callbacks: WeChat Pay announces the payment to notify_url, and the order has its verdict before anybody asked. Node's
// own server here; fastifyCallbacks and expressCallbacks do the same in an app of yours.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nodeCallbacks, Verdict } from '../src/index.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { startSandbox } from './sandbox.ts'

const sandbox = await startSandbox()
const store = await sqliteStore({ file: ':memory:' })
const verdict = await Verdict.open({
  store,
  accounts: [sandbox.account],
  clock: sandbox.clock,
  // At least once, in the order's own sequence, from the moment that it is on disk.
  onVerdict: ({ out_trade_no, state, learntBy }) => console.log(`${out_trade_no}: ${state} by ${learntBy}`),
})

const server = createServer(nodeCallbacks(verdict.callbacks)).listen(0, '127.0.0.1')
await once(server, 'listening')

await verdict.place({
  out_trade_no: 'A42',
  kind: 'native',
  description: 'Two coffees',
  amount: { total: 8800, currency: 'HKD' },
  // In production your public address, with each order or once with the account.
  notify_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callbacks`,
})
await sandbox.pay('A42')
await verdict.settled({ out_trade_no: 'A42' })

// Somebody who is not WeChat Pay learns nothing and changes nothing.
const forged = await verdict.callbacks({ headers: [], body: Buffer.from('{"id":"1"}') })
console.log(`a forged callback is answered ${forged.status}`)
const { order, proof } = await verdict.order({ out_trade_no: 'A42' })
console.log(`${order.queries} queries, proof holds: ${proof.holds}`)

await verdict.close()
server.close()
server.closeAllConnections()
await store.close()
await sandbox.close()
