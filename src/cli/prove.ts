import { availableParallelism } from 'node:os'
import { systemClock } from '../clock.ts'
import { VerdictError } from '../errors.ts'
import { RULES } from '../simulation/checker/rules.ts'
import { simulationCredentials } from '../simulation/credentials.ts'
import { macCryptography, rsaCryptography } from '../simulation/cryptography.ts'
import { prove } from '../simulation/prove.ts'
import { type RunOptions, runSeed } from '../simulation/run-seed.ts'
import { shrink } from '../simulation/shrink.ts'
import type { Failure, Totals } from '../simulation/totals.ts'
import { digestOf } from '../simulation/trace.ts'
import type { Io } from './io.ts'
import { inColumns, seconds } from './text.ts'

export interface ProveFlags {
  readonly seeds?: number
  readonly from?: number
  readonly minutes?: number
  readonly orders?: number
  readonly jobs?: number
  readonly failFast: boolean
  readonly trace: boolean
  readonly json: boolean
}

const SEEDS = 1_000
const ORDERS = 50
const ORDERS_MAX = 1_000
const PROGRESS_MS = 15_000

/** `verdict prove`. Resolves with the exit code: 1 if a rule was broken in any seed. */
export async function runProve(flags: ProveFlags, { say, print, signal }: Io): Promise<number> {
  const from = whole('from', flags.from ?? 1, 1, Number.MAX_SAFE_INTEGER)
  const seeds = whole('seeds', flags.seeds ?? SEEDS, 1, Number.MAX_SAFE_INTEGER)
  const orders = whole('orders', flags.orders ?? ORDERS, 1, ORDERS_MAX)
  const jobs = whole('jobs', flags.jobs ?? availableParallelism(), 1, 256)
  const minutes = flags.minutes
  if (minutes !== undefined && !(minutes > 0)) throw invalid('minutes', minutes, 'a number above 0')
  if (flags.trace) return printTrace({ seed: from, orders }, print)

  const startMs = systemClock.nowMs()
  const timeIsUp = minutes === undefined ? null : new AbortController()
  const cancel = systemClock.after((minutes ?? 0) * 60_000, () => timeIsUp?.abort())
  let saidMs = startMs
  const totals = await prove({
    from,
    seeds: flags.seeds === undefined && minutes !== undefined ? Number.POSITIVE_INFINITY : seeds,
    orders,
    jobs,
    failFast: flags.failFast,
    signal: timeIsUp === null ? signal : AbortSignal.any([signal, timeIsUp.signal]),
    onReport: ({ seed, finding }, { seeds: done }) => {
      const nowMs = systemClock.nowMs()
      if (finding !== null)
        say(`seed ${seed}: ${finding.rule}: ${finding.out_trade_no ?? ''} ${finding.says}`)
      if (nowMs - saidMs < PROGRESS_MS) return
      saidMs = nowMs
      say(`${done} seeds, ${perSecond(done, nowMs - startMs)} a second`)
    },
  })
  cancel()
  const tookMs = systemClock.nowMs() - startMs
  if (flags.json) print(JSON.stringify({ ...totals, from, orders, tookMs }))
  else {
    for (const line of summary(totals, { from, orders, tookMs })) print(line)
    const [first] = totals.failed.toSorted((a, b) => a.seed - b.seed)
    if (first !== undefined) await explain(first, orders, { say, print })
  }
  return totals.failed.length === 0 ? 0 : 1
}

// ---------------------------------------------------------------- what it came to

interface Run {
  readonly from: number
  readonly orders: number
  readonly tookMs: number
}

function summary(totals: Totals, { from, orders, tookMs }: Run): readonly string[] {
  const { seeds, events, calls, verdicts, lateMoney, refunds, letters, faults, failed, verdictAfterMsMax } =
    totals
  const to = from + seeds - 1
  return [
    `Seeds ${from} to ${to}, ${orders} orders each: ${events} events, ${calls} calls to WeChat Pay, ` +
      `in ${seconds(tookMs)}, ${perSecond(seeds, tookMs)} seeds a second.`,
    `Verdicts: ${counts(verdicts)}. Late money: ${lateMoney}. Refunds: ${counts(refunds)}. Messages: ${letters}.`,
    `Once nothing went wrong, the last verdict came ${seconds(verdictAfterMsMax)} after the window of its order.`,
    'What went wrong:',
    ...inColumns(
      Object.entries(faults)
        .toSorted(([, a], [, b]) => b - a)
        .map(([name, count]) => [String(count), name]),
    ),
    failed.length === 0
      ? `No rule was broken in any of ${seeds} seeds.`
      : `A rule was broken in ${failed.length} of ${seeds} seeds: ${failed.map(({ seed }) => seed).join(', ')}.`,
  ]
}

function counts(all: Readonly<Record<string, number>>): string {
  const parts = Object.entries(all).map(([name, count]) => `${name} ${count}`)
  return parts.length === 0 ? 'none' : parts.join(', ')
}

function perSecond(seeds: number, ms: number): string {
  return (seeds / Math.max(ms / 1_000, 0.001)).toFixed(1)
}

// ---------------------------------------------------------------- one seed

async function optionsFor(seed: number, orders: number): Promise<RunOptions> {
  const credentials = await simulationCredentials()
  return { seed, orders, credentials, mac: macCryptography(credentials), rsa: rsaCryptography(credentials) }
}

/** Everything that happens in one seed, and how it ends. */
async function printTrace(
  { seed, orders }: { seed: number; orders: number },
  print: Io['print'],
): Promise<number> {
  const { trace, finding } = await runSeed(await optionsFor(seed, orders))
  for (const line of trace) print(line)
  print(
    `seed ${seed}: sha256 ${digestOf(trace)}${finding === null ? '' : `, ${finding.rule}: ${finding.says}`}`,
  )
  return finding === null ? 0 : 1
}

/** The smallest run that still fails, and what happened in it to the order that it is about. */
async function explain(
  { seed, rule, events }: Failure,
  orders: number,
  { say, print }: Pick<Io, 'say' | 'print'>,
) {
  say(`Looking for the shortest run of seed ${seed} that breaks the rule …`)
  const options = await optionsFor(seed, orders)
  const failed = await runSeed(options)
  print('')
  if (failed.finding === null) {
    print(
      `Seed ${seed} broke a rule after ${events} events, and did not when it was repeated: this is a defect of the simulation.`,
    )
    return
  }
  const { result, calmAfterEvents, only } = await shrink(options, failed)
  const { out_trade_no, says } = result.finding ?? failed.finding
  print(`Seed ${seed} breaks "${rule}" (${RULES[rule]}): ${out_trade_no ?? ''} ${says}`)
  print(
    `Replay: npx verdict prove --seeds 1 --from ${seed} --orders ${orders}; with --trace for every event.`,
  )
  print(
    `It still fails where nothing goes wrong any more after event ${calmAfterEvents} of ${result.events}` +
      `${only === undefined ? '' : `, with ${only} as its only order`}.`,
  )
  print(`What happened${out_trade_no === null ? '' : ` to ${out_trade_no}`}, in seconds from the start:`)
  for (const line of timeline(result.trace, out_trade_no)) print(`  ${line}`)
}

const TIMELINE_MAX = 200

function timeline(trace: readonly string[], out_trade_no: string | null): readonly string[] {
  const named = new RegExp(`\\b${out_trade_no ?? ''}(?![0-9])`)
  const lines = trace.filter(
    (line) => named.test(line) || / (starts|dies|goes on|restarts|any more)$/.test(line),
  )
  return lines.slice(-TIMELINE_MAX)
}

// ---------------------------------------------------------------- options

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw invalid(name, value, `a whole number from ${min} to ${max}`)
}

function invalid(name: string, value: number, expected: string): VerdictError {
  return new VerdictError('OPTION_INVALID', `${name} is ${value}; expected ${expected}`)
}
