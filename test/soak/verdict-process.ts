/**
 * Verdict as its user runs it, in a process of its own, with a shop that sends it customers: the process that is
 * sampled. argv: `VerdictSettings`; needs `--expose-gc`.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock } from '../../src/clock.ts'
import {
  accountsFromFile,
  defaultPolicy,
  gatewayFor,
  KINDS,
  nodeCallbacks,
  Verdict,
  type VerdictAccount,
} from '../../src/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import { openLeak } from './leaks.ts'
import { openHandles, takeSample } from './sample.ts'
import { Shop } from './shop.ts'
import type { VerdictSettings, WordFromVerdict, WordToVerdict } from './words.ts'

const SAMPLE_EVERY_MS = 10_000
/** Default 15-min orders come no later than this before the load ends: they end in it. */
const LONG_BEFORE_END_MS = 16 * 60_000
const CALLBACKS_END_MS_MAX = 6_000

const settings = JSON.parse(process.argv[2] ?? '{}') as VerdictSettings
const tell = (word: WordFromVerdict): void => void process.send?.(word)
const trouble = (what: string, error: unknown): void =>
  tell({
    word: 'trouble',
    sentence: `${what}: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
  })
process.on('unhandledRejection', (error) => trouble('unhandled rejection', error))
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') trouble('warning', warning)
})
const abandoned = (): never => process.exit(1)
process.once('disconnect', abandoned)
let heard: (word: WordToVerdict) => void = () => {}
process.on('message', (word: WordToVerdict) => heard(word))

// The channel to whoever started us is in it.
const before = openHandles()

const clock = systemClock
const accountsOfFile = await accountsFromFile(settings.accountFile)
const store = await sqliteStore({ file: settings.storeFile })
const server = createServer()
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const notify_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callbacks`
const keepsLateMoney = Object.fromEntries(
  KINDS.map((kind) => [kind, { ...defaultPolicy(kind), lateMoney: 'accept' } as const]),
)
// One account is used by other systems, too, and keeps late money. The other keeps what nobody placed, and gives back.
const accounts = accountsOfFile.map((account): VerdictAccount => {
  const isCommon = account.mode === 'common'
  const policies = isCommon ? keepsLateMoney : {}
  return { ...account, notify_url, policies, unknownCallbacks: isCommon ? 'count' : 'keep' }
})
const elsewhere = Object.fromEntries(
  accounts.map((account) => [account.mode, gatewayFor(account, { clock })]),
) as ConstructorParameters<typeof Shop>[0]['elsewhere']

let opened: Verdict | null = null
const shop = new Shop({
  verdict: () => opened ?? notOpen(),
  clock,
  accounts,
  notify_url,
  elsewhere,
  seed: settings.seed,
  ordersPerSecond: settings.ordersPerSecond,
  longUntilMs: settings.loadMs - LONG_BEFORE_END_MS,
  leak: await openLeak(settings.leak),
})
const verdict = await Verdict.open({
  store,
  accounts,
  onVerdict: shop.onVerdict,
  onRefund: shop.onRefund,
  onLateMoney: () => {},
  webhooks: [{ name: 'shop', ...settings.webhook, allowPrivate: true, timeoutMs: 5_000 }],
  notify: ({ message }) => tell({ word: 'notice', message }),
})
opened = verdict
server.on('request', nodeCallbacks(verdict.callbacks))

const loopDelay = monitorEventLoopDelay({ resolution: 20 })
loopDelay.enable()
const startedAtMs = clock.nowMs()
const load = new AbortController()
const isServed = shop.serve(load.signal, (error) => trouble('the shop failed', error))
let sampling: Promise<void> = Promise.resolve()
const sampler = setInterval(() => {
  sampling = sample().catch((error) => trouble('the sampler failed', error))
}, SAMPLE_EVERY_MS)
tell({ word: 'open' })

heard = (word) => {
  if (word.do === 'end-load') void endLoad()
  else void close().catch((error) => trouble('the close failed', error))
}

function notOpen(): never {
  throw new Error('Verdict is not open yet')
}

async function sample(): Promise<void> {
  const { storeFile } = settings
  const { statistics } = verdict
  const phase = load.signal.aborted ? 'drain' : 'load'
  const now = { startedAtMs, nowMs: clock.nowMs(), phase, entered: shop.entered } as const
  tell({ word: 'sample', sample: await takeSample({ ...now, store, storeFile, statistics, loopDelay }) })
}

async function endLoad(): Promise<void> {
  load.abort()
  await isServed
  tell({ word: 'load-ended', entered: shop.entered })
}

async function close(): Promise<void> {
  clearInterval(sampler)
  await sampling
  loopDelay.disable()
  await endServer(server)
  await verdict.close()
  await Promise.all(Object.values(elsewhere).map((gateway) => gateway.end()))
  await store.close()
  // What was destroyed is closed a turn later, and a connection that the other side ends, some turns.
  await new Promise((resolve) => setTimeout(resolve, 500))
  tell({ word: 'closed', before, after: openHandles() })
  process.off('disconnect', abandoned)
  process.disconnect()
}

async function endServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const timer = setTimeout(() => server.closeAllConnections(), CALLBACKS_END_MS_MAX)
  await closed
  clearTimeout(timer)
}
