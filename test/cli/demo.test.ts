import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { readSqliteStore } from '../../src/store/sqlite/index.ts'
import { folder, isAlive, resultOf, run, start, until } from './cli.ts'

const ORDERS = 60
/** Wherever a busy machine makes one order unpaid, its 15 minutes go by: that is no failure. */
const LONG_MS = 480_000
/** Ten orders of which none waits for its 15 minutes, and no customer acts near the end of a window. */
const SMALL = ['--orders', '10', '--seed', '883', '--speed', '20']

/** What the simulator drew for each customer whose order exists, from its own file, sorted by number. */
function plansIn(store: string): Map<string, string> {
  const db = new DatabaseSync(`${store}.wechatpay/truth.db`, { readOnly: true })
  const rows = db.prepare("SELECT value FROM facts WHERE map = 'orders'").all()
  db.close()
  const plans = rows.map(({ value }): [string, string] => {
    const { out_trade_no, plan } = JSON.parse(String(value))
    return [out_trade_no, JSON.stringify(plan)]
  })
  return new Map(plans.toSorted())
}

/** What the one says about the orders that are in both. */
function inBoth(one: Map<string, string>, other: Map<string, string>): Array<[string, string]> {
  return [...one].filter(([number]) => other.has(number))
}

async function verdictsIn(file: string): Promise<Map<string, string>> {
  const store = await readSqliteStore({ file })
  const orders = await store.page(0, 1_000)
  await store.close()
  const states = orders.map(({ out_trade_no, state }) => [out_trade_no, state] as const)
  return new Map(states.toSorted())
}

describe.concurrent('verdict demo --once', () => {
  const stores = { big: '', calm: '', again: '', harsh: '' }
  const big = once('big', '--orders', String(ORDERS), '--seed', '7', '--faults', 'harsh', '--speed', '30')
  // After it: too many at once, and the calls no longer fit into the compressed time.
  const small = big.then(() =>
    Promise.all([
      once('calm', ...SMALL, '--faults', 'none'),
      once('again', ...SMALL, '--faults', 'none'),
      once('harsh', ...SMALL, '--faults', 'harsh'),
    ]),
  )

  function once(name: keyof typeof stores, ...more: string[]) {
    stores[name] = join(folder(), 'made', 'by', 'it', 'verdict.db')
    return run('demo', '--once', '--json', ...more, '--store', stores[name])
  }

  it('finishes every order at harsh faults, none wrong, and says so in one line of JSON', {
    timeout: LONG_MS,
  }, async () => {
    const ended = await big
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1)
    expect(ended.stderr).toMatch(/60 orders: \d+ open, SUCCESS \d+/)
    const { verdicts, timeToVerdictMs, ...result } = resultOf(ended)
    expect(result).toMatchObject({ orders: ORDERS, open: 0, wrong: 0, seed: 7, speed: 30 })
    const counts = verdicts as Record<string, number>
    expect(Object.keys(counts)).toEqual(['SUCCESS', 'CLOSED', 'REVOKED', 'NOT_CREATED'])
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(ORDERS)
    expect(result.queries).toBeGreaterThan(ORDERS)
    expect(result.noAnswers).toBeGreaterThan(0)
    expect(result.refunds).toMatchObject({ open: 0, wrong: 0, refused: 0 })
    const { requested, success, closed } = result.refunds as Record<string, number>
    expect(requested).toBeGreaterThan(0)
    expect(success).toBe((requested ?? 0) - (closed ?? 0))
    const {
      received = 0,
      applied = 0,
      repeated = 0,
      refused = 0,
      hints = 0,
    } = result.callbacks as Record<string, number>
    expect(applied).toBeGreaterThan(0)
    expect(applied + repeated + refused).toBeLessThanOrEqual(received)
    expect(hints).toBeLessThanOrEqual(refused)
    expect(result.deliveries).toMatchObject({ failed: 0, pending: 0 })
    expect((result.deliveries as { sent: number }).sent).toBeGreaterThanOrEqual(ORDERS)
    const { expected, actual } = result.money as { expected: number; actual: number }
    expect(actual).toBe(expected)
    expect(actual).toBeGreaterThan(0)
    const { payments, refunds, reversals, agreed, differing } = result.bills as Record<string, number>
    expect({ agreed, differing }).toEqual({
      agreed: Number(payments) + Number(refunds) + Number(reversals),
      differing: 0,
    })
    // Every verdict SUCCESS has its line, and so has late money.
    expect(payments).toBeGreaterThanOrEqual(Number(counts.SUCCESS))
    const { p50 = 0, p95 = 0, p99 = 0 } = timeToVerdictMs as Record<string, number>
    expect(p50).toBeGreaterThan(1_000)
    expect(p95).toBeGreaterThanOrEqual(p50)
    expect(p99).toBeGreaterThanOrEqual(p95)
    // Simulated time: an unpaid order takes its 15 minutes.
    expect(p99).toBeGreaterThan(900_000)
    expect(result.ordersWithFault).toBeGreaterThanOrEqual(ORDERS / 3)
    const struck = Object.values(result.faults as Record<string, number>)
    expect(struck.filter((times) => times > 0).length).toBeGreaterThan(5)
  })

  // An order whose placing couldn't leave in time, on a busy machine, has no customer.
  it('draws the same customers from a seed, whatever the faults', { timeout: LONG_MS }, async () => {
    expect((await small).map(({ code }) => code)).toEqual([0, 0, 0])
    const [calm, again, harsh] = [plansIn(stores.calm), plansIn(stores.again), plansIn(stores.harsh)]
    expect(inBoth(again, calm)).toEqual(inBoth(calm, again))
    expect(inBoth(harsh, calm)).toEqual(inBoth(calm, harsh))
    expect(inBoth(harsh, calm).length).toBeGreaterThan(3)
  })

  it('gives every order the same verdict for a seed, without faults', { timeout: LONG_MS }, async () => {
    await small
    const placed = inBoth(plansIn(stores.calm), plansIn(stores.again)).map(([number]) => number)
    const [calm, again] = [await verdictsIn(stores.calm), await verdictsIn(stores.again)]
    expect(placed.map((number) => again.get(number))).toEqual(placed.map((number) => calm.get(number)))
    expect(placed.length).toBeGreaterThan(2)
  })
})

describe('verdict demo', () => {
  it('stays up, is looked at beside, and ends in order when it is told to', {
    timeout: LONG_MS,
  }, async () => {
    const store = join(folder(), 'verdict.db')
    const live = start('demo', '--seed', '3', '--faults', 'none', '--speed', '30', '--store', store)
    const [, pid] = await live.heard(/by process (\d+)/)
    const [, site] = await live.heard(/look at it: (\S+),/)
    await live.heard(/\d+ orders: \d+ open/)
    expect(await (await fetch(`${site}v1/session`)).json()).toMatchObject({ name: 'demo', role: 'admin' })
    expect(await (await fetch(`${site}demo/now`)).json()).toMatchObject({ speed: 30, sale: null })
    const shown = await run('order', 'S3-000000', '--store', store)
    expect(shown).toMatchObject({ code: 0 })
    expect(shown.stdout).toMatch(/accepted from the merchant/)
    // As a terminal and npm do it together.
    live.process.kill('SIGINT')
    live.process.kill('SIGINT')
    const { code, stdout, stderr } = await live.ended
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(stderr).not.toMatch(/died| at .*\.ts:/)
    expect(isAlive(Number(pid))).toBe(false)
    expect(existsSync(`${store}-wal`)).toBe(false)
  })

  it('ends in order on SIGTERM, too', { timeout: LONG_MS }, async () => {
    const once = start('demo', '--once', '--speed', '30', '--store', join(folder(), 'verdict.db'))
    const [, pid] = await once.heard(/by process (\d+)/)
    once.process.kill('SIGTERM')
    expect(await once.ended).toMatchObject({ code: 143, stdout: '' })
    await until(() => !isAlive(Number(pid)))
  })
})
