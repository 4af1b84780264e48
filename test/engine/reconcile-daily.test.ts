import { afterEach, expect, it } from 'vitest'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { Verdict } from '../../src/verdict.ts'
import { hkd, orderOf, Shop } from '../support/shop.ts'
import { losing } from '../support/watched.ts'

/** The bill of each day, by itself on the next morning. The shop opens on the 8th at 10:00 Beijing time. */
let shop: Shop
afterEach(() => shop.close())

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
  return kept.toReversed().map(({ date, tries, failure, found }) => ({
    ...{ date, tries, failure, agreed: found?.agreed ?? null, differing: found?.differing ?? null },
  }))
}

const agreed = (date: string, lines: number, tries = 1) => ({
  ...{ date, tries, failure: null, agreed: lines, differing: {} },
})
const untried = (date: string) => ({ date, tries: 0, failure: null, agreed: null, differing: null })

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

it('two processes ask for a bill once; twin: one that is not to follow orders asks for none', async () => {
  shop = await Shop.open()
  const asked: string[] = []
  const between: Parameters<Shop['verdict']>[0] = {
    between: (transport) => async (request) => {
      if (request.path.includes('/statements')) asked.push(request.path)
      return transport(request)
    },
  }
  await shop.verdict({ ...between, options: { reconcileAt: '10:30', start: false } })
  await shop.clock.advance(25 * HOUR)
  expect(await days()).toEqual([])
  await shop.verdict({ ...between, ...DAILY })
  await shop.verdict({ ...between, ...DAILY })
  await shop.clock.advance(25 * HOUR)
  expect(await days()).toMatchObject([{ date: '2026-06-09', tries: 1, failure: null }])
  expect(asked).toHaveLength(1)
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

it('a bill that does not come is asked for again after ten minutes, and why is kept and said once', async () => {
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
  expect(said.filter((message) => message.includes('the bill of'))).toEqual([
    expect.stringMatching(/^1900000001: the bill of 2026-06-08 is asked for again later: no bill/),
  ])
  await shop.faults({})
  await shop.clock.advance(HOUR)
  expect(await days()).toEqual([agreed('2026-06-08', 1, 3)])
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
  expect(await days()).toMatchObject([{ tries: 1, differing: { order_open: 1 } }])
  const { state } = await verdict.settled({ out_trade_no: 'N1' }, { waitMs: 1 })
  expect(state).toBe('SUCCESS')
  await shop.clock.advance(31 * MINUTE)
  expect(await days()).toEqual([agreed('2026-06-08', 1, 2)])
  expect(said.filter((message) => message.includes('bill'))).toEqual([
    expect.stringMatching(/0 of 1 lines agree; it differs: 1 order_open; 1 asked about, and looked at again/),
    expect.stringMatching(/1 of 1 lines agree$/),
  ])
})

it('what somebody asked for is kept too, and leaves the morning to do', async () => {
  shop = await Shop.open()
  const verdict = await shop.verdict(DAILY)
  await paid(verdict, 'N1')
  await shop.clock.advance(24 * HOUR)
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
    { date: '2026-06-08', tries: 1, failure: null },
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
  await shop.clock.advance(25 * MINUTE)
  expect(await days()).toEqual([agreed('2026-06-08', 1)])
})

it('a time of the day that is none is refused, and nothing is opened', async () => {
  shop = await Shop.open()
  await expect(shop.verdict({ options: { reconcileAt: '08:00' } })).rejects.toMatchObject({
    ...{ code: 'OPTION_INVALID', message: expect.stringContaining('reconcileAt is "08:00"') },
  })
})
