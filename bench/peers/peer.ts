/**
 * A process that polls by somebody else's queue. argv: PeerSettings. Speaks as ../poller.ts does, but for `close`.
 */

import '../../src/cli/threads.ts'

import { settingsOfChild } from '../children.ts'
import { nameOfOrder } from '../orders.ts'
import { type PeerSettings, pollWith } from './job.ts'

const settings = settingsOfChild<PeerSettings>()
const numbers = Array.from({ length: settings.orders }, (_, i) => nameOfOrder(i))
let polls = 0
let cpu = process.cpuUsage()
const { start } = await import(`./${settings.peer}.mjs`)
await start({
  ...settings,
  numbers,
  poll: pollWith(settings),
  /** So many results are written, and the next poll of each is scheduled. */
  done: (count: number) => {
    polls += count
  },
})

process.on('message', (word) => {
  if (word === 'begin') {
    polls = 0
    cpu = process.cpuUsage()
    process.send?.('begun')
  } else {
    const { user, system } = process.cpuUsage(cpu)
    process.send?.({ polls, cpuUs: user + system, lagsMs: [] })
  }
})
process.on('disconnect', () => process.exit())
process.send?.('open')
