/**
 * `npm run bench:till`: how late the queries about Quick Pay leave on PostgreSQL, beside 100,000 due orders of another
 * account with a budget of 50 queries/s, and beside 100,000 of its own account that are stale after a day's downtime. One
 * Quick Pay is placed here; one is tracked, so its first query is due at once; one lies in the store, as a process leaves
 * it that died, and is claimed when it falls due. Exit code 1 if a query left more than 200 ms after its due time.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quantile } from '../src/cli/demo/summary.ts'
import { inColumns } from '../src/cli/text.ts'
import { startChild } from './children.ts'
import type { GatewaySettings } from './gateway.ts'
import { EVERY_FOUR_SECONDS, MCHID, newKeys, openMeasured } from './measured.ts'
import { fill, nameOfOrder, TOTAL } from './orders.ts'
import { openStore, postgresDatabases } from './stores.ts'

interface Scene {
  readonly name: string
  /** Of the Quick Pay orders; the others are MCHID's. */
  readonly account: string
  /** The others fell due over this time, */
  readonly spreadMs: number
  /** which ended so long ago. */
  readonly overdueMs: number
}

interface Found {
  /** By the number of the Quick Pay order, the lag of each of its queries. */
  readonly lagsMs: Readonly<Record<string, readonly number[]>>
  /** Queries about the others. */
  readonly others: number
  readonly othersPerSecondMax: number
}

const DAY_MS = 86_400_000
const OTHERS = 100_000
const QUERIES_PER_SECOND = 50
const LAG_MS_MAX = 200
/** Inside the till's window of 45 s. */
const MEASURE_MS = 42_000
/** From opening: until the till places its order, and until the one that was left falls due. */
const WARM_UP_MS = 3_000
const LEFT_DUE_MS = 8_000
/** Between the others' numbers and nobody's. */
const LEFT = 999_999
const TILLS = { PLACED: 'placed here', TRACKED: 'tracked here', [nameOfOrder(LEFT)]: 'left in the store' }
const SCENES: readonly Scene[] = [
  { name: 'two accounts', account: '1900000002', spreadMs: 60_000, overdueMs: 0 },
  { name: 'one account, a day stale', account: MCHID, spreadMs: DAY_MS / 2, overdueMs: DAY_MS / 2 },
]

const dir = mkdtempSync(join(tmpdir(), 'verdict-till-'))
const databases = await postgresDatabases()
const keys = newKeys(dir)
try {
  const found: Array<readonly [Scene, Found]> = []
  for (const scene of SCENES) found.push([scene, await play(scene)])
  const head = ['', 'queries', 'lag p50 ms', 'lag max ms', 'others asked', 'at most in a second']
  console.error(inColumns([head, ...found.flatMap(rows)]).join('\n'))
  console.log(JSON.stringify(found.map(([{ name }, result]) => ({ name, ...result }))))
  const worstMs = Math.max(...found.flatMap(([, { lagsMs }]) => Object.values(lagsMs).flat()))
  process.exitCode = worstMs <= LAG_MS_MAX ? 0 : 1
} finally {
  await databases.end()
  rmSync(dir, { recursive: true, force: true })
  process.disconnect?.()
}

function play({ name, account, spreadMs, overdueMs }: Scene): Promise<Found> {
  return databases.within(`till_${Date.now()}`, async (place) => {
    console.error(`bench: ${name}: ${OTHERS} orders, ${QUERIES_PER_SECOND} queries/s, and three at the till`)
    const settings: GatewaySettings = { keys, mchid: MCHID, orders: 0, delayMs: 30 }
    const [gateway, { port }] = await startChild<{ port: number }>('gateway.ts', settings)
    const store = await openStore(place)
    const fromMs = Date.now() - overdueMs - spreadMs
    const others = { account: MCHID, from: 0, count: OTHERS, createdAtMs: fromMs }
    await fill(store, { ...others, dueFromMs: fromMs, spreadMs })
    const dueFromMs = Date.now() + LEFT_DUE_MS
    await fill(store, { account, kind: 'quick_pay', from: LEFT, count: 1, dueFromMs, spreadMs: 0 })
    const lagsMs: Record<string, number[]> = Object.fromEntries(Object.keys(TILLS).map((name) => [name, []]))
    const othersAtMs: number[] = []
    const onSent = (out_trade_no: string, lagMs: number): void => {
      const lags = lagsMs[out_trade_no]
      if (lags === undefined) othersAtMs.push(Date.now())
      else lags.push(lagMs)
    }
    const accounts = [...new Set([MCHID, account])].map((mchid) => ({
      mchid,
      policy: EVERY_FOUR_SECONDS,
      queriesPerSecond: QUERIES_PER_SECOND,
    }))
    const verdict = await openMeasured({ store, accounts, keys, port, onSent })
    await pause(WARM_UP_MS)
    const amount = { total: TOTAL, currency: 'HKD' }
    await verdict.track({ account, out_trade_no: 'TRACKED', kind: 'quick_pay', amount })
    await verdict.place({
      account,
      out_trade_no: 'PLACED',
      kind: 'quick_pay',
      description: 'Two coffees',
      amount,
      payer: { auth_code: '134567890123456789' },
    })
    await pause(MEASURE_MS)
    await verdict.close()
    await store.close()
    gateway.end()
    return { lagsMs, others: othersAtMs.length, othersPerSecondMax: mostInASecond(othersAtMs) }
  })
}

function rows([{ name }, found]: readonly [Scene, Found]): readonly (readonly string[])[] {
  const others = [String(found.others), String(found.othersPerSecondMax)]
  return Object.entries(TILLS).map(([till, which]) => {
    const lagsMs = found.lagsMs[till] ?? []
    const [p50, max] = [0.5, 1].map((part) => quantile(lagsMs, part).toFixed(1))
    return [`${name}: ${which}`, String(lagsMs.length), p50 ?? '', max ?? '', ...others]
  })
}

function mostInASecond(atMs: readonly number[]): number {
  let most = 0
  let first = 0
  for (const [last, ms] of atMs.entries()) {
    while ((atMs[first] ?? ms) <= ms - 1_000) first += 1
    most = Math.max(most, last - first + 1)
  }
  return most
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
