import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { refusal } from '../../src/core/testing.ts'
import { Reconciler } from '../../src/reconcile/reconciler.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { Store } from '../../src/store/store.ts'
import type { Verdict } from '../../src/verdict.ts'
import { newTestDatabase } from '../support/postgres.ts'
import { hkd, orderOf, Shop } from '../support/shop.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { losing } from '../support/watched.ts'

/** The bill of each day, by itself on the next morning. The shop opens on the 8th at 10:00 Beijing time. */
let shop: Shop
afterEach(() => shop?.close())

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAILY = { options: { reconcileAt: '10:30' } } as const
const ALL = { after: null, limit: 100 }

async function paid(verdict: Verdict, out_trade_no: string): Promise<void> {
  await shop.clock.during(verdict.place(orderOf('native', { out_trade_no, ...hkd(1_234) })))
  await shop.pay(out_trade_no)
}

/** What is kept of each day, the first one first. */
async function days() {
  const kept = await shop.store.reconciliations({}, ALL)
  return kept.toReversed().map(({ date, tries, finds, failure, found }) => ({
    ...{ date, tries, finds, failure, agreed: found?.agreed ?? null, differing: found?.differing ?? null },
  }))
}

const agreed = (date: string, lines: number, finds = 1) => ({
  ...{ date, tries: 0, finds, failure: null, agreed: lines, differing: {} },
})
const untried = (date: string) => ({ date, tries: 0, finds: 0, failure: null, agreed: null, differing: null })

it('each day is held against its bill on the next morning, once, and what was found is kept', async () => {
  shop = await Shop.open()
  const said: string[] = []
  const verdict = await shop.verdict({ ...DAILY, notify: (message) => said.push(message) })
  await paid(verdict, 'N1')
  await shop.clock.advance(24 * HOUR)
  expect(await days()).toEqual([untried('2026-06-08')])
  await paid(verdict, 'N2')
  await paid(verdict, 'N3')
  await shop.clock.advance(31 * MINUTE)
  expect(await days()).toEqual([agreed('2026-06-08', 1)])
  await shop.clock.advance(24 * HOUR)
  expect(await days()).toEqual([agreed('2026-06-08', 1), agreed('2026-06-09', 2)])
  expect(said).toEqual([
    '1900000001: of the bill of 2026-06-08 1 of 1 lines agree',
    '1900000001: of the bill of 2026-06-09 2 of 2 lines agree',
  ])
  const day = { account: '1900000001', sub_mchid: null, date: '2026-06-08' }
  expect(await shop.store.reconciliation(day)).toMatchObject({
    ...day,
    bill: { unit: 'major' },
    differences: [],
  })
})

it('one that is not to follow orders asks for no bill, and tells of none', async () => {
  shop = await Shop.open()
  const verdict = await shop.verdict({ options: { reconcileAt: '10:30', start: false } })
  await shop.clock.advance(25 * HOUR)
  expect(await days()).toEqual([])
  const silent = await shop.verdict()
  expect(await silent.bills()).toEqual([])
  expect(await verdict.bills()).toMatchObject([{ missingMs: 0 }])
})

const DAY = '2026-06-08'
const DUE_MS = Date.parse('2026-06-09T10:30:00+08:00')

describe.each(['SQLite', 'PostgreSQL'])('two processes on one store, %s', (database) => {
  let stores: readonly Store[]
  let drop = async (): Promise<void> => {}
  beforeEach(async () => {
    if (database === 'SQLite') {
      const store = await sqliteStore({ file: ':memory:' })
      stores = [store, store]
      drop = () => store.close()
      return
    }
    const made = await newTestDatabase()
    stores = [await postgresStore({ url: made.url }), await postgresStore({ url: made.url })]
    drop = async () => {
      for (const store of stores) await store.close()
      await made.drop()
    }
  })
  afterEach(() => drop())

  /** Two that look at the same moment; the bill of the first one to ask comes when it is told to. */
  async function two(clock: VirtualClock) {
    const ending = [new AbortController(), new AbortController()] as const
    const bill = Promise.withResolvers<void>()
    const asked: Array<{ readonly worker: number; readonly atMs: number }> = []
    const one = (nth: 0 | 1): Reconciler =>
      new Reconciler({
        ...{ store: stores[nth] as Store, clock, worker: `w${nth}`, signal: ending[nth].signal },
        ...{ dailyAtMs: 10.5 * HOUR, ask: async () => {}, notify: () => {} },
        accounts: [
          {
            ...{ account: '1', mode: 'common' },
            gateway: {
              bill: async () => {
                asked.push({ worker: nth, atMs: clock.nowMs() })
                if (asked.length === 1) await bill.promise
                return refusal('NO_STATEMENT_EXIST')
              },
            },
          },
        ],
      })
    const both = [one(0), one(1)] as const
    await (stores[0] as Store).beginReconciliations({ account: '1', sub_mchid: null, date: DAY })
    for (const each of both) each.start()
    const end = async (nth: 0 | 1): Promise<void> => {
      ending[nth].abort(new Error('closed'))
      await both[nth].ended()
    }
    return { asked, bill, end }
  }

  /** Minute by minute; a statement on a real database has its time, too. */
  async function until(clock: VirtualClock, isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (let minutes = 0; minutes < 200 && !(await isSo()); minutes += 1) {
      await clock.advance(MINUTE)
      await setTimeout(database === 'SQLite' ? 0 : 30)
    }
    expect(await isSo()).toBe(true)
  }
  const kept = async () => (await (stores[0] as Store).reconciliations({}, ALL)).toReversed()

  const isFound = async (): Promise<boolean> => (await kept())[0]?.finds === 1

  it('a bill is asked for by one, however long it takes, and half an hour later by the other', async () => {
    const clock = new VirtualClock(DUE_MS)
    const { asked, bill, end } = await two(clock)
    await until(clock, isFound)
    const [first, second, ...more] = asked
    if (first === undefined || second === undefined) throw new Error('both have asked')
    expect(more).toEqual([])
    expect(second.worker).toBe(1 - first.worker)
    expect(second.atMs - first.atMs).toBeGreaterThanOrEqual(30 * MINUTE)
    // What comes so late changes nothing.
    const before = await kept()
    bill.resolve()
    for (const nth of [0, 1] as const) await end(nth)
    expect(await kept()).toEqual(before)
    expect(before).toMatchObject([{ date: DAY, finds: 1, failure: null }])
  })

  it('a process that ends while it waits for a bill leaves the day to the other at once', async () => {
    const clock = new VirtualClock(DUE_MS)
    const { asked, end } = await two(clock)
    await until(clock, () => asked.length === 1)
    const isFirst = asked[0]?.worker === 0
    const endedAtMs = clock.nowMs()
    await end(isFirst ? 0 : 1)
    await until(clock, isFound)
    expect(asked).toHaveLength(2)
    expect(Number(asked[1]?.atMs) - endedAtMs).toBeLessThan(20 * MINUTE)
    await end(isFirst ? 1 : 0)
  })
})

it('what was missed while nothing ran is caught up with, day by day', async () => {
  shop = await Shop.open()
  const first = await shop.verdict(DAILY)
  await paid(first, 'N1')
  await shop.clock.advance(HOUR)
  await shop.clock.during(first.close())
  await shop.clock.advance(3 * 24 * HOUR)
  await shop.verdict(DAILY)
  await shop.clock.advance(10 * MINUTE)
  expect(await days()).toEqual([agreed('2026-06-08', 1), agreed('2026-06-09', 0), agreed('2026-06-10', 0)])
})

it('a bill that does not come is asked for again after ten minutes, and why is kept and said at the third time', async () => {
  shop = await Shop.open()
  const said: string[] = []
  const verdict = await shop.verdict({ ...DAILY, notify: (message) => said.push(message) })
  await paid(verdict, 'N1')
  await shop.clock.advance(24 * HOUR)
  await shop.faults({ wrongSignature: 1 })
  await shop.clock.advance(45 * MINUTE)
  expect(await days()).toMatchObject([
    { date: '2026-06-08', tries: 2, failure: expect.stringContaining('in 4 attempts'), agreed: null },
  ])
  expect(said.filter((message) => message.includes('the bill of'))).toEqual([])
  await shop.clock.advance(30 * MINUTE)
  expect(said.filter((message) => message.includes('the bill of'))).toEqual([
    expect.stringMatching(
      /^1900000001: the bill of 2026-06-08 does not come, .* further: no bill that is signed/,
    ),
  ])
  expect(await verdict.bills()).toMatchObject([{ differing: 0 }])
  const [{ missingMs } = { missingMs: 0 }] = await verdict.bills()
  expect(Math.round(missingMs / MINUTE)).toBe(45)
  await shop.faults({})
  await shop.clock.advance(HOUR)
  expect(await days()).toEqual([agreed('2026-06-08', 1)])
  expect(await verdict.bills()).toMatchObject([{ missingMs: 0, differing: 0 }])
})

it('an order that nobody heard of is asked about, and the day agrees half an hour later', async () => {
  shop = await Shop.open()
  const deaf = await shop.verdict({ ...DAILY, between: losing(/out-trade-no/) })
  await paid(deaf, 'N1')
  await shop.clock.advance(24 * HOUR)
  await shop.clock.during(deaf.close())
  const said: string[] = []
  const verdict = await shop.verdict({ ...DAILY, notify: (message) => said.push(message) })
  await shop.clock.advance(32 * MINUTE)
  expect(await days()).toMatchObject([{ finds: 1, differing: { order_open: 1 } }])
  expect(await verdict.bills()).toMatchObject([{ missingMs: 0, differing: 1 }])
  const { state } = await verdict.settled({ out_trade_no: 'N1' }, { waitMs: 1 })
  expect(state).toBe('SUCCESS')
  await shop.clock.advance(31 * MINUTE)
  expect(await days()).toEqual([agreed('2026-06-08', 1, 2)])
  expect(await verdict.bills()).toMatchObject([{ differing: 0 }])
  expect(said.filter((message) => message.includes('bill'))).toEqual([
    expect.stringMatching(/0 of 1 lines agree; it differs: 1 order_open; 1 asked about, and looked at again/),
    expect.stringMatching(/1 of 1 lines agree$/),
  ])
})

it('what somebody asked for is kept too, and leaves the morning to do', async () => {
  shop = await Shop.open()
  const verdict = await shop.verdict(DAILY)
  await paid(verdict, 'N1')
  await shop.clock.advance(23.5 * HOUR)
  const asking = verdict.reconcile({ date: '2026-06-08' })
  await shop.clock.advance(MINUTE)
  const found = await asking
  expect(await shop.store.reconciliation(found)).toEqual(found)
  expect(await days()).toEqual([agreed('2026-06-08', 1, 0)])
  await shop.clock.advance(HOUR)
  expect(await days()).toEqual([agreed('2026-06-08', 1)])
})

it('a store that fails for a while is said once, and the day is done afterwards', async () => {
  shop = await Shop.open()
  const store = await sqliteStore({ file: ':memory:' })
  let fails = false
  const failing = new Proxy(store, {
    get: (target, name) => {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (fails && name === 'reconciliations') return () => Promise.reject(new Error('the disk is away'))
      return value.bind(target)
    },
  })
  const said: string[] = []
  const verdict = await shop.verdict({ ...DAILY, store: failing, notify: (message) => said.push(message) })
  await shop.clock.advance(24 * HOUR)
  fails = true
  await shop.clock.advance(HOUR)
  expect(said).toEqual(['reconciling failed, and goes on within minutes: the disk is away'])
  fails = false
  await shop.clock.advance(5 * MINUTE)
  expect(await store.reconciliations({}, ALL)).toMatchObject([
    { date: '2026-06-08', finds: 1, failure: null },
  ])
  await shop.clock.during(verdict.close())
  await store.close()
})

it('an ending Verdict ends what it was reconciling, and the next one takes it up', async () => {
  shop = await Shop.open()
  const stuck = await shop.verdict({
    ...DAILY,
    between: (transport) => (request) =>
      request.path.includes('/statements') ? new Promise(() => {}) : transport(request),
  })
  await paid(stuck, 'N1')
  await shop.clock.advance(25 * HOUR)
  await shop.clock.during(stuck.close())
  expect(await days()).toEqual([untried('2026-06-08')])
  await shop.verdict(DAILY)
  await shop.clock.advance(2 * MINUTE)
  expect(await days()).toEqual([agreed('2026-06-08', 1)])
})

it('a time of the day that is none is refused, and nothing is opened', async () => {
  shop = await Shop.open()
  await expect(shop.verdict({ options: { reconcileAt: '08:00' } })).rejects.toMatchObject({
    ...{ code: 'OPTION_INVALID', message: expect.stringContaining('reconcileAt is "08:00"') },
  })
})
