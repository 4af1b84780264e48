/**
 * `npm run bench:callbacks [-- --seconds N --per-second N]`: payments announced to the service on SQLite, at a steady pace,
 * each for an order of its own, beside the same requests to an empty fastify route in the same run. Exit code 1 if one was
 * lost, refused, or if the 99th percentile of the answers is above 500 ms.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { quantile } from '../../src/cli/demo/summary.ts'
import { inColumns } from '../../src/cli/text.ts'
import { startChild } from '../children.ts'
import { MCHID, newKeys } from '../measured.ts'
import { fill } from '../orders.ts'
import { openStore, sqliteDatabases } from '../stores.ts'
import type { SenderSettings, Sent } from './sender.ts'
import type { ServedSettings } from './served.ts'

interface Found extends Omit<Sent, 'answerMs'> {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly cpuUs: number
}

const P99_MS_MAX = 500
const HOUR_MS = 3_600_000
const API_V3_KEY = 'bench-bench-bench-bench-bench-32'

const program = new Command('bench:callbacks')
  .option('--seconds <n>', 'how long', Number, 60)
  .option('--per-second <n>', 'callbacks a second', Number, 1_000)
  .parse()
const { seconds, perSecond } = program.opts<{ seconds: number; perSecond: number }>()
const callbacks = seconds * perSecond
const dir = mkdtempSync(join(tmpdir(), 'verdict-callbacks-'))
const keys = newKeys(dir)
const databases = sqliteDatabases(dir)
try {
  await databases.within('callbacks', async (place) => {
    console.error(`bench: ${callbacks} orders are written, and ${callbacks} callbacks signed`)
    const store = await openStore(place)
    const filling = { account: MCHID, from: 0, count: callbacks, spreadMs: HOUR_MS }
    // None is due before the end: nothing but callbacks is at work.
    await fill(store, { ...filling, dueFromMs: Date.now() + HOUR_MS })
    await store.close()

    const empty = await measured({ place: null, keys, apiV3Key: API_V3_KEY })
    const service = await measured({ place, keys, apiV3Key: API_V3_KEY })
    const after = await openStore(place)
    const paid = (await after.countByState()).SUCCESS ?? 0
    await after.close()

    const result = {
      at: new Date().toISOString(),
      ...{ callbacks, perSecond, empty, service, paid, loadAverage: loadavg()[0] },
      p99Ratio: service.p99Ms / empty.p99Ms,
      cpuRatio: service.cpuUs / empty.cpuUs,
    }
    const head = ['', 'answers/s', 'p50 ms', 'p99 ms', 'max ms', 'CPU µs each', 'statuses']
    console.error(inColumns([head, row('empty route', empty), row('callbacks', service)]).join('\n'))
    console.error(
      `p99 ${result.p99Ratio.toFixed(1)} times and CPU ${result.cpuRatio.toFixed(1)} times the empty route's; ` +
        `${paid} of ${callbacks} orders are paid; load average ${loadavg()[0]?.toFixed(1)}`,
    )
    console.log(JSON.stringify(result))
    mkdirSync('bench/results', { recursive: true })
    writeFileSync(
      `bench/results/callbacks-${result.at.replaceAll(':', '-')}.json`,
      `${JSON.stringify(result, null, 2)}\n`,
    )
    const isWhole = paid === callbacks && service.statuses['204'] === callbacks
    process.exitCode = isWhole && service.p99Ms <= P99_MS_MAX ? 0 : 1
  })
} finally {
  await databases.end()
  rmSync(dir, { recursive: true, force: true })
  process.disconnect?.()
}

/** Signed anew for each: five minutes later WeChat Pay's signature is too old. */
async function measured(settings: ServedSettings): Promise<Found> {
  const sending: SenderSettings = { keys, apiV3Key: API_V3_KEY, callbacks, perSecond }
  const [sender] = await startChild<string>('callbacks/sender.ts', sending)
  const [served, { port }] = await startChild<{ port: number }>('callbacks/served.ts', settings)
  const from = total(await served.ask<NodeJS.CpuUsage>('cpu'))
  const { answerMs, ...sent } = await sender.ask<Sent>(String(port))
  const cpuUs = (total(await served.ask<NodeJS.CpuUsage>('cpu')) - from) / callbacks
  await served.ask('close')
  for (const child of [sender, served]) child.end()
  const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((part) => quantile(answerMs, part))
  return {
    ...{ ...sent, perSecond: callbacks / sent.seconds, cpuUs },
    ...{ p50Ms: p50Ms ?? 0, p99Ms: p99Ms ?? 0, maxMs: maxMs ?? 0 },
  }
}

function row(name: string, found: Found): readonly string[] {
  const { perSecond, p50Ms, p99Ms, maxMs, cpuUs, statuses } = found
  const counted = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`)
  const ms = [p50Ms, p99Ms, maxMs].map((value) => value.toFixed(1))
  return [name, perSecond.toFixed(0), ...ms, cpuUs.toFixed(0), counted.join(', ')]
}

function total({ user, system }: NodeJS.CpuUsage): number {
  return user + system
}
