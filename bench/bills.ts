/**
 * `npm run bench:bills -- [--store sqlite|postgres] [--orders N]`: what it costs to hold a large bill against a store of a
 * million orders: how long it takes, how much memory it needs beside the bill, and for how long it keeps everybody else in the
 * process waiting. The bill has a line for every paid order of one merchant; nothing is fetched.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Command, Option } from 'commander'
import { moment } from '../src/cli/text.ts'
import { sleep, systemClock } from '../src/clock.ts'
import { Comparison } from '../src/reconcile/comparison.ts'
import { beijingDate, beijingDayMs, DAY_MS } from '../src/wechatpay/beijing.ts'
import { inMajorUnits } from '../src/wechatpay/currency.ts'
import { fillBooks, MERCHANT, numberInBooks, POPULAR_TOTAL, totalInBooks } from './books.ts'
import { openStore, postgresDatabases, type StorePlace, sqliteDatabases } from './stores.ts'
import { whole } from './whole.ts'

interface Flags {
  readonly store: 'sqlite' | 'postgres'
  readonly orders: number
}

const flags = new Command('bills')
  .addOption(
    new Option('--store <store>', 'where the orders lie').choices(['sqlite', 'postgres']).default('sqlite'),
  )
  .option('--orders <n>', 'final ones, of a year', whole(1_000, 20_000_000), 1_000_000)
  .parse()
  .opts<Flags>()

const date = beijingDate(Date.now())
const fromMs = beijingDayMs(date) ?? Number.NaN
const dir = mkdtempSync(join(tmpdir(), 'verdict-bills-'))
const databases = flags.store === 'sqlite' ? sqliteDatabases(dir) : await postgresDatabases()
try {
  await databases.within('bills', measure)
} finally {
  await databases.end()
  rmSync(dir, { recursive: true, force: true })
}

async function measure(place: StorePlace): Promise<void> {
  console.error(`bench: ${flags.orders} orders of a year in ${flags.store}`)
  await fillBooks(place, { orders: flags.orders, untilMs: fromMs })
  const store = await openStore(place)
  const csv = billOfAll(flags.orders)
  const day = { fromMs, toMs: fromMs + DAY_MS }
  const comparison = new Comparison({ account: MERCHANT, mode: 'common', sub_mchid: null, date }, day)
  const beforeBytes = heapBytes()
  const delays = monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  const startMs = performance.now()
  const pause = (): Promise<void> => sleep(systemClock, 0)
  await comparison.readBill(csv, store, pause)
  const readMs = performance.now() - startMs
  await comparison.readStore(day, store, pause)
  const { lines, agreed, differing } = comparison.result()
  const tookMs = performance.now() - startMs
  delays.disable()
  const heldBytes = heapBytes() - beforeBytes
  await store.close()
  const inMb = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`
  console.log(
    `lines        ${lines.payment} of ${inMb(csv.length)}, ${agreed} agree, differing ${JSON.stringify(differing)}`,
  )
  console.log(
    `took         ${(tookMs / 1_000).toFixed(1)} s, ${Math.round((1_000 * lines.payment) / readMs)} lines a second`,
  )
  console.log(`held         ${inMb(heldBytes)} beside the bill`)
  console.log(
    `others wait  p99 ${(delays.percentile(99) / 1e6).toFixed(1)} ms, at most ${(delays.max / 1e6).toFixed(1)} ms`,
  )
}

/** A line for each of the merchant's orders that are paid. */
function billOfAll(orders: number): Buffer {
  const parts = [
    '交易时间,商户号,微信订单号,商户订单号,交易类型,交易状态,商品名称,标价币种,订单金额(标价币种),用户标识\r\n',
  ]
  const time = moment(fromMs).slice(0, 'yyyy-mm-dd hh:mm:ss'.length)
  for (let i = Math.floor(orders / 50); i < orders; i++) {
    if (i % 2 !== 0 || i % 100 >= 85) continue
    const total = i % 10 === 0 ? POPULAR_TOTAL : totalInBooks(i)
    const cells = [
      time,
      MERCHANT,
      '',
      numberInBooks(i),
      'NATIVE',
      'SUCCESS',
      '两杯咖啡和一块蛋糕',
      'HKD',
      inMajorUnits(total, 'HKD'),
    ]
    parts.push(`${[...cells, 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'].map((cell) => `\`${cell}`).join(',')}\r\n`)
  }
  return Buffer.from(parts.join(''))
}

/** After a full collection, which Node offers only to who asks for it. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}
