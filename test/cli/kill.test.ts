import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSqliteStore } from '../../src/store/sqlite/index.ts'
import { type Ended, folder, isAlive, resultOf, type Started, start, until } from './cli.ts'

const ORDERS = 60
const LONG_MS = 240_000

function begin(store: string): Started {
  const run = ['--once', '--json', '--orders', String(ORDERS), '--seed', '11', '--faults', 'harsh']
  return start('demo', ...run, '--speed', '120', '--store', store)
}

/** As a user would start it again: with the same store, and nothing else. */
function again(store: string): Started {
  return start('demo', '--once', '--json', '--store', store)
}

/** Resolves in the middle of the run, with the simulator's process. */
async function middle(demo: Started, store: string): Promise<number> {
  const [, pid] = await demo.heard(/by process (\d+)/)
  await until(async () => (await placedIn(store)) >= ORDERS / 3)
  return Number(pid)
}

async function placedIn(file: string): Promise<number> {
  const store = await readSqliteStore({ file })
  const orders = await store.page(0, 1_000)
  await store.close()
  return orders.length
}

async function expectAllFinished(ended: Ended, file: string): Promise<void> {
  expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null })
  expect(resultOf(ended)).toMatchObject({ orders: ORDERS, open: 0, wrong: 0 })
  const store = await readSqliteStore({ file })
  for (const { kind, out_trade_no, placings } of await store.page(0, 1_000))
    if (kind === 'quick_pay') expect(placings, out_trade_no).toBeLessThanOrEqual(1)
  await store.close()
}

describe.concurrent('SIGKILL in the middle of a run', () => {
  it('of Verdict: its simulator ends by itself, and a second start finishes the same orders', {
    timeout: LONG_MS,
  }, async () => {
    const store = join(folder(), 'verdict.db')
    const demo = begin(store)
    const simulator = await middle(demo, store)
    demo.process.kill('SIGKILL')
    const { signal } = await demo.ended
    expect(signal).toBe('SIGKILL')
    await until(() => !isAlive(simulator))
    await expectAllFinished(await again(store).ended, store)
  })

  it('of the simulator: it is started again with the same truth', { timeout: LONG_MS }, async () => {
    const store = join(folder(), 'verdict.db')
    const demo = begin(store)
    process.kill(await middle(demo, store), 'SIGKILL')
    await demo.heard(/simulator died \(SIGKILL\); it is started again/)
    await expectAllFinished(await demo.ended, store)
  })

  it('of both: a second start, made at once, finishes the same orders', { timeout: LONG_MS }, async () => {
    const store = join(folder(), 'verdict.db')
    const demo = begin(store)
    const simulator = await middle(demo, store)
    process.kill(simulator, 'SIGKILL')
    demo.process.kill('SIGKILL')
    await expectAllFinished(await again(store).ended, store)
  })

  it('of neither: a second start beside the first waits, and is told who has the store', {
    timeout: LONG_MS,
  }, async () => {
    const store = join(folder(), 'verdict.db')
    const demo = begin(store)
    await middle(demo, store)
    const second = again(store)
    await second.heard(/in use by process \d+.*waiting for it to end/)
    demo.process.kill('SIGTERM')
    expect(await demo.ended).toMatchObject({ code: 143 })
    await expectAllFinished(await second.ended, store)
  })
})
