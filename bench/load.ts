import { type Child, startChild } from './children.ts'
import type { GatewaySettings } from './gateway.ts'
import { type BenchKeys, EVERY_MS, MCHID } from './measured.ts'
import { fill } from './orders.ts'
import type { Counted, PollerSettings } from './poller.ts'
import { type Databases, openStore, type StorePlace } from './stores.ts'

export interface Load {
  readonly name: string
  /** Polled every 4 s each. */
  readonly orders: number
  /** How long WeChat Pay takes to answer. */
  readonly delayMs: number
  /** Open orders beside them that are due in an hour and later. */
  readonly idle: number
  /** Verdict processes on the one database. */
  readonly processes: number
}

/** All processes of a kind together. */
export interface Measured {
  readonly pollsPerSecond: number
  /** µs of the Verdict processes' CPU (all threads) per poll. */
  readonly cpuPerPollUs: number
  /** Of the database's own processes; null where the system doesn't tell. */
  readonly databaseCpuPerPollUs: number | null
  readonly gatewayCpuPerPollUs: number
  readonly lagsMs: readonly number[]
}

/** V8 compiles what is run often once more and better: from the 9th to the 17th second that still took a fiftieth of the CPU. */
const WARM_UP_MS = 20_000
const MEASURE_MS = 15_000
/** Until the processes poll. */
const START_MS = 1_500
const IDLE_FROM = 1_000_000_000
const HOUR_MS = 3_600_000

/** Runs a load on a database of its own. */
export function measured(load: Load, databases: Databases, keys: BenchKeys): Promise<Measured> {
  const name = load.name.replaceAll(/\W+/g, '_')
  return databases.within(`${name}_${Date.now()}`, async (place) => {
    const { orders, delayMs } = load
    const settings: GatewaySettings = { keys, mchid: MCHID, orders, delayMs }
    const [gateway, { port }] = await startChild<{ port: number }>('gateway.ts', settings)
    await filled(place, load)
    const poller: PollerSettings = { place, keys, port }
    const starting = Array.from({ length: load.processes }, () => startChild('poller.ts', poller))
    const pollers = (await Promise.all(starting)).map(([child]) => child)
    try {
      return await measuredOnce(pollers, gateway, databases)
    } finally {
      await Promise.all(pollers.map((child) => child.ask('close')))
      for (const child of [...pollers, gateway]) child.end()
    }
  })
}

async function filled(place: StorePlace, { orders, idle }: Load): Promise<void> {
  const store = await openStore(place)
  const nowMs = Date.now()
  await fill(store, {
    account: MCHID,
    from: IDLE_FROM,
    count: idle,
    dueFromMs: nowMs + HOUR_MS,
    spreadMs: HOUR_MS,
  })
  const dueFromMs = Date.now() + START_MS
  await fill(store, { account: MCHID, from: 0, count: orders, dueFromMs, spreadMs: EVERY_MS })
  await store.close()
}

/** What processes do within `measureMs` that speak as poller.ts does. */
export async function measuredOnce(
  pollers: readonly Child[],
  gateway: Child,
  databases: Pick<Databases, 'cpuUs'>,
): Promise<Measured> {
  await pause(WARM_UP_MS)
  const gatewayFrom = total(await gateway.ask<NodeJS.CpuUsage>('cpu'))
  const databaseFrom = databases.cpuUs()
  await Promise.all(pollers.map((child) => child.ask('begin')))
  const atMs = performance.now()
  await pause(MEASURE_MS)
  const counts = await Promise.all(pollers.map((child) => child.ask<Counted>('end')))
  const seconds = (performance.now() - atMs) / 1_000
  const databaseTo = databases.cpuUs()
  const gatewayTo = total(await gateway.ask<NodeJS.CpuUsage>('cpu'))
  const polls = sum(counts.map((count) => count.polls))
  return {
    pollsPerSecond: polls / seconds,
    cpuPerPollUs: sum(counts.map(({ cpuUs }) => cpuUs)) / polls,
    databaseCpuPerPollUs:
      databaseFrom === null || databaseTo === null ? null : (databaseTo - databaseFrom) / polls,
    gatewayCpuPerPollUs: (gatewayTo - gatewayFrom) / polls,
    lagsMs: counts.flatMap(({ lagsMs }) => lagsMs),
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function total({ user, system }: NodeJS.CpuUsage): number {
  return user + system
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
