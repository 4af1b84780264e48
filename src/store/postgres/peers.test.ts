import fc from 'fast-check'
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import type { Beat, Beaten, Peers, Store } from '../store.ts'
import {
  due,
  dueDeliveries,
  enter,
  enterFree,
  HELD,
  MINUTE_MS,
  newOrder,
  nextOf,
  settled,
  T0,
  tell,
} from '../testing.ts'
import { postgresStore } from './index.ts'
import { CHANNEL } from './peers.ts'

const DEAD_MS = 6_000
const BUDGET = '1900000001 query'

let database: TestDatabase
let client: Client
/** Two processes. */
let a: Store
let b: Store

beforeAll(async () => {
  database = await newTestDatabase()
  const open = () => postgresStore({ url: database.url, poolSize: 2 })
  ;[a, b] = [await open(), await open()]
  client = new Client({ connectionString: database.url })
  await client.connect()
})

beforeEach(async () => {
  await client.query(
    'DELETE FROM verdict.workers; DELETE FROM verdict.orders; DELETE FROM verdict.deliveries',
  )
})

afterAll(async () => {
  await client.end()
  await a.close()
  await b.close()
  await database.drop()
})

function beat(store: Store, beat: Partial<Beat> & Pick<Beat, 'worker'>): Promise<Beaten> {
  return peersOf(store).beat({ holds: {}, wants: { [BUDGET]: 1 }, deadMs: DEAD_MS, ...beat })
}

function peersOf({ peers }: Store): Peers {
  if (peers === null) throw new Error('a store of several processes was expected')
  return peers
}

/** So much of the database's time passes without a heartbeat of this worker. */
async function silent(worker: string, ms: number): Promise<void> {
  await client.query('UPDATE verdict.workers SET beat_at = beat_at - $2 WHERE name = $1', [worker, ms])
}

describe('a budget', () => {
  const worker = fc.constantFrom('a', 'b', 'c', 'd')
  const want = fc.constantFrom(0.02, 0.25, 1)
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('beat' as const), worker, want }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('beat, unanswered' as const), worker, want }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('is silent and comes back' as const), worker, want }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), worker, want }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), worker, want }) },
  )
  type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

  /** Plays the steps; returns what all held together after each. Whoever is silent for so long lets go, if all is well. */
  async function sums(steps: readonly Step[], { letsGo = true } = {}) {
    await client.query('DELETE FROM verdict.workers')
    const held = new Map<string, number>()
    const all: number[] = []
    for (const { do: what, worker, want } of steps) {
      if (letsGo && (what === 'is silent and comes back' || what === 'die')) held.delete(worker)
      if (what === 'die') await silent(worker, DEAD_MS + 1)
      else if (what === 'leave') {
        held.delete(worker)
        await peersOf(a).leave(worker)
      } else {
        const holds = { [BUDGET]: held.get(worker) ?? 0 }
        const { granted } = await beat(a, { worker, holds, wants: { [BUDGET]: want } })
        if (what !== 'beat, unanswered') held.set(worker, granted[BUDGET] ?? 0)
      }
      all.push([...held.values()].reduce((sum, one) => sum + one, 0))
    }
    return all
  }

  it('is granted once, whoever beats, dies, leaves, or never hears the answer', async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      for (const sum of await sums(steps)) expect(sum).toBeLessThanOrEqual(1 + 1e-9)
    })
    await fc.assert(property, { numRuns: 25 })
  })

  it('twin: if somebody goes on with what he held though he is dead, it is granted twice', async () => {
    const steps = [
      { do: 'beat', worker: 'a', want: 1 },
      { do: 'die', worker: 'a', want: 1 },
      { do: 'beat', worker: 'b', want: 1 },
    ] as const
    expect(await sums(steps, { letsGo: false })).toEqual([1, 1, 2])
    expect(await sums(steps)).toEqual([1, 0, 1])
  })

  it('is all of it for one alone, and shared by what each wants after two heartbeats of each', async () => {
    const wants = { lacking: { [BUDGET]: 1 }, idle: { [BUDGET]: 0.25 } }
    const alone = await beat(a, { worker: 'a', wants: wants.idle })
    expect(alone.granted).toEqual({ [BUDGET]: 1 })
    let holdsA: Beat['holds'] = alone.granted
    let holdsB: Beat['holds'] = {}
    expect((await beat(b, { worker: 'b', wants: wants.lacking })).granted).toEqual({ [BUDGET]: 0 })
    for (let time = 0; time < 2; time++) {
      holdsA = (await beat(a, { worker: 'a', wants: wants.idle, holds: holdsA })).granted
      holdsB = (await beat(b, { worker: 'b', wants: wants.lacking, holds: holdsB })).granted
    }
    expect([holdsA[BUDGET], holdsB[BUDGET]]).toEqual([expect.closeTo(0.2, 9), expect.closeTo(0.8, 9)])
  })

  it('of one account takes nothing from another’s, and from many processes at once none is lost', async () => {
    const names = Array.from({ length: 12 }, (_, nth) => `w${nth}`)
    const wants = { [BUDGET]: 1, '1900000002 query': 1 }
    const beats = await Promise.all(
      names.map((worker, nth) => beat(nth % 2 === 0 ? a : b, { worker, wants })),
    )
    for (const budget of Object.keys(wants)) {
      const granted = beats.map((one) => one.granted[budget] ?? 0)
      expect(granted.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(1 + 1e-9)
      expect(Math.max(...granted)).toBe(1)
    }
    const { rows } = await client.query('SELECT count(*)::integer FROM verdict.workers')
    expect(rows).toEqual([{ count: 12 }])
  })
})

describe('a worker that is silent', () => {
  it('keeps its orders and messages until it is dead; then they are free at once, in every account and target', async () => {
    const [order] = await enterFree(a, [{}])
    const { deliveries } = await tell(a, await settled(a), [{}])
    await beat(a, { worker: 'a' })
    const ids = deliveries.map(({ id }) => id)
    expect((await a.claimDue(due({ worker: 'a' }))).map(({ id }) => id)).toEqual([order.id])
    expect((await a.claimDeliveries(dueDeliveries({ worker: 'a' }))).map(({ id }) => id)).toEqual(ids)

    await silent('a', DEAD_MS - 1_000)
    expect((await beat(b, { worker: 'b' })).dead).toEqual([])
    expect(await b.claimDue(due({ worker: 'b' }))).toEqual([])
    expect(await b.nextDueAtMs(order.account)).toBeNull()
    expect(await b.claimDeliveries(dueDeliveries({ worker: 'b' }))).toEqual([])
    expect(await b.nextDeliveryAtMs('shop')).toBeNull()

    await silent('a', 1_001)
    expect((await beat(b, { worker: 'b' })).dead).toEqual(['a'])
    expect(await b.nextDueAtMs(order.account)).toBe(T0)
    expect(await b.nextDeliveryAtMs('shop')).toBe(T0)
    expect((await b.claimDue(due({ worker: 'b' }))).map(({ id }) => id)).toEqual([order.id])
    expect((await b.claimDeliveries(dueDeliveries({ worker: 'b' }))).map(({ id }) => id)).toEqual(ids)
  })

  it('and comes back has what it claims from then on for itself, also before the others have noticed', async () => {
    await beat(a, { worker: 'a' })
    await silent('a', DEAD_MS + 1)
    expect((await beat(b, { worker: 'b' })).dead).toEqual(['a'])
    const [order] = await enterFree(a, [{}])
    await beat(a, { worker: 'a' })
    expect(await a.claimDue(due({ worker: 'a' }))).toHaveLength(1)
    expect(await b.claimDue(due({ worker: 'b' }))).toEqual([])
    expect(await b.nextDueAtMs(order.account)).toBeNull()
  })

  it('and comes back gives nothing back that is another’s by now', async () => {
    const [order] = await enterFree(a, [{}])
    await beat(a, { worker: 'a' })
    await a.claimDue(due({ worker: 'a' }))
    await silent('a', DEAD_MS + 1)
    await beat(b, { worker: 'b' })
    await b.claimDue(due({ worker: 'b', untilMs: T0 + 5 * MINUTE_MS }))
    await a.release([order.id], 'a')
    const change = nextOf(order, { dueAtMs: T0 + 1 })
    expect(await a.commit([{ change, claim: { worker: 'a', untilMs: T0 + 5 * MINUTE_MS } }])).toEqual([
      'applied',
    ])
    expect(await a.nextDueAtMs(order.account)).toBeNull()
  })

  it('and has left is not dead: it gave its claims back itself', async () => {
    await beat(a, { worker: 'a' })
    await peersOf(a).leave('a')
    expect(await beat(b, { worker: 'b' })).toMatchObject({ dead: [], granted: { [BUDGET]: 1 } })
  })

  it('and has left is heard of: what it gave back, however long it has been due, is found by the next claim', async () => {
    let hears = 0
    const unwatch = peersOf(a).watch((ids) => {
      if (ids === null) hears += 1
    })
    await expect.poll(() => hears).toBe(1)
    const laterMs = T0 + MINUTE_MS
    const [order] = await enter(b, [{}])
    expect(await a.claimDue(due({ worker: 'a', nowMs: laterMs }))).toEqual([])
    await a.nextDueAtMs(order.account)
    await b.release([order.id], HELD.worker)
    expect(await a.claimDue(due({ worker: 'a', nowMs: laterMs }))).toEqual([])
    await peersOf(b).leave('b')
    await expect.poll(() => hears).toBe(2)
    expect(await a.claimDue(due({ worker: 'a', nowMs: laterMs }))).toMatchObject([{ id: order.id }])
    await unwatch()
  })

  it('for an hour is forgotten', async () => {
    await beat(a, { worker: 'a' })
    await silent('a', 3_600_001)
    expect((await beat(b, { worker: 'b' })).dead).toEqual([])
  })
})

it('callbacks that one process hears are known to all, account by account, as of the latest word', async () => {
  const heardAt = (account: string) => Promise.all([a, b].map((store) => peersOf(store).heardAtMs(account)))
  expect(await heardAt('1900000001')).toEqual([null, null])
  await peersOf(a).noteHeard('1900000001', T0)
  await peersOf(b).noteHeard('1900000002', T0 + 7)
  expect(await heardAt('1900000001')).toEqual([T0, T0])
  // A clock that was ahead is set right.
  await peersOf(b).noteHeard('1900000001', T0 - MINUTE_MS)
  expect(await heardAt('1900000001')).toEqual([T0 - MINUTE_MS, T0 - MINUTE_MS])
  expect(await heardAt('1900000002')).toEqual([T0 + 7, T0 + 7])
})

describe('who watches', () => {
  /** What store `a` hears, one after another; the first word is that it listens. */
  function hearing() {
    const heard: Array<readonly number[] | null> = []
    let next = Promise.withResolvers<void>()
    const end = peersOf(a).watch((ids) => {
      heard.push(ids)
      next.resolve()
    })
    const until = async (count: number) => {
      while (heard.length < count) {
        await next.promise
        next = Promise.withResolvers<void>()
      }
      return heard
    }
    return { until, end }
  }

  const changed = async (store: Store, tell: boolean) => {
    const [order] = await enter(store, [{}])
    const change = nextOf(order, { dueAtMs: T0 })
    await store.commit([{ change, tell }])
    return order.id
  }

  it('hears what another process has committed and told, not what it told itself, nor what nobody told', async () => {
    const { until, end } = hearing()
    expect(await until(1)).toEqual([null])
    await changed(b, false)
    await changed(a, true)
    const first = await changed(b, true)
    const second = await changed(b, true)
    expect(await until(3)).toEqual([null, [first], [second]])
    await end()
  })

  it('hears of no change that was not applied', async () => {
    const { until, end } = hearing()
    await until(1)
    const [order] = await enter(b, [{}])
    const change = nextOf(order, { dueAtMs: T0 })
    await b.commit([{ change }])
    expect(await b.commit([{ change, tell: true }])).toEqual(['moved'])
    const told = await changed(b, true)
    expect(await until(2)).toEqual([null, [told]])
    await end()
  })

  it('is told of more orders than one message can name in one word: any may have changed', async () => {
    const { until, end } = hearing()
    await until(1)
    const orders = await b.insert(
      Array.from({ length: 450 }, () => newOrder()),
      { worker: 'b', untilMs: T0 + MINUTE_MS },
    )
    const changes = orders.map((one) => {
      if (one.outcome !== 'inserted') throw new Error('not inserted')
      return { change: nextOf(one.order, { dueAtMs: T0 }), tell: true }
    })
    await b.commit(changes)
    expect(await until(2)).toEqual([null, null])
    await end()
  })

  it('bears what a stranger says on the same channel', async () => {
    const { until, end } = hearing()
    await until(1)
    for (const word of ['', 'hello', 'x:1,2,a,,1e400', ':']) {
      await client.query('SELECT pg_notify($1, $2)', [CHANNEL, word])
    }
    const told = await changed(b, true)
    const heard = await until(6)
    expect(heard.slice(0, 3)).toEqual([null, null, null])
    expect(heard.at(-1)).toEqual([told])
    await end()
  })
})
