/**
 * The service of the benchmark: Verdict polls, and its HTTP API is read, in one process. argv: ServiceSettings. Says its
 * address and a key (Serving) when it serves; on `begin` it measures from then on, on `end` it says what (Served), on
 * `close` it stops.
 */
import { readFileSync } from 'node:fs'
import { pino } from 'pino'
import { systemClock } from '../src/clock.ts'
import { newApiKey } from '../src/http/api-keys.ts'
import type { Desk } from '../src/http/desk.ts'
import { apiServer } from '../src/http/server.ts'
import { openWatching } from '../src/http/watching.ts'
import type { Verdict } from '../src/verdict.ts'
import { settingsOfChild } from './children.ts'
import { type BenchKeys, EVERY_FOUR_SECONDS, MCHID, openMeasured } from './measured.ts'
import { openStore, type StorePlace } from './stores.ts'

export interface ServiceSettings {
  readonly place: StorePlace
  readonly keys: BenchKeys
  /** The gateway process's. */
  readonly port: number
  /** The header in which a request names what it reads. */
  readonly nameHeader: string
}

export interface Serving {
  readonly address: string
  readonly key: string
}

export interface Served {
  /** How late each query left. */
  readonly lagsMs: readonly number[]
  readonly seconds: number
  /** How long the thread that polls was ready and got no core; null where the system doesn't tell. */
  readonly withoutCoreMs: number | null
  /** By what the request called itself: from its arrival to the answer's last byte, in the server. */
  readonly answersMs: Readonly<Record<string, readonly number[]>>
}

const { place, keys, port, nameHeader } = settingsOfChild<ServiceSettings>()
const store = await openStore(place)
let lagsMs: number[] = []
let answersMs: Record<string, number[]> = {}
let fromMs = performance.now()
let withoutCoreFromMs = withoutCoreMs()

const opened: { verdict?: Verdict } = {}
const watching = openWatching({
  store,
  statistics: () => null,
  accounts: () => opened.verdict?.accounts ?? [],
  bills: async () => [],
  clock: systemClock,
})
const verdict = await openMeasured({
  store,
  accounts: [{ mchid: MCHID, policy: EVERY_FOUR_SECONDS, queriesPerSecond: 100_000 }],
  keys,
  port,
  onSent: (_, lagMs) => void lagsMs.push(lagMs),
  observer: watching.observer,
})
opened.verdict = verdict

const ending = new AbortController()
const desk: Desk = { verdict, store, clock: systemClock, ending: ending.signal }
const app = apiServer({
  desk,
  version: 'bench',
  logger: pino({ level: 'silent' }),
  watching,
  withCallbacks: false,
})
app.addHook('onResponse', async (request, reply) => {
  const read = String(request.headers[nameHeader])
  const name = reply.statusCode === 200 ? read : `${read}: ${reply.statusCode}`
  answersMs[name] = [...(answersMs[name] ?? []), reply.elapsedTime]
})
const address = await app.listen({ host: '127.0.0.1', port: 0 })
const { text, key } = newApiKey('bench', 'read', systemClock.nowMs())
await store.keepApiKey(key)

/** Linux tells it of the thread that began the process: ns on a core, ns without, and how often. */
function withoutCoreMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6
  } catch {
    return Number.NaN
  }
}

function begin(): string {
  lagsMs = []
  fromMs = performance.now()
  withoutCoreFromMs = withoutCoreMs()
  answersMs = {}
  return 'begun'
}

async function close(): Promise<string> {
  ending.abort()
  await app.close()
  await verdict.close()
  await store.close()
  return 'closed'
}

process.on('message', async (word) => {
  const served = (): Served => ({
    lagsMs,
    seconds: (performance.now() - fromMs) / 1_000,
    withoutCoreMs: withoutCoreMs() - withoutCoreFromMs,
    answersMs,
  })
  process.send?.(word === 'begin' ? begin() : word === 'end' ? served() : await close())
})
process.on('disconnect', () => process.exit())
process.send?.({ address, key: text } satisfies Serving)
