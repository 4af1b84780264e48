/**
 * `npm run bench -- [--store sqlite|postgres] [--prepares] [--rounds N] [LOAD...]`: polls per second as a share of what two
 * cores could sign, CPU per poll, and the lag from due to sent. Engine, gateway, checks, store and journal as shipped;
 * WeChat Pay is a process whose answers were signed before, PostgreSQL a server of our own.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { quantile } from '../src/cli/demo/summary.ts'
import { inColumns } from '../src/cli/text.ts'
import { type Load, type Measured, measured } from './load.ts'
import { newKeys } from './measured.ts'
import { type SignRate, signRate } from './sign-rate.ts'
import { postgresDatabases, sqliteDatabases } from './stores.ts'

const SATURATION: Load = { name: 'saturation', orders: 24_000, delayMs: 0, idle: 0, processes: 1 }
const PACED: readonly Load[] = [
  { ...SATURATION, name: '200 polls/s', orders: 800, delayMs: 30 },
  { ...SATURATION, name: '1000 polls/s', orders: 4_000, delayMs: 30 },
]
const LOADS = {
  sqlite: [SATURATION, ...PACED],
  postgres: [
    SATURATION,
    { ...SATURATION, name: 'two processes', processes: 2 },
    { ...SATURATION, name: 'a million idle', idle: 1_000_000 },
    ...PACED,
  ],
} as const satisfies Record<string, readonly Load[]>

interface Flags {
  readonly store: keyof typeof LOADS
  readonly rounds: number
  readonly prepares: boolean
}

/** A load in one round, with the sign rate of the moment: the mean of right before and right after. */
interface Run extends Measured {
  readonly load: Load
  readonly signsPerSecond: number
  readonly share: number
  /** µs of CPU in one signature and one verification, with both cores at it: as they are at saturation. */
  readonly cryptographyUs: number
  /** The part of two cores that all of it used; what is left went to others on the machine, or was idle. */
  readonly busy: number | null
  /** The share that two cores come to which have nothing else to do: by CPU time alone. */
  readonly cpuShare: number | null
}

const program = new Command('bench')
  .addOption(
    new Option('--store <store>', 'where the orders lie').choices(Object.keys(LOADS)).default('sqlite'),
  )
  .option('--prepares', 'PostgreSQL keeps the statements by name', false)
  .option('--rounds <n>', 'how often the loads run, one after the other', wholeNumber, 1)
  .argument('[load...]', 'only these loads')
  .parse()
const { store, rounds, prepares } = program.opts<Flags>()
const loads = LOADS[store].filter(({ name }) => program.args.length === 0 || program.args.includes(name))

const dir = mkdtempSync(join(tmpdir(), 'verdict-bench-'))
const databases = store === 'sqlite' ? sqliteDatabases(dir) : await postgresDatabases({ prepares })
try {
  const runs = await allRuns()
  console.error(inColumns([headings(), ...runs.map(row)]).join('\n'))
  if (rounds > 1)
    console.error(
      ['', 'median (range) of the shares:', ...loads.map((load) => summary(load, runs))].join('\n'),
    )
  const result = { store, prepares, node: process.version, results: runs.map(kept) }
  mkdirSync('bench/results', { recursive: true })
  writeFileSync(
    `bench/results/${store === 'sqlite' ? 'latest' : store}.json`,
    `${JSON.stringify(result, null, 2)}\n`,
  )
  console.log(JSON.stringify(result))
} finally {
  await databases.end()
  rmSync(dir, { recursive: true, force: true })
  process.disconnect?.()
}

/** Rounds of all loads, so that what changes on the machine meanwhile meets each of them. */
async function allRuns(): Promise<readonly Run[]> {
  const keys = newKeys(dir)
  const runs: Run[] = []
  let before = await signRate()
  console.error(`bench: ${store}; signatures by ${before.by}`)
  for (let round = 1; round <= rounds; round++) {
    for (const load of loads) {
      const { name, orders, delayMs, idle } = load
      console.error(`bench: ${name}: ${orders} orders, answers after ${delayMs} ms, ${idle} idle beside`)
      const found = await measured(load, databases, keys)
      const after = await signRate()
      runs.push(runOf(load, found, before, after))
      before = after
    }
  }
  return runs
}

function runOf(load: Load, found: Measured, before: SignRate, after: SignRate): Run {
  const { pollsPerSecond, cpuPerPollUs, databaseCpuPerPollUs, gatewayCpuPerPollUs } = found
  const signsPerSecond = (before.perSecond + after.perSecond) / 2
  const signUs = (before.signUs + after.signUs) / 2
  const cryptographyUs = signUs + (before.verifyUs + after.verifyUs) / 2
  const allUs =
    databaseCpuPerPollUs === null ? null : cpuPerPollUs + databaseCpuPerPollUs + gatewayCpuPerPollUs
  return {
    ...found,
    load,
    signsPerSecond,
    share: pollsPerSecond / signsPerSecond,
    cryptographyUs,
    busy: allUs === null ? null : (pollsPerSecond * allUs) / 2_000_000,
    cpuShare: allUs === null ? null : signUs / allUs,
  }
}

function headings(): readonly string[] {
  return [
    'load',
    'polls/s',
    'signs/s',
    'share',
    'busy',
    'CPU share',
    'CPU µs/poll',
    'in crypto',
    'outside',
    'database µs',
    'gateway µs',
    'lag p50 ms',
    'lag p99 ms',
  ]
}

function row(run: Run): readonly string[] {
  const { load, pollsPerSecond, signsPerSecond, share, cpuPerPollUs, cryptographyUs, lagsMs } = run
  return [
    load.name,
    pollsPerSecond.toFixed(0),
    signsPerSecond.toFixed(0),
    share.toFixed(3),
    run.busy?.toFixed(2) ?? 'unknown',
    run.cpuShare?.toFixed(3) ?? 'unknown',
    cpuPerPollUs.toFixed(0),
    cryptographyUs.toFixed(0),
    (cpuPerPollUs - cryptographyUs).toFixed(0),
    run.databaseCpuPerPollUs?.toFixed(0) ?? 'unknown',
    run.gatewayCpuPerPollUs.toFixed(0),
    quantile(lagsMs, 0.5).toFixed(2),
    quantile(lagsMs, 0.99).toFixed(2),
  ]
}

function summary({ name }: Load, runs: readonly Run[]): string {
  const ours = runs.filter(({ load }) => load.name === name)
  return `  ${name}: ${range(ours.map(({ share }) => share))}, by CPU time ${range(ours.flatMap(({ cpuShare }) => cpuShare ?? []))}`
}

function range(values: readonly number[]): string {
  const [low, high] = [0, 1].map((part) => quantile(values, part).toFixed(3))
  return `${median(values).toFixed(3)} (${low} to ${high})`
}

/** Of an even number, the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [Math.floor((sorted.length - 1) / 2), Math.floor(sorted.length / 2)]
  return ((sorted[low] ?? Number.NaN) + (sorted[high] ?? Number.NaN)) / 2
}

/** What is written down: a lag of each query would be too much. */
function kept({ lagsMs, load, ...run }: Run): object {
  const [p50, p99, max] = [0.5, 0.99, 1].map((part) => quantile(lagsMs, part))
  return { name: load.name, ...run, lagMs: { p50, p99, max } }
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a number from 1 to 99')
}
