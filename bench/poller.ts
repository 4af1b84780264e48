/**
 * A Verdict process of the benchmark. argv: PollerSettings. Says 'open' when it polls; on `begin` it counts from then on,
 * on `end` it says what it counted (Counted), on `close` it stops.
 */
import '../src/cli/threads.ts'

import { settingsOfChild } from './children.ts'
import { type BenchKeys, EVERY_FOUR_SECONDS, MCHID, openMeasured } from './measured.ts'
import { openStore, type StorePlace } from './stores.ts'

export interface PollerSettings {
  readonly place: StorePlace
  readonly keys: BenchKeys
  readonly port: number
}

export interface Counted {
  readonly polls: number
  /** µs of this process's CPU, all threads. */
  readonly cpuUs: number
  readonly lagsMs: readonly number[]
}

const { place, keys, port } = settingsOfChild<PollerSettings>()
const store = await openStore(place)
let lagsMs: number[] = []
let cpu = process.cpuUsage()
const verdict = await openMeasured({
  store,
  accounts: [{ mchid: MCHID, policy: EVERY_FOUR_SECONDS, queriesPerSecond: 100_000 }],
  keys,
  port,
  onSent: (_, lagMs) => void lagsMs.push(lagMs),
})

function begin(): string {
  lagsMs = []
  cpu = process.cpuUsage()
  return 'begun'
}

function counted(): Counted {
  const { user, system } = process.cpuUsage(cpu)
  return { polls: lagsMs.length, cpuUs: user + system, lagsMs }
}

async function close(): Promise<string> {
  await verdict.close()
  await store.close()
  return 'closed'
}

process.on('message', async (word) => {
  process.send?.(word === 'begin' ? begin() : word === 'end' ? counted() : await close())
})
process.on('disconnect', () => process.exit())
process.send?.('open')
