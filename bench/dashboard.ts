/**
 * `npm run bench:dashboard -- [--store sqlite|postgres] [--orders N] [--rounds N] [--seconds N]`: how soon the service
 * answers what the dashboard asks with a million orders in the store, and what that costs the polls beside it: 500 a second,
 * in turns without and with somebody who reads.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { request } from 'undici'
import { quantile } from '../src/cli/demo/summary.ts'
import { inColumns } from '../src/cli/text.ts'
import {
  fillBooks,
  GONE,
  INSTITUTION,
  MERCHANT,
  numberInBooks,
  POPULAR_TOTAL,
  SMALL,
  subInBooks,
  totalInBooks,
  transactionInBooks,
} from './books.ts'
import { type Child, startChild } from './children.ts'
import type { Served, ServiceSettings, Serving } from './dashboard-service.ts'
import type { GatewaySettings } from './gateway.ts'
import { EVERY_MS, MCHID, newKeys } from './measured.ts'
import { fill } from './orders.ts'
import { openStore, postgresDatabases, type StorePlace, sqliteDatabases } from './stores.ts'
import { whole } from './whole.ts'

interface Flags {
  readonly store: 'sqlite' | 'postgres'
  readonly orders: number
  readonly rounds: number
  readonly seconds: number
}

const POLLS_PER_SECOND = 500
const NAME_HEADER = 'x-bench-read'
const WARM_UP_MS = 6_000
/** Between the answer to one read and the next read: more than several people ask who click without a pause. */
const PAUSE_MS = 50
const DAY_MS = 86_400_000

const flags = new Command('dashboard')
  .addOption(
    new Option('--store <store>', 'where the orders lie').choices(['sqlite', 'postgres']).default('sqlite'),
  )
  .option('--orders <n>', 'final ones, of a year', whole(1_000, 20_000_000), 1_000_000)
  .option('--rounds <n>', 'of polls alone and polls with reads', whole(1, 99), 3)
  .option('--seconds <n>', 'of each half of a round', whole(1, 600), 10)
  .parse()
  .opts<Flags>()

const nowMs = Date.now()
const dir = mkdtempSync(join(tmpdir(), 'verdict-dashboard-'))
const databases = flags.store === 'sqlite' ? sqliteDatabases(dir) : await postgresDatabases()
try {
  await databases.within('dashboard', measure)
} finally {
  await databases.end()
  rmSync(dir, { recursive: true, force: true })
  process.disconnect?.()
}

async function measure(place: StorePlace): Promise<void> {
  const open = (POLLS_PER_SECOND * EVERY_MS) / 1_000
  const keys = newKeys(dir)
  const settings: GatewaySettings = { keys, mchid: MCHID, orders: open, delayMs: 30 }
  const [gateway, { port }] = await startChild<{ port: number }>('gateway.ts', settings)
  console.error(
    `bench: ${flags.orders} orders of a year, and ${open} that are asked every ${EVERY_MS / 1_000} s`,
  )
  await fillBooks(place, { orders: flags.orders, untilMs: nowMs })
  const store = await openStore(place)
  await fill(store, {
    account: MCHID,
    from: 0,
    count: open,
    dueFromMs: Date.now() + 1_500,
    spreadMs: EVERY_MS,
  })
  await store.close()
  const service: ServiceSettings = { place, keys, port, nameHeader: NAME_HEADER }
  const [child, serving] = await startChild<Serving>('dashboard-service.ts', service)
  try {
    await pause(WARM_UP_MS)
    show(await rounds(child, serving))
  } finally {
    await child.ask('close')
    for (const one of [child, gateway]) one.end()
  }
}

interface Round {
  readonly alone: Served
  readonly beside: Served
}

async function rounds(child: Child, serving: Serving): Promise<readonly Round[]> {
  const reads = readsOf(await numberOfOrder(serving, numberInBooks(flags.orders >> 1)))
  await during(child, async () => readAll(serving, reads, Date.now() + 1_000))
  const all: Round[] = []
  for (let round = 0; round < flags.rounds; round++) {
    const alone = await during(child, () => pause(flags.seconds * 1_000))
    const beside = await during(child, () => readAll(serving, reads, Date.now() + flags.seconds * 1_000))
    all.push({ alone, beside })
  }
  return all
}

async function during(child: Child, work: () => Promise<void>): Promise<Served> {
  await child.ask('begin')
  await work()
  return child.ask<Served>('end')
}

/** What it is called, and its address. */
type Read = readonly [name: string, path: string]

function readsOf(id: string): readonly Read[] {
  const at = (days: number): string => new Date(nowMs - days * DAY_MS).toISOString()
  const list = (name: string, filter: Readonly<Record<string, string | number>>): Read => {
    const texts = Object.entries(filter).map(([field, value]): [string, string] => [field, String(value)])
    return [name, `/v1/orders?${new URLSearchParams(texts)}`]
  }
  const nth = flags.orders >> 1
  return [
    list('first page', {}),
    list('by number', { out_trade_no: numberInBooks(nth) }),
    list('by number, none', { out_trade_no: 'NOBODY' }),
    list('by transaction_id', { transaction_id: transactionInBooks(nth - (nth % 100)) }),
    list('by amount', { total: totalInBooks(nth + 1) }),
    list('by amount, account', { total: totalInBooks(nth + 1), account: INSTITUTION }),
    list('by amount of many, account without', { total: POPULAR_TOTAL, account: INSTITUTION }),
    list('by account', { account: MERCHANT }),
    list('by small account', { account: SMALL }),
    list('by account long gone', { account: GONE }),
    list('by sub-merchant', { sub_mchid: subInBooks(7) }),
    list('by state', { state: 'NOT_CREATED' }),
    list('by kind long unused', { kind: 'h5' }),
    list('by state, kind, account', { state: 'REVOKED', kind: 'native', account: SMALL }),
    list('open', { open: 'true' }),
    list('overdue', { overdue: 'true' }),
    list('needs attention', { attention: 'true' }),
    list('of a day', { createdFrom: at(100), createdTo: at(99) }),
    list('before the last two days', { createdTo: at(2) }),
    list('of three months, kind', { createdFrom: at(200), createdTo: at(110), kind: 'h5' }),
    ['order', `/v1/orders/${id}`],
    ['journal', `/v1/orders/${id}/journal`],
    ['evidence', `/v1/orders/${id}/evidence`],
    ['deliveries of an order', `/v1/orders/${id}/deliveries`],
    ['failed deliveries', '/v1/deliveries?state=failed'],
    ['pending deliveries', '/v1/deliveries?state=pending'],
    ['overview', '/v1/overview'],
  ]
}

async function readAll(serving: Serving, reads: readonly Read[], untilMs: number): Promise<void> {
  while (Date.now() < untilMs) {
    for (const [name, path] of reads) {
      await read(serving, name, path)
      await pause(PAUSE_MS)
    }
  }
}

async function read({ address, key }: Serving, name: string, path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${key}`, [NAME_HEADER]: name }
  const { statusCode, body } = await request(`${address}${path}`, { headers })
  const answer = await body.json()
  if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${JSON.stringify(answer)}`)
  return answer
}

async function numberOfOrder(serving: Serving, out_trade_no: string): Promise<string> {
  const page = (await read(serving, 'id', `/v1/orders?out_trade_no=${out_trade_no}`)) as {
    readonly data: ReadonlyArray<{ readonly id: string }>
  }
  const id = page.data[0]?.id
  if (id === undefined) throw new Error(`there is no order ${out_trade_no}`)
  return id
}

function show(all: readonly Round[]): void {
  const lags = (served: Served): readonly string[] => {
    const perSecond = (served.lagsMs.length / served.seconds).toFixed(0)
    const waited =
      served.withoutCoreMs === null ? 'unknown' : (served.withoutCoreMs / served.seconds).toFixed(0)
    return [perSecond, ...[0.5, 0.99, 1].map((part) => quantile(served.lagsMs, part).toFixed(2)), waited]
  }
  const lagRows = all.flatMap(({ alone, beside }, nth) => [
    [`round ${nth + 1}, alone`, ...lags(alone)],
    [`round ${nth + 1}, with reads`, ...lags(beside)],
  ])
  console.error(
    inColumns([['', 'polls/s', 'lag p50 ms', 'p99', 'max', 'without a core ms/s'], ...lagRows]).join('\n'),
  )
  const names = Object.keys(all[0]?.beside.answersMs ?? {})
  const answers = names.map((name) => {
    const ms = all.flatMap(({ beside }) => beside.answersMs[name] ?? [])
    return { name, count: ms.length, p50: quantile(ms, 0.5), p99: quantile(ms, 0.99), max: quantile(ms, 1) }
  })
  const rows = answers.map(({ name, count, p50, p99, max }) => [
    name,
    String(count),
    ...[p50, p99, max].map((ms) => ms.toFixed(1)),
  ])
  console.error(inColumns([['read', 'times', 'p50 ms', 'p99', 'max'], ...rows]).join('\n'))
  console.log(JSON.stringify({ flags, lags: lagRows, answers }))
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
