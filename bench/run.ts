/**
 * `npm run bench`: polls per second as a share of what two cores could sign, CPU per poll, and the lag from due to
 * sent. Engine, gateway, checks, store and journal as shipped; WeChat Pay is a process whose answers were signed before.
 */
import { fork } from 'node:child_process'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quantile } from '../src/cli/demo/summary.ts'
import { inColumns } from '../src/cli/text.ts'
import { systemClock } from '../src/clock.ts'
import type { OpenOrder } from '../src/core/order.ts'
import type { FixedPolicy } from '../src/core/policy.ts'
import { globalV3Gateway } from '../src/gateway/wechatpay/global-v3.ts'
import { undiciTransport } from '../src/gateway/wechatpay/undici-transport.ts'
import { sqliteStore } from '../src/store/sqlite/index.ts'
import { Verdict } from '../src/verdict.ts'
import { fill } from './orders.ts'
import { type SignRate, signRate } from './sign-rate.ts'

const MCHID = '1900000001'
const SERIAL = 'PUB_KEY_ID_0119000000012026112300'
/** Every order is polled this often, so that N orders ask for N / 4 polls a second. */
const EVERY_MS = 4_000
const POLICY: FixedPolicy = {
  policy: 'fixed',
  firstMs: EVERY_MS,
  everyMs: EVERY_MS,
  jitterMs: 1_000,
  windowMs: 7_200_000,
}
const WARM_UP_MS = 4_000

interface Measured {
  readonly name: string
  readonly pollsPerSecond: number
  /** µs of this process's CPU (all threads) per poll. */
  readonly cpuPerPollUs: number
  readonly gatewayCpuPerPollUs: number
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly max: number }
}

interface Load {
  readonly name: string
  readonly orders: number
  readonly delayMs: number
  readonly measureMs: number
}

const dir = mkdtempSync(join(tmpdir(), 'verdict-bench-'))
const merchant = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const wechatpay = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const keyFile = join(dir, 'wechatpay.pem')
writeFileSync(keyFile, wechatpay.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })

async function measure({ name, orders, delayMs, measureMs }: Load): Promise<Measured> {
  console.error(`bench: ${name}: ${orders} orders, answers after ${delayMs} ms`)
  const settings = { orders, mchid: MCHID, serial: SERIAL, keyFile, delayMs }
  const gateway = fork(new URL('./gateway.ts', import.meta.url), [JSON.stringify(settings)])
  const { port } = await reply<{ port: number }>(gateway)
  const file = join(dir, `${orders}.db`)
  const store = await sqliteStore({ file })
  await fill(store, MCHID, orders, Date.now() + 1_500, EVERY_MS)
  const lags: number[] = []
  const due = new Map<string, number>()
  let sent = 0
  const account = {
    mode: 'common',
    mchid: MCHID,
    appid: 'wx0123456789abcdef',
    serial_no: '5F1C72E2A8931B72A2E13AF8DEE92471EB397115',
    merchantPrivateKey: merchant,
    apiV3Key: 'bench-bench-bench-bench-bench-32',
    wechatpayPublicKeyId: SERIAL,
    wechatpayPublicKey: createPublicKey(wechatpay).export({ type: 'spki', format: 'pem' }).toString(),
    baseUrl: `http://127.0.0.1:${port}`,
    policies: { native: POLICY },
    limits: { query: 100_000 },
  } as const
  const verdict = await Verdict.open({
    store,
    accounts: [account],
    createGateway: () => {
      const undici = undiciTransport({ clock: systemClock })
      // Signed and on its way out: the moment that counts as sent.
      const transport = Object.assign(
        (request: Parameters<typeof undici>[0]) => {
          const number = request.path.slice(37, request.path.indexOf('?'))
          lags.push(performance.timeOrigin + performance.now() - (due.get(number) ?? 0))
          sent += 1
          return undici(request)
        },
        { end: async () => undici.end?.() },
      )
      const gateway = globalV3Gateway({ account, clock: systemClock, transport })
      const query = gateway.query.bind(gateway)
      gateway.query = (order, notBeforeMs) => {
        due.set(order.out_trade_no, (order as OpenOrder).dueAtMs)
        return query(order, notBeforeMs)
      }
      return gateway
    },
  })
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS))
  const [sentBefore, cpuBefore, gatewayBefore, atMs] = [
    sent,
    process.cpuUsage(),
    await cpuOf(gateway),
    performance.now(),
  ]
  lags.length = 0
  await new Promise((resolve) => setTimeout(resolve, measureMs))
  const polls = sent - sentBefore
  const cpu = process.cpuUsage(cpuBefore)
  const gatewayAfter = await cpuOf(gateway)
  const seconds = (performance.now() - atMs) / 1_000
  const measured = {
    name,
    pollsPerSecond: polls / seconds,
    cpuPerPollUs: (cpu.user + cpu.system) / polls,
    gatewayCpuPerPollUs: (gatewayAfter - gatewayBefore) / polls,
    lagMs: { p50: quantile(lags, 0.5), p99: quantile(lags, 0.99), max: quantile(lags, 1) },
  }
  await verdict.close()
  await store.close()
  gateway.kill()
  return measured
}

function reply<T>(child: ReturnType<typeof fork>): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T))
    child.once('exit', (code) => reject(new Error(`the gateway process ended with ${code}`)))
  })
}

async function cpuOf(child: ReturnType<typeof fork>): Promise<number> {
  const usage = reply<NodeJS.CpuUsage>(child)
  child.send('cpu')
  const { user, system } = await usage
  return user + system
}

/** µs of CPU in one signature and one verification, with both cores at it: as they are at saturation. */
function cryptographyPerPollUs({ perSecond, verifiesPerSecond }: SignRate): number {
  return 2_000_000 / perSecond + 2_000_000 / verifiesPerSecond
}

const only = process.argv[2]
const loads: readonly Load[] = [
  {
    name: 'saturation',
    orders: 24_000,
    delayMs: 0,
    measureMs: 15_000,
  },
  { name: '200 polls/s', orders: 800, delayMs: 30, measureMs: 15_000 },
  { name: '1000 polls/s', orders: 4_000, delayMs: 30, measureMs: 15_000 },
]

const before: SignRate = await signRate()
const results: Measured[] = []
for (const load of loads) if (only === undefined || load.name === only) results.push(await measure(load))
const after: SignRate = await signRate()
const rate = (before.perSecond + after.perSecond) / 2
const crypto = (cryptographyPerPollUs(before) + cryptographyPerPollUs(after)) / 2

const rows = results.map(({ name, pollsPerSecond, cpuPerPollUs, gatewayCpuPerPollUs, lagMs }) => [
  name,
  pollsPerSecond.toFixed(0),
  (pollsPerSecond / rate).toFixed(3),
  cpuPerPollUs.toFixed(0),
  crypto.toFixed(0),
  (cpuPerPollUs - crypto).toFixed(0),
  gatewayCpuPerPollUs.toFixed(0),
  lagMs.p50.toFixed(2),
  lagMs.p99.toFixed(2),
])
const head = [
  'load',
  'polls/s',
  'share',
  'CPU µs/poll',
  'in crypto',
  'outside',
  'gateway µs',
  'lag p50 ms',
  'lag p99 ms',
]
console.error(
  `two cores sign ${before.perSecond.toFixed(0)}/s before and ${after.perSecond.toFixed(0)}/s after (${before.by})`,
)
console.error(inColumns([head, ...rows]).join('\n'))
const result = { signRate: { before, after }, cryptographyPerPollUs: crypto, node: process.version, results }
mkdirSync('bench/results', { recursive: true })
writeFileSync('bench/results/latest.json', `${JSON.stringify(result, null, 2)}\n`)
console.log(JSON.stringify(result))
rmSync(dir, { recursive: true, force: true })
process.disconnect?.()
