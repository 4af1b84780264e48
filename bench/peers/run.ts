/**
 * `npm run bench:peers -- [--rounds N] [PEER...]`: the same poll by Verdict and by others' queues, in turns: an order falls
 * due, a query is signed and sent, its answer is verified, the result and the next poll are written durably. All saturated:
 * 24,000 orders, each due again 4 s after its answer.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { quantile } from '../../src/cli/demo/summary.ts'
import { inColumns } from '../../src/cli/text.ts'
import { startChild } from '../children.ts'
import type { GatewaySettings } from '../gateway.ts'
import { type Measured, measured, measuredOnce } from '../load.ts'
import { type BenchKeys, MCHID, newKeys } from '../measured.ts'
import { cpuUsOf, type Databases, postgresDatabases } from '../stores.ts'
import type { PeerSettings } from './job.ts'

const PEERS = ['pg-boss', 'graphile-worker', 'bullmq', 'axios-loop']
const ORDERS = 24_000
const REDIS_PORT = 26_379

const program = new Command('peers')
  .option('--rounds <n>', 'how often each runs', Number, 2)
  .argument('[peer...]', `only these of ${PEERS.join(', ')}`)
  .parse()
const { rounds } = program.opts<{ readonly rounds: number }>()
const dir = mkdtempSync(join(tmpdir(), 'verdict-peers-'))
const keys = newKeys(dir)
install()
const hasRedis = spawnSync('redis-server', ['--version']).status === 0
if (!hasRedis) console.error('bench: bullmq is left out: there is no redis-server in PATH')
const peers = PEERS.filter((name) => program.args.length === 0 || program.args.includes(name)).filter(
  (name) => name !== 'bullmq' || hasRedis,
)
const postgres = await postgresDatabases()
const found = new Map<string, Measured[]>()
try {
  for (let round = 1; round <= rounds; round++) {
    for (const name of ['verdict', ...peers]) {
      console.error(`bench: round ${round} of ${rounds}: ${name}`)
      const run = await measuredContender(name)
      if (run.pollsPerSecond === 0) throw new Error(`${name} made no poll`)
      found.set(name, [...(found.get(name) ?? []), run])
    }
  }
  console.error(inColumns([headings(), ...[...found].map(row)]).join('\n'))
  console.log(JSON.stringify(Object.fromEntries([...found].map(([name, runs]) => [name, runs.map(pollsOf)]))))
} finally {
  await postgres.end()
  rmSync(dir, { recursive: true, force: true })
  process.disconnect?.()
}

/** The others' packages, in a folder of their own, without install scripts. */
function install(): void {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  if (existsSync(join(folder, 'node_modules', '.package-lock.json'))) return
  console.error('bench: installing what bench/peers/package-lock.json asks for: npm ci --ignore-scripts')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', args, {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm ci in ${folder} ended with ${status}`)
}

function measuredContender(name: string): Promise<Measured> {
  if (name === 'verdict')
    return measured({ name, orders: ORDERS, delayMs: 0, idle: 0, processes: 1 }, postgres, keys)
  if (name === 'bullmq') return withRedis((url, databases) => measuredPeer(name, url, databases, keys))
  return postgres.within(`peer_${Date.now()}`, (place) => {
    if (!('url' in place)) throw new Error('not PostgreSQL')
    return measuredPeer(name, place.url, postgres, keys)
  })
}

async function measuredPeer(
  peer: string,
  url: string,
  databases: Pick<Databases, 'cpuUs'>,
  keys: BenchKeys,
): Promise<Measured> {
  const settings: GatewaySettings = { keys, mchid: MCHID, orders: ORDERS, delayMs: 0 }
  const [gateway, { port }] = await startChild<{ port: number }>('gateway.ts', settings)
  const peerSettings: PeerSettings = { peer, url, keys, port, orders: ORDERS }
  const [child] = await startChild('peers/peer.ts', peerSettings)
  try {
    return await measuredOnce([child], gateway, databases)
  } finally {
    child.end()
    gateway.end()
  }
}

/** A Redis of our own that has everything on disk before it answers, as PostgreSQL has. */
async function withRedis<Result>(
  work: (url: string, databases: Pick<Databases, 'cpuUs'>) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(dir, 'redis-'))
  const args = ['--port', String(REDIS_PORT), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction']
  const redis = spawn('redis-server', [...args, ...durable], { stdio: 'ignore' })
  const ended = new Promise((resolve) => redis.once('exit', resolve))
  try {
    return await work(`redis://127.0.0.1:${REDIS_PORT}`, { cpuUs: () => cpuUsOf(() => String(redis.pid)) })
  } finally {
    redis.kill()
    await ended
  }
}

function row([name, runs]: readonly [string, readonly Measured[]]): readonly string[] {
  const verdicts = found.get('verdict') ?? []
  const ratios = runs.map((run, i) => pollsOf(run) / pollsOf(verdicts[i] ?? run))
  const [low, high] = [0, 1].map((part) => quantile(ratios, part).toFixed(2))
  return [
    name,
    runs.map((run) => pollsOf(run).toFixed(0)).join(' '),
    `${low} to ${high}`,
    quantile(
      runs.map(({ cpuPerPollUs }) => cpuPerPollUs),
      0.5,
    ).toFixed(0),
    quantile(
      runs.map(({ databaseCpuPerPollUs }) => databaseCpuPerPollUs ?? Number.NaN),
      0.5,
    ).toFixed(0),
    (quantile(runs.map(allUs), 0.5) / quantile(verdicts.map(allUs), 0.5)).toFixed(2),
  ]
}

function headings(): readonly string[] {
  return ['', 'polls/s by round', 'to Verdict', 'CPU µs/poll', 'database µs', 'all CPU to Verdict']
}

function allUs({ cpuPerPollUs, databaseCpuPerPollUs }: Measured): number {
  return cpuPerPollUs + (databaseCpuPerPollUs ?? 0)
}

function pollsOf({ pollsPerSecond }: Measured): number {
  return pollsPerSecond
}
