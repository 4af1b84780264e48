/**
 * `npm run bench:growth -- [--minutes N] [--fillfactor N] [--orders N]`: what a claim and a commit of 128 orders cost on
 * PostgreSQL with 50,000 orders, and with 5 million of which a fifth is open; then what they cost while 4,000 polls/s go on
 * beside a transaction that stays open for the second third of N minutes (1 by default; 30 makes it ten minutes).
 */

import { Command, InvalidArgumentError } from 'commander'
import { Client } from 'pg'
import { quantile } from '../src/cli/demo/summary.ts'
import { inColumns } from '../src/cli/text.ts'
import type { OpenOrder } from '../src/core/order.ts'
import { isFinal } from '../src/core/order.ts'
import { READ_AHEAD_MS } from '../src/engine/intake.ts'
import { postgresStore } from '../src/store/postgres/index.ts'
import type { Claim, Commit, Store } from '../src/store/store.ts'
import { fillMillions } from './millions.ts'
import { fill } from './orders.ts'
import { onServer, postgresDatabases, type StorePlace } from './stores.ts'

interface Flags {
  readonly minutes: number
  readonly fillfactor?: number
  readonly orders: number
}

/** ms of each statement's whole way there and back. */
interface Costs {
  readonly claim: number[]
  /** Right after a claim Verdict asks for the next due time. */
  readonly next: number[]
  readonly commit: number[]
}

const PARTS = ['claim', 'next', 'commit'] as const
const ACCOUNT = '1900000001'
const POLLED = '1900000002'
const LIMIT = 128
const PAIRS = 300
const WARM_UP = 30
const SMALL = 50_000
const POLLED_ORDERS = 16_000
const EVERY_MS = 4_000
/** 4,000 polls/s. */
const PAIR_MS = (EVERY_MS * LIMIT) / POLLED_ORDERS

const SIZES = `SELECT relname, pg_relation_size(oid) / 1048576 AS mib FROM pg_class
  WHERE relnamespace = 'verdict'::regnamespace AND relname ~ '^(orders|journal|facts)' AND relkind IN ('r', 'i') ORDER BY 1`
/** Those that changed no index are `hot`. */
const UPDATES = `SELECT n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables
  WHERE schemaname = 'verdict' AND relname = 'orders'`

const flags = new Command('growth')
  .option('--minutes <n>', 'of polls beside an open transaction', number(0.1, 600), 1)
  .option('--fillfactor <n>', 'of the orders, instead of what the schema has', number(10, 100))
  .option('--orders <n>', 'in the large table', number(50_000, 20_000_000), 5_000_000)
  .parse()
  .opts<Flags>()
const databases = await postgresDatabases()
try {
  await databases.within('small', (small) => databases.within('large', (large) => measure(small, large)))
} finally {
  await databases.end()
  process.disconnect?.()
}

async function measure(small: StorePlace, large: StorePlace): Promise<void> {
  const stores = [await opened(small), await opened(large)] as const
  await filled(small, SMALL, SMALL)
  await filled(large, flags.orders, flags.orders / 5)
  const [inSmall, inLarge] = await alternating(stores)
  show('a table of', [`${SMALL} orders`, inSmall], [`${flags.orders} orders`, inLarge])
  const phases = await besideATransaction(stores[1], urlOf(large))
  show('beside an open transaction', ...phases)
  const sizes = await onServer(urlOf(large), SIZES)
  const updates = await onServer(urlOf(large), UPDATES)
  console.log(JSON.stringify({ flags, small: inSmall, large: inLarge, phases, sizes, updates }, summed))
  for (const store of stores) await store.close()
}

async function opened(place: StorePlace): Promise<Store> {
  const store = await postgresStore({ url: urlOf(place) })
  if (flags.fillfactor !== undefined)
    await onServer(urlOf(place), `ALTER TABLE verdict.orders SET (fillfactor = ${flags.fillfactor})`)
  return store
}

function filled(place: StorePlace, orders: number, open: number): Promise<void> {
  console.error(`bench: ${orders} orders, ${open} of them open`)
  return fillMillions(urlOf(place), { account: ACCOUNT, orders, open, periodMs: periodMs(open) })
}

/** Each open order falls due once in it, if a pair takes 128 of them. */
function periodMs(open: number): number {
  return (open / LIMIT) * PAIR_MS
}

/** The same in both tables, in turns, so that what changes on the machine meanwhile meets both. */
async function alternating(stores: readonly [Store, Store]): Promise<[Costs, Costs]> {
  const costs: [Costs, Costs] = [noCosts(), noCosts()]
  const opens = [SMALL, flags.orders / 5]
  for (let pair = 0; pair < WARM_UP + PAIRS; pair++) {
    for (const [i, store] of stores.entries()) {
      const into = pair < WARM_UP ? noCosts() : (costs[i] ?? noCosts())
      await poll(
        store,
        ACCOUNT,
        { nowMs: pair * PAIR_MS - READ_AHEAD_MS, againMs: periodMs(opens[i] ?? 0) },
        into,
      )
    }
  }
  return costs
}

type Phase = readonly [name: string, costs: Costs]

async function besideATransaction(store: Store, url: string): Promise<readonly Phase[]> {
  const dueFromMs = Date.now()
  await fill(store, { account: POLLED, from: 0, count: POLLED_ORDERS, dueFromMs, spreadMs: EVERY_MS })
  const third = (flags.minutes * 60_000) / 3
  const reader = new Client({ connectionString: url })
  await reader.connect()
  const phases: Phase[] = []
  const during = async (name: string): Promise<void> => {
    const costs = noCosts()
    const cpuFrom = databases.cpuUs() ?? Number.NaN
    let polls = 0
    for (const untilMs = Date.now() + third; Date.now() < untilMs; ) {
      const nowMs = Date.now()
      const count = await poll(store, POLLED, { nowMs, againMs: EVERY_MS }, costs)
      polls += count
      // In step with what falls due: a full claim means that there is more.
      if (count < LIMIT / 2) await new Promise((resolve) => setTimeout(resolve, PAIR_MS))
    }
    const cpuUs = ((databases.cpuUs() ?? Number.NaN) - cpuFrom) / polls
    const perSecond = polls / (third / 1_000)
    phases.push([
      `${name}: ${perSecond.toFixed(0)} polls/s, ${cpuUs.toFixed(0)} µs of PostgreSQL each`,
      costs,
    ])
  }
  await during('before')
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await reader.query('SELECT count(*) FROM verdict.workers')
  await during('open')
  await reader.query('COMMIT')
  await reader.end()
  await during('after')
  return phases
}

/** @returns how many were polled */
async function poll(
  store: Store,
  account: string,
  { nowMs, againMs }: { readonly nowMs: number; readonly againMs: number },
  costs: Costs,
): Promise<number> {
  const claim = {
    account,
    worker: 'bench',
    nowMs,
    dueUntilMs: nowMs + READ_AHEAD_MS,
    untilMs: nowMs + 60_000,
    limit: LIMIT,
  }
  const orders = await timed(costs.claim, () => store.claimDue(claim))
  await timed(costs.next, () => store.nextDueAtMs(account))
  const open = orders.filter((order) => !isFinal(order))
  await timed(costs.commit, () => store.commit(open.map((order) => answered(order, nowMs, againMs, claim))))
  return orders.length
}

/** A query was answered: not paid yet. */
function answered(order: OpenOrder, nowMs: number, againMs: number, claim: Claim): Commit {
  const dueAtMs = Math.round(nowMs + againMs * (0.75 + Math.random() / 2))
  const next = { ...order, version: order.version + 1, queries: order.queries + 1, dueAtMs } as OpenOrder
  const line = { atMs: nowMs, event: 'answer', call: 'query', said: 'NOTPAY', tookMs: 30 } as const
  return {
    change: { from: order.version, order: next, journal: [line], evidence: [], events: [] },
    claim: { worker: claim.worker, untilMs: claim.untilMs },
  }
}

async function timed<Result>(into: number[], work: () => Promise<Result>): Promise<Result> {
  const fromMs = performance.now()
  const result = await work()
  into.push(performance.now() - fromMs)
  return result
}

function noCosts(): Costs {
  return { claim: [], next: [], commit: [] }
}

/** Medians and 95th percentiles in ms, and how they relate to those of the first. */
function show(title: string, ...named: readonly Phase[]): void {
  const first = named[0]?.[1] ?? noCosts()
  const rows = named.map(([name, costs]) => [
    name,
    ...PARTS.flatMap((part) => [
      quantile(costs[part], 0.5).toFixed(2),
      quantile(costs[part], 0.95).toFixed(2),
      quantile(costs[part], 1).toFixed(0),
      (quantile(costs[part], 0.5) / quantile(first[part], 0.5)).toFixed(2),
    ]),
  ])
  console.error(
    inColumns([[title, ...PARTS.flatMap((part) => [`${part} p50`, 'p95', 'max', 'ratio'])], ...rows]).join(
      '\n',
    ),
  )
}

function summed(_: string, value: unknown): unknown {
  if (!Array.isArray(value) || typeof value[0] !== 'number') return value
  return {
    count: value.length,
    p50: quantile(value, 0.5),
    p95: quantile(value, 0.95),
    max: quantile(value, 1),
  }
}

function urlOf(place: StorePlace): string {
  if ('url' in place) return place.url
  throw new Error('not PostgreSQL')
}

function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() !== '' && value >= min && value <= max) return value
    throw new InvalidArgumentError(`expected a number from ${min} to ${max}`)
  }
}
