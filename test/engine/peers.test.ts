import { createSecretKey } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { KINDS, type Kind, type OrderKey } from '../../src/core/order.ts'
import { compilePlan, type Plan } from '../../src/core/plan.ts'
import { answer, noAnswer, statement, tracked } from '../../src/core/testing.ts'
import { DEFAULT_LIMITS } from '../../src/engine/budget.ts'
import { Engine } from '../../src/engine/engine.ts'
import { KeyShelf } from '../../src/engine/key-shelf.ts'
import type { Gateway, VerifiedCallback } from '../../src/gateway/gateway.ts'
import { seededRandom } from '../../src/random.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import type { Peers, Store } from '../../src/store/store.ts'
import { newTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { Stoppable } from '../support/stoppable.ts'
import { watchedStore } from '../support/watched.ts'

/** Several processes on one PostgreSQL, on the real clock; WeChat Pay says of each order that it is paid. */
const ACCOUNT = '1900000001'
const QUICK = { beatMs: 200, deadMs: 1_200 }
/** So seldom that nothing is found by looking. */
const SELDOM = { beatMs: 600_000, deadMs: 3_600_000 }

let database: TestDatabase
let reader: Store
const ends: Array<() => Promise<void>> = []

beforeAll(async () => {
  database = await newTestDatabase()
  reader = await postgresStore({ url: database.url, poolSize: 2 })
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})
afterAll(async () => {
  await reader.close()
  await database.drop()
})

interface Sent {
  readonly by: string
  readonly out_trade_no: string
  readonly atMs: number
}

interface Settings {
  readonly pulse?: typeof QUICK
  readonly peers?: (peers: Peers) => Partial<Peers>
  readonly around?: (what: string, args: readonly unknown[]) => void
}

/** One process: its engine, the clock that stops it, and what it sends. */
async function opened(name: string, sent: Sent[], settings: Settings = {}) {
  const { pulse = QUICK, peers = () => ({}), around = () => {} } = settings
  const clock = new Stoppable(systemClock)
  const real = await postgresStore({ url: database.url, poolSize: 2 })
  if (real.peers === null) throw new Error('a store of several processes was expected')
  const { beat, leave, watch, noteHeard, heardAtMs }: Peers = {
    beat: (beat) => real.peers?.beat(beat) ?? Promise.reject(new Error('no peers')),
    leave: (worker) => real.peers?.leave(worker) ?? Promise.resolve(),
    watch: (changed) => real.peers?.watch(changed) ?? (async () => {}),
    noteHeard: (account, nowMs) => real.peers?.noteHeard(account, nowMs) ?? Promise.resolve(),
    heardAtMs: (account) => real.peers?.heardAtMs(account) ?? Promise.resolve(null),
    ...peers(real.peers),
  }
  const shared: Peers = { leave, watch, noteHeard, heardAtMs, beat: (one) => clock.hears(beat(one)) }
  const watched = watchedStore(real, (what, call, args) => {
    around(what, args)
    return clock.hears(call())
  })
  const store = new Proxy(watched, {
    get: (target, key) => (key === 'peers' ? shared : Reflect.get(target, key)),
  })
  const query: Gateway['query'] = async (order, notBeforeMs = 0) => {
    await new Promise<void>((resolve) => void clock.after(notBeforeMs - clock.nowMs(), resolve))
    const atMs = clock.nowMs()
    // As the real gateway does it.
    if (atMs > engine.sendUntilMs) return noAnswer('reset')
    sent.push({ by: name, out_trade_no: order.out_trade_no, atMs })
    const facts = tracked('native', { ...order, account: ACCOUNT })
    return answer(statement(facts, 'SUCCESS'), atMs)
  }
  const engine: Engine = new Engine({
    ...{ store, clock, random: seededRandom(1), worker: name, keys: new KeyShelf(), pulse },
    accounts: [
      {
        gateway: gatewayWith(query),
        plans: Object.fromEntries(KINDS.map((kind) => [kind, compilePlan(kind)])) as Record<Kind, Plan>,
        limits: DEFAULT_LIMITS,
        concurrency: 100,
        placing: { mode: 'common', isLocal: true, merchant_category_code: '5812' },
        notify_url: undefined,
        unknownCallbacks: 'keep',
        fingerprintKey: createSecretKey(Buffer.alloc(32)),
      },
    ],
  })
  ends.push(async () => {
    clock.goOn()
    await engine.close()
    await real.close()
  })
  await engine.join()
  return { engine, clock }
}

/** Only queries are asked for here. */
function gatewayWith(query: Gateway['query']): Gateway {
  const identity = { mode: 'common', account: ACCOUNT, believesUnsignedUnknown: false } as const
  return { identity, query, callMsMax: 1_000, end: async () => {} } as unknown as Gateway
}

let numbers = 0

/** Orders that nobody has claimed, due so many ms from now. */
async function enter(count: number, dueInMs: number): Promise<readonly OrderKey[]> {
  const nowMs = systemClock.nowMs()
  const keys = Array.from({ length: count }, () => ({
    ...{ account: ACCOUNT, sub_mchid: null },
    out_trade_no: `P${++numbers}`,
  }))
  const orders = keys.map((key) => {
    const times = { createdAtMs: nowMs, latestPlacingAtMs: nowMs, windowEndAtMs: nowMs + 900_000 }
    const { id: _, ...order } = tracked('native', { ...key, ...times })
    const due = { state: 'waiting', dueAtMs: nowMs + dueInMs } as const
    return { order: { ...order, ...due }, fingerprint: '', body: null, journal: [] }
  })
  await reader.insert(orders, { worker: 'nobody', untilMs: nowMs })
  return keys
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}

const areFinal = async (keys: readonly OrderKey[]): Promise<boolean> => {
  const orders = await Promise.all(keys.map((key) => reader.find(key)))
  return orders.every((order) => order?.state === 'SUCCESS')
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('who waits for a verdict', () => {
  it('is woken by another process that commits it', async () => {
    const [key] = await enter(1, 0)
    if (key === undefined) throw new Error('no order')
    const sent: Sent[] = []
    const listens = Promise.withResolvers<void>()
    // The first has all of the budget; the second one needs none.
    const working = await opened('a', sent, { pulse: SELDOM })
    const waiting = await opened('b', sent, {
      pulse: SELDOM,
      peers: (peers) => ({
        watch: (changed) =>
          peers.watch((ids) => {
            if (ids === null) listens.resolve()
            changed(ids)
          }),
      }),
    })
    await listens.promise
    const settled = waiting.engine.settled(key)
    working.engine.start()
    expect(await settled).toMatchObject({ state: 'SUCCESS' })
    expect(sent.map(({ by }) => by)).toEqual(['a'])
  })

  it('twin: without a word of it finds it by looking, every five heartbeats', async () => {
    const [key] = await enter(1, 0)
    if (key === undefined) throw new Error('no order')
    const sent: Sent[] = []
    const deaf = { watch: () => async () => {} }
    const waiting = await opened('b', sent, { peers: () => deaf })
    const settled = waiting.engine.settled(key)
    let isSettled = false
    void settled.then(() => {
      isSettled = true
    })
    // No heartbeat of this one comes in the time in which the first one works.
    waiting.clock.stop()
    const working = await opened('a', sent)
    working.engine.start()
    await until(() => areFinal([key]))
    expect(isSettled).toBe(false)
    waiting.clock.goOn()
    expect(await settled).toMatchObject({ state: 'SUCCESS' })
  })
})

it('a process that gets a callback lets the others know, whatever it says', async () => {
  const { engine } = await opened('a', [])
  expect(await reader.peers?.heardAtMs(ACCOUNT)).toBeNull()
  const other = { event_type: 'NEWS', event: { kind: 'other', event_type: 'NEWS' } } as const
  await engine.receive(ACCOUNT, other as unknown as VerifiedCallback)
  await until(async () => (await reader.peers?.heardAtMs(ACCOUNT)) !== null)
})

it('a process that leaves gives back what it had claimed, and the others hear of it', async () => {
  const sent: Sent[] = []
  // By itself it would look after ten seconds.
  const pulse = { beatMs: 2_000, deadMs: 12_000 }
  const { engine } = await opened('a', sent, { pulse })
  engine.start()
  await pause(300)
  const keys = await enter(20, 900)
  let looks = 0
  const around = (what: string): void => {
    if (what === 'nextDueAtMs') looks += 1
  }
  const leaving = await opened('b', sent, { pulse, around })
  leaving.engine.start()
  await until(() => looks > 0)
  await leaving.engine.close()
  const leftAtMs = systemClock.nowMs()
  await until(() => areFinal(keys))
  expect(sent.map(({ by }) => by)).toEqual(keys.map(() => 'a'))
  expect(Math.max(...sent.map(({ atMs }) => atMs))).toBeLessThan(leftAtMs + 4_000)
})

describe('a process that is stopped', () => {
  it('is followed by another in what it had claimed, and when it wakes sends nothing before it is heard', async () => {
    const sent: Sent[] = []
    let claims = 0
    let isHeard = true
    const a = await opened('a', sent, {
      around: (what) => {
        if (what === 'nextDueAtMs') claims += 1
      },
      peers: (peers) => ({
        beat: (beat) => (isHeard ? peers.beat(beat) : Promise.reject(new Error('no way to the store'))),
      }),
    })
    const keys = await enter(20, 900)
    a.engine.start()
    await until(() => claims > 0)
    a.clock.stop()
    expect(sent).toEqual([])
    isHeard = false

    const b = await opened('b', sent)
    b.engine.start()
    await until(() => areFinal(keys))
    expect(new Set(sent.map(({ by }) => by))).toEqual(new Set(['b']))
    expect(sent).toHaveLength(20)

    const more = await enter(5, 0)
    a.clock.goOn()
    await pause(400)
    expect(sent.filter(({ by }) => by === 'a')).toEqual([])
    await until(() => areFinal(more))
    isHeard = true
    await b.engine.close()
    const last = await enter(5, 0)
    await until(() => areFinal(last))
    expect(sent.slice(-5).map(({ by }) => by)).toEqual(['a', 'a', 'a', 'a', 'a'])
  })

  it('twin: one that is not stopped does what it has claimed', async () => {
    const sent: Sent[] = []
    const a = await opened('a', sent)
    const keys = await enter(20, 300)
    a.engine.start()
    await until(() => areFinal(keys))
    expect(sent.map(({ by }) => by)).toEqual(keys.map(() => 'a'))
  })
})

describe('a process that was not heard for three heartbeats', () => {
  it('gives back what it had claimed ahead, and claims it anew', async () => {
    const sent: Sent[] = []
    const released: unknown[] = []
    let claims = 0
    let isHeard = true
    const a = await opened('a', sent, {
      pulse: { ...QUICK, beatMs: 100 },
      around: (what, [ids]) => {
        if (what === 'nextDueAtMs') claims += 1
        if (what === 'release') released.push([...(ids as number[])].sort())
      },
      peers: (peers) => ({
        beat: (beat) => (isHeard ? peers.beat(beat) : Promise.reject(new Error('no way to the store'))),
      }),
    })
    const keys = await enter(7, 900)
    const ids = await Promise.all(keys.map(async (key) => (await reader.find(key))?.id))
    a.engine.start()
    await until(() => claims > 0)
    isHeard = false
    await until(() => a.engine.sendUntilMs < systemClock.nowMs())
    await pause(500)
    expect(sent).toEqual([])
    isHeard = true
    await until(() => areFinal(keys))
    expect(released).toContainEqual(ids)
    expect(sent).toHaveLength(7)
  })
})
