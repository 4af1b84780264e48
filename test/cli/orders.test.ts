import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { STOPPED_MS } from '../../src/core/order.ts'
import type { Reconciliation } from '../../src/reconcile/report.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import type { BilledDay, TriedReconciliation } from '../../src/store/reconciliations.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { Store } from '../../src/store/store.ts'
import {
  ACCOUNT,
  applied,
  attempt,
  dueDeliveries,
  enterFree,
  evidence,
  nextOf,
  settled,
  T0,
  tell,
} from '../../src/store/testing.ts'
import { newTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { type Ended, folder, run } from './cli.ts'

const HOUR_MS = 3_600_000
const OTHER = '1900000002'
const FAILED = { state: 'failed', why: 'answered 410' } as const
const LATER = { state: 'pending', dueAtMs: T0 + 5_000, why: 'answered 500' } as const

/** A day that differs, the one before it, which failed, and one of a sub-merchant that agrees. */
async function fillBills(store: Store): Promise<void> {
  const day = (date: string, sub_mchid: string | null = null) => ({ account: ACCOUNT, sub_mchid, date })
  const found = (at: BilledDay, differing: Reconciliation['differing']): Reconciliation => ({
    ...{ ...at, bill: null, lines: { payment: 3, refund: 2, reversal: 1 }, agreed: 4 },
    ...{ differing, differences: [], asked: 0 },
  })
  const keep = async (at: BilledDay, outcome: TriedReconciliation['outcome']): Promise<void> => {
    const claim = { worker: 'w', nowMs: T0, untilMs: T0 + 1, triedAtMs: null }
    await store.claimReconciliation({ ...at, ...claim })
    await store.keepReconciliation({ ...at, atMs: T0, worker: 'w', outcome })
  }
  const [failed, differs] = [day('2025-06-14'), day('2025-06-15')]
  await store.beginReconciliations(day('2025-06-16'))
  await keep(failed, { failure: 'WeChat Pay refuses the bill with NO_AUTH' })
  await keep(differs, { found: found(differs, { unknown_refund: 1, twice: 2 }) })
  const sub = day('2025-06-13', '1900000007')
  await keep(sub, { found: found(sub, {}) })
}

/** Orders of each sort, in the sequence of entering. */
async function fill(store: Store): Promise<void> {
  const soonMs = systemClock.nowMs() + HOUR_MS
  const [, , , odd] = await enterFree(store, [
    { out_trade_no: 'HALT', dueAtMs: STOPPED_MS },
    { out_trade_no: 'LATE', dueAtMs: T0, total: 1_234 },
    { out_trade_no: 'SOON', dueAtMs: soonMs, account: OTHER, sub_mchid: '1900000007' },
    { out_trade_no: 'ODD', dueAtMs: soonMs, attention: 'amount_mismatch' },
    { out_trade_no: 'NEW', dueAtMs: soonMs, state: 'placing' },
  ])
  const states = {
    trade_state: 'SUCCESS',
    mchid: ACCOUNT,
    out_trade_no: 'ODD',
    amount: { total: 100, currency: 'CNY' },
  }
  const marked = nextOf(odd, { dueAtMs: soonMs })
  const change = {
    ...marked,
    order: { ...marked.order, attention: odd.attention },
    evidence: [evidence({ body: JSON.stringify(states) })],
  }
  await applied(store, { change })
  const paid = await settled(store, 'SUCCESS', { out_trade_no: 'PAID' })
  const { order, deliveries } = await tell(store, paid, [{}, { target: 'books' }, {}])
  await settled(store, 'CLOSED', { out_trade_no: 'SHUT' })
  const [shop, books] = deliveries
  if (shop === undefined || books === undefined) throw new Error('expected the messages')
  for (const target of ['shop', 'books']) await store.claimDeliveries(dueDeliveries({ target }))
  await store.finishDeliveries([
    attempt({ id: shop.id }, { outcome: LATER }),
    attempt({ id: books.id }, { outcome: FAILED, attempts: 11 }),
  ])
  expect(order.out_trade_no).toBe('PAID')
}

let stores: ReadonlyArray<{ readonly name: string; readonly held: Store }>
let database: TestDatabase

beforeAll(async () => {
  database = await newTestDatabase()
  const file = join(folder(), 'verdict.db')
  // They stay open: the commands read beside their owners.
  stores = [
    { name: file, held: await sqliteStore({ file }) },
    { name: database.url, held: await postgresStore({ url: database.url }) },
  ]
  for (const { held } of stores) {
    await fill(held)
    await fillBills(held)
  }
})

afterAll(async () => {
  for (const { held } of stores) await held.close()
  await database.drop()
})

const inStore = (nth: number, ...args: readonly string[]): Promise<Ended> =>
  run(...args, '--store', stores[nth]?.name ?? '')

function lines({ code, stdout }: Ended): string[] {
  expect(code).toBe(0)
  return stdout.split('\n').filter((line) => line !== '')
}

async function numbers(nth: number, ...flags: readonly string[]): Promise<string[]> {
  const ended = await inStore(nth, 'orders', '--json', ...flags)
  return lines(ended).map((line) => JSON.parse(line).out_trade_no)
}

describe.each([
  ['SQLite', 0],
  ['PostgreSQL', 1],
])('beside the owner of a store on %s', (_, nth) => {
  it('verdict orders lists by what is asked, the newest first', async () => {
    expect(await numbers(nth)).toEqual(['SHUT', 'PAID', 'NEW', 'ODD', 'SOON', 'LATE', 'HALT'])
    expect(await numbers(nth, '--open', '--account', ACCOUNT)).toEqual(['NEW', 'ODD', 'LATE', 'HALT'])
    expect(await numbers(nth, '--open', '--overdue')).toEqual(['LATE'])
    expect(await numbers(nth, '--attention')).toEqual(['ODD'])
    expect(await numbers(nth, '--stopped')).toEqual(['HALT'])
    expect(await numbers(nth, '--state', 'SUCCESS,placing')).toEqual(['PAID', 'NEW'])
  })

  it('verdict bills shows the days that were held against bills, the latest first', async () => {
    const [head, ...rows] = lines(await inStore(nth, 'bills'))
    expect(head).toMatch(/^ {2}day +account +lines +agree +looked at, UTC\+8 +what differs$/)
    expect(rows).toEqual([
      expect.stringMatching(/2025-06-16 +1900000001 +not looked at yet$/),
      expect.stringMatching(/2025-06-15 +1900000001 +6 +4 +2025-06-15 \S+ +1 unknown_refund, 2 twice$/),
      expect.stringMatching(/2025-06-14 +1900000001 +2025-\S+ \S+ +failed: WeChat Pay refuses .* NO_AUTH$/),
      expect.stringMatching(/2025-06-13 +1900000001\/1900000007 +6 +4 +2025-\S+ \S+ +nothing$/),
    ])
    const [one] = lines(await inStore(nth, 'bills', '--json', '--limit', '1', '--account', ACCOUNT))
    expect(JSON.parse(one ?? '')).toMatchObject({ date: '2025-06-16', tries: 0, found: null })
    expect(lines(await inStore(nth, 'bills', '--account', OTHER))).toEqual([])
  })

  it('verdict deliveries shows what your system has not got, the failed ones first', async () => {
    const [head, ...rows] = lines(await inStore(nth, 'deliveries'))
    expect(head).toMatch(/^ {2}id +written, UTC\+8 +order +message +target +what became of it$/)
    expect(rows).toEqual([
      expect.stringMatching(
        /1900000001\/PAID +order\.verdict +books +failed after 11 attempts: answered 410$/,
      ),
      expect.stringMatching(/ shop +again 2025-06-15 23:06:45\.000: answered 500$/),
      expect.stringMatching(/ shop +waits for the one before it$/),
    ])
    const failed = lines(await inStore(nth, 'deliveries', '--failed', '--json'))
    expect(failed.map((line) => JSON.parse(line))).toMatchObject([
      { target: 'books', state: 'failed', why: 'answered 410', order: { out_trade_no: 'PAID' } },
    ])
    const ended = await inStore(nth, 'deliveries', '--limit', '1')
    expect(lines(ended)).toHaveLength(2)
    expect(ended.stderr).toMatch(/more than 1; --limit shows more/)
  })
})

it('verdict orders is a table for people, which says what is late and what needs them', async () => {
  const [head, ...rows] = lines(await inStore(0, 'orders', '--open'))
  expect(head).toMatch(/^ {2}entered, UTC\+8 +order +amount +kind +state +next$/)
  expect(rows).toEqual([
    expect.stringMatching(/1900000001\/NEW +HKD 1\.00 +native +placing +due \d{4}-/),
    expect.stringMatching(/1900000001\/ODD .* waiting +due \d{4}.+; needs attention: amount_mismatch$/),
    expect.stringMatching(/1900000002\/1900000007\/SOON /),
    expect.stringMatching(/1900000001\/LATE +HKD 12\.34 +native +waiting +overdue for \d+ h/),
    expect.stringMatching(/1900000001\/HALT .* waiting +stopped$/),
  ])
  expect(lines(await inStore(0, 'orders', '--state', 'SUCCESS'))[1]).toMatch(/ SUCCESS +settled 2025-/)
})

it('verdict attention says of each what it means', async () => {
  const rows = lines(await inStore(0, 'attention'))
  expect(rows).toHaveLength(2)
  expect(rows[1]).toMatch(
    /1900000001\/ODD .* amount_mismatch +accept_evidence \(CNY 1\.00: --amount 100CNY\), stop_tracking +WeChat Pay signed another/,
  )
  const [line = ''] = lines(await inStore(0, 'attention', '--json', '--account', ACCOUNT))
  expect(JSON.parse(line)).toMatchObject({
    attention: 'amount_mismatch',
    amountToAccept: { total: 100, currency: 'CNY' },
    means: expect.any(String),
  })
  const none = await inStore(0, 'attention', '--account', OTHER)
  expect(none).toEqual({ code: 0, signal: null, stdout: '', stderr: 'there is none\n' })
})

describe('a limit', () => {
  it('is kept, and it is said that there are more', async () => {
    const ended = await inStore(0, 'orders', '--limit', '2', '--json')
    expect(lines(ended)).toHaveLength(2)
    expect(ended.stderr).toBe('there are more than 2; --limit shows more\n')
    expect((await inStore(0, 'orders', '--limit', '7')).stderr).toBe('')
  })

  it('lets a list be longer than a page', async () => {
    const file = join(folder(), 'verdict.db')
    const store = await sqliteStore({ file })
    const sketches = Array.from({ length: 450 }, (__, i) => ({ out_trade_no: `M${i}` }))
    await enterFree(store, sketches)
    await store.close()
    const listed = lines(await run('orders', '--store', file, '--limit', '449', '--json'))
    const expected = sketches
      .map(({ out_trade_no }) => out_trade_no)
      .toReversed()
      .slice(0, 449)
    expect(listed.map((line) => JSON.parse(line).out_trade_no)).toEqual(expected)
  })
})

describe('is refused in one sentence', () => {
  it.each([
    ['a limit of none', ['orders', '--limit', '0'], /--limit is 0; expected a whole number from 1 to 100000/],
    ['half a limit', ['deliveries', '--limit', '1.5'], /--limit is 1\.5; expected/],
    ['a state that is none', ['orders', '--state', 'PAID'], /--state is PAID; expected one of placing, /],
  ])('%s', async (__, args, expected) => {
    const ended = await inStore(0, ...args)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(expected)
    expect(ended.stderr).toMatch(/\(OPTION_INVALID\)\n$/)
  })

  it('a store that is not there', async () => {
    for (const command of ['orders', 'attention', 'deliveries', 'bills'])
      expect(await run(command, '--store', join(folder(), 'none.db'))).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('(STORE_INVALID)'),
      })
  })
})
