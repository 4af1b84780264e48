import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import type { OpenOrder } from '../../core/order.ts'
import { storeContract } from '../contract.ts'
import type { Store } from '../store.ts'
import {
  ACCOUNT,
  applied,
  attempt,
  due,
  dueDeliveries,
  enter,
  enterFree,
  follow,
  HELD,
  MINUTE_MS,
  many,
  newDelivery,
  newOrder,
  nextOf,
  settled,
  T0,
  tell,
} from '../testing.ts'
import { postgresStore } from './index.ts'

const databases: TestDatabase[] = []

afterAll(async () => {
  for (const database of databases) await database.drop()
})

async function emptyStore() {
  const database = await newTestDatabase()
  databases.push(database)
  return postgresStore({ url: database.url })
}

storeContract('PostgreSQL', emptyStore)

/** Two processes on one database, and somebody who may look and kill. */
let a: Store
let b: Store
let client: Client

beforeAll(async () => {
  const database = await newTestDatabase()
  databases.push(database)
  const { url } = database
  client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET deadlock_timeout = '20ms'`)
  const open = () => postgresStore({ url, poolSize: 2 })
  ;[a, b] = [await open(), await open()]
})

beforeEach(async () => {
  const tables = ['orders', 'facts', 'placings', 'journal', 'deliveries', 'workers']
  await client.query(tables.map((table) => `DELETE FROM verdict.${table}`).join(';'))
})

afterAll(async () => {
  await client?.end()
  await a?.close()
  await b?.close()
})

const ROUNDS = 20
const rounds = Array.from({ length: ROUNDS }, (_, nth) => nth)
const idsOf = (some: ReadonlyArray<{ readonly id: number }>) => some.map(({ id }) => id)

const waiting = (order: OpenOrder, dueAtMs = T0 + MINUTE_MS) => ({
  ...nextOf(order, { dueAtMs }),
  journal: [{ atMs: T0, event: 'no-answer', call: 'query' }] as const,
})

describe('two processes on one PostgreSQL', () => {
  it('that enter one purchase at once: one order is written, and the other is told which', async () => {
    for (const nth of rounds) {
      const sketch = { purchase: `table ${nth}` }
      const results = await Promise.all([a, b].map((store) => store.insert([newOrder(sketch)], HELD)))
      const outcomes = results.flat().toSorted((x, y) => x.outcome.localeCompare(y.outcome))
      const [first] = outcomes
      if (first?.outcome !== 'inserted') throw new Error('nothing was inserted')
      expect(outcomes).toEqual([first, { outcome: 'purchase-taken', by: first.order }])
    }
  })

  it('twin: two purchases at once are both written', async () => {
    const results = await Promise.all(
      [a, b].map((store, nth) => store.insert([newOrder({ purchase: `chair ${nth}` })], HELD)),
    )
    expect(results.flat().map(({ outcome }) => outcome)).toEqual(['inserted', 'inserted'])
  })

  it('that enter the same numbers and purchases in opposite order: each is written once', async () => {
    for (const withPurchase of [false, true]) {
      for (const nth of rounds.slice(0, 8)) {
        const sketches = Array.from({ length: 20 }, (_, i) => ({
          out_trade_no: `${withPurchase} ${nth} ${i}`,
          purchase: withPurchase ? `${nth} ${i}` : null,
        }))
        const [one, other] = await Promise.all([
          a.insert(sketches.map(newOrder), HELD),
          b.insert(sketches.toReversed().map(newOrder), HELD),
        ])
        const outcomes = other.toReversed().map(({ outcome }, i) => [one[i]?.outcome, outcome].sort())
        expect(outcomes).toEqual(sketches.map(() => ['exists', 'inserted']))
      }
    }
  })

  it('that commit overlapping batches in opposite order: each change is applied once, and none fails', async () => {
    for (const more of [{}, { tell: true }]) {
      for (const _ of rounds.slice(0, 8)) {
        const orders = await enter(a, many(60, {}))
        const commits = orders.map((order) => ({ change: waiting(order), ...more }))
        const [one, other] = await Promise.all([a.commit(commits), b.commit(commits.toReversed())])
        const outcomes = other.toReversed().map((outcome, i) => [one[i], outcome].sort())
        expect(outcomes).toEqual(orders.map(() => ['applied', 'moved']))
        for (const { id } of orders.slice(0, 5)) expect(await a.journalOf(id)).toHaveLength(1)
      }
    }
  })

  it('that claim, commit, release and enter all at once, with two connections each, come to an end', async () => {
    const orders = await enterFree(a, many(40, {}))
    const work = orders.flatMap((order, nth) => {
      const store = nth % 2 === 0 ? a : b
      return [
        store.claimDue(due({ worker: `w${nth}`, limit: 5 })),
        store.commit([{ change: waiting(order), tell: nth % 3 === 0 }]),
        store.release([order.id], `w${nth}`),
        store.insert([newOrder({ purchase: nth % 4 === 0 ? `round ${nth % 8}` : null })], HELD),
        store.nextDueAtMs(ACCOUNT),
        store.byId(order.id),
      ]
    })
    const failed = (await Promise.allSettled(work)).filter(({ status }) => status === 'rejected')
    expect(failed).toEqual([])
  })

  it('each learn when the next order is due that nobody has, whoever claimed what', async () => {
    await enterFree(a, [{ dueAtMs: T0 }, { dueAtMs: T0 + 500 }, { dueAtMs: T0 + 900 }])
    expect(await b.nextDueAtMs(ACCOUNT)).toBe(T0)
    await a.claimDue(due({ worker: 'a', dueUntilMs: T0 }))
    expect(await b.nextDueAtMs(ACCOUNT)).toBe(T0 + 500)
    await b.claimDue(due({ worker: 'b', nowMs: T0 + 500 }))
    expect(await a.nextDueAtMs(ACCOUNT)).toBe(T0 + 900)
  })
})

describe('what a process has looked past', () => {
  const LATE_MS = 30 * MINUTE_MS

  /** An order of long ago that `worker` has claimed, and a store that knows it. */
  async function lookedPast() {
    const [order] = await enterFree(a, [{ dueAtMs: T0 - LATE_MS }])
    expect(await a.claimDue(due({ worker: 'a' }))).toHaveLength(1)
    for (const _ of [1, 2]) {
      expect(await a.nextDueAtMs(ACCOUNT)).toBeNull()
      expect(await a.claimDue(due({ worker: 'a' }))).toEqual([])
    }
    return order
  }

  it('is found at once when it gives it back', async () => {
    const order = await lookedPast()
    await a.release([order.id], 'a')
    expect(await a.nextDueAtMs(ACCOUNT)).toBe(T0 - LATE_MS)
    expect(idsOf(await a.claimDue(due({ worker: 'a' })))).toEqual([order.id])
  })

  it('is found at once when it is written late, due long before', async () => {
    const order = await lookedPast()
    await applied(a, { change: waiting(order, T0 - LATE_MS + 1) })
    expect(idsOf(await a.claimDue(due({ worker: 'a' })))).toEqual([order.id])
  })
})

describe('messages that a process has looked past', () => {
  const LATE_MS = 30 * MINUTE_MS

  /** Two messages of long ago, the first of which is claimed, and a store that knows it. */
  async function lookedPast() {
    const at = { createdAtMs: T0 - LATE_MS }
    const { order, deliveries } = await tell(a, await settled(a), [at, at])
    const [first, second] = idsOf(deliveries)
    expect(idsOf(await a.claimDeliveries(dueDeliveries({ nowMs: T0 })))).toEqual([first])
    for (const _ of [1, 2]) {
      expect(await a.nextDeliveryAtMs('shop')).toBeNull()
      expect(await a.claimDeliveries(dueDeliveries())).toEqual([])
    }
    return { order, first: first ?? 0, second }
  }

  const claimed = async () => idsOf(await a.claimDeliveries(dueDeliveries()))

  it('are found at once when what was before them is done, however late that is written', async () => {
    const { first, second } = await lookedPast()
    await a.finishDeliveries([attempt({ id: first }, { nowMs: T0 - LATE_MS + 1 })])
    expect(await a.nextDeliveryAtMs('shop')).toBe(T0 - LATE_MS + 1)
    expect(await claimed()).toEqual([second])
  })

  it('and when they are to be tried again, are new, or are sent again by hand', async () => {
    const { order, first } = await lookedPast()
    const again = { state: 'pending', dueAtMs: T0 - LATE_MS, why: 'answered 500' } as const
    await a.finishDeliveries([attempt({ id: first }, { outcome: again })])
    expect(await claimed()).toEqual([first])
    await a.nextDeliveryAtMs('shop')

    const other = await tell(a, await settled(a), [{ createdAtMs: T0 - LATE_MS }])
    expect(await claimed()).toEqual(idsOf(other.deliveries))
    await a.nextDeliveryAtMs('shop')

    await a.finishDeliveries([attempt({ id: first }, { attempts: 2 })])
    expect(await claimed()).toHaveLength(1)
    await a.nextDeliveryAtMs('shop')
    await a.resend(first, T0 - LATE_MS)
    expect(await claimed()).toEqual([first])
    expect((await a.deliveriesOf(order.id)).map(({ state }) => state)).toEqual(['pending', 'pending'])
  })
})

describe('an order’s messages', () => {
  it('never stay in line for ever, if one is finished while another process writes the next', async () => {
    for (const _ of rounds) {
      const orders = await Promise.all([1, 2, 3, 4].map(() => settled(a)))
      const first = await Promise.all(orders.map(async (order) => tell(a, order, [{}])))
      await Promise.all(
        first.flatMap(({ order, deliveries }) => [
          a.finishDeliveries(deliveries.map((delivery) => attempt(delivery))),
          follow(b, order, {}, { deliveries: [newDelivery()] }),
        ]),
      )
      for (const { id } of orders) {
        expect((await a.deliveriesOf(id)).map(({ state }) => state)).toEqual(['sent', 'pending'])
      }
    }
  })

  it('nor if two are finished together by two processes, in opposite order', async () => {
    for (const _ of rounds.slice(0, 5)) {
      const told = await Promise.all([1, 2, 3, 4, 5, 6].map(async () => tell(a, await settled(a), [{}, {}])))
      const results = told.map(({ deliveries: [one] }) => attempt({ id: one?.id ?? 0 }))
      await Promise.all([a.finishDeliveries(results), b.finishDeliveries(results.toReversed())])
      const states = told.map(async ({ order: { id } }) =>
        (await a.deliveriesOf(id)).map(({ state }) => state),
      )
      expect(await Promise.all(states)).toEqual(told.map(() => ['sent', 'pending']))
    }
  })

  it('twin: one that is written while another is under way stands in line', async () => {
    const { order } = await tell(a, await settled(a), [{}])
    await follow(b, order, {}, { deliveries: [newDelivery()] })
    expect((await a.deliveriesOf(order.id)).map(({ state }) => state)).toEqual(['pending', 'queued'])
    expect(await b.claimDeliveries(dueDeliveries())).toHaveLength(1)
  })
})

describe('a process whose connections are cut', () => {
  const cutAll = () =>
    client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )

  it('in the middle of commits leaves each of them whole or not there, and goes on', async () => {
    let cut = 0
    for (const nth of rounds) {
      const orders = await enter(a, many(12, {}))
      const commits = orders.map((order) => ({
        change: waiting(order),
        tell: true,
        deliveries: [newDelivery()],
      }))
      const written = a.commit(commits).then(
        () => true,
        () => false,
      )
      // At another moment each time: before, between, and after its statements.
      for (let turn = 0; turn < nth; turn++) await new Promise((resolve) => setImmediate(resolve))
      await cutAll()
      if (!(await written)) cut += 1
      const states = await Promise.all(
        orders.map(async ({ id, version }) => {
          const order = await b.byId(id).catch(() => b.byId(id))
          const lines = (await b.journalOf(id)).length
          const messages = (await b.deliveriesOf(id)).length
          return [(order?.version ?? 0) - version, lines, messages].join()
        }),
      )
      // All of a batch stand or fall together.
      expect([['0,0,0'], ['1,1,1']]).toContainEqual([...new Set(states)])
    }
    expect(cut).toBeGreaterThan(0)
  })
})

describe('U+0000, which PostgreSQL can’t keep,', () => {
  it('becomes U+FFFD in a note', async () => {
    const [order] = await enter(a, [{}])
    const journal = [{ atMs: T0, event: 'no-answer', call: 'query', note: 'a\0b' }] as const
    await applied(a, { change: { ...nextOf(order), journal } })
    expect(await a.journalOf(order.id)).toMatchObject([{ note: 'a\ufffdb' }])
  })
})
