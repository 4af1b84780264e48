import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { readPostgresStore } from '../../src/store/postgres/index.ts'
import { newTestDatabase } from '../support/postgres.ts'
import { isAlive, resultOf, run, start, until } from './cli.ts'

const LONG_MS = 240_000

interface Team {
  readonly workers: number
  readonly workersKilled: number
  readonly workersStopped: number
  readonly databaseRestarts: number
  readonly budgets: Readonly<Record<string, unknown>>
  readonly budgetsExceeded: number
}

/** The processes of Verdict that a demo started. */
function workersOf(demo: number | undefined): readonly number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n')
  const processes = lines.map((line) => line.trim().split(/\s+/))
  return processes
    .filter(([, parent, ...args]) => Number(parent) === demo && args.includes('demo-worker'))
    .map(([pid]) => Number(pid))
}

describe.concurrent('verdict demo --store postgres', () => {
  it('with workers that are killed, and a database that crashes: no order is open, wrong or untold', {
    timeout: LONG_MS,
  }, async () => {
    const ended = await run(
      ...['demo', '--once', '--json', '--store', 'postgres', '--workers', '3', '--chaos'],
      ...['--orders', '30', '--seed', '5', '--faults', 'harsh'],
    )
    expect(ended.stderr).not.toContain('wrong:')
    expect(ended).toMatchObject({ code: 0, signal: null })
    const { team, ...result } = resultOf(ended)
    expect(result).toMatchObject({
      orders: 30,
      open: 0,
      wrong: 0,
      quickPaySentTwice: 0,
      deliveriesMissing: 0,
    })
    const { workers, workersKilled, databaseRestarts, budgets, budgetsExceeded } = team as Team
    expect({ workers, budgetsExceeded }).toEqual({ workers: 3, budgetsExceeded: 0 })
    expect(workersKilled).toBeGreaterThan(2)
    expect(databaseRestarts).toBeGreaterThan(0)
    expect(Object.keys(budgets).join()).toContain('query')
  })

  it('killed, it leaves no worker behind', { timeout: LONG_MS }, async () => {
    const { url, drop } = await newTestDatabase()
    const demo = start('demo', '--once', '--orders', '20', '--seed', '5', '--workers', '2', '--store', url)
    await demo.heard(/orders: \d+ open/)
    const workers = workersOf(demo.process.pid)
    expect(workers).toHaveLength(2)
    demo.process.kill('SIGKILL')
    await demo.ended
    await until(() => !workers.some(isAlive))
    await drop()
  })

  it('in one process, on a server that is there; its orders can be looked at', {
    timeout: LONG_MS,
  }, async () => {
    const { url, drop } = await newTestDatabase()
    const small = ['--orders', '10', '--seed', '883', '--faults', 'mild']
    const ended = await run('demo', '--once', '--json', '--store', url, ...small)
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stderr).not.toContain(new URL(url).password)
    expect(resultOf(ended)).toMatchObject({ orders: 10, open: 0, wrong: 0, team: null })

    const store = await readPostgresStore({ url })
    const [order] = (await store.page(0, 100)).filter(({ state }) => state === 'SUCCESS')
    await store.close()
    const number = order?.out_trade_no ?? ''
    const shown = await run('order', number, '--store', url, '--json')
    expect(JSON.parse(shown.stdout)).toMatchObject({ order: { out_trade_no: number, state: 'SUCCESS' } })
    const archived = await run('archive', '--store', url, '--before', '2100-01', '--json')
    expect(JSON.parse(archived.stdout)).toEqual({ moved: 10 })
    const gone = await run('order', number, '--store', url)
    expect(gone).toMatchObject({ code: 2, stderr: expect.stringContaining('ORDER_UNKNOWN') })
    expect(await run('archive', '--store', 'verdict.db', '--before', '2026-05')).toMatchObject({ code: 2 })
    expect(await run('archive', '--store', url, '--before', 'May')).toMatchObject({ code: 2 })
    await run('demo', '--once', '--orders', '1', '--seed', '883', '--faults', 'none', '--store', url)
    const mixed = await run('demo', '--once', '--store', url)
    expect(mixed).toMatchObject({ code: 2, stderr: expect.stringContaining('orders that no demo placed') })
    await drop()
  })

  it.each([
    [['--workers', '2'], 'store'],
    [['--workers', '0', '--store', 'postgres'], 'workers'],
    [['--chaos', '--store', 'postgres'], 'workers'],
    [['--store', 'postgres://nobody@127.0.0.1:1/nothing'], 'ECONNREFUSED'],
  ])('refuses %j', async (flags, named) => {
    const ended = await run('demo', '--once', ...flags)
    expect(ended.stderr).toContain(named)
    expect(ended.code).not.toBe(0)
  })
})
