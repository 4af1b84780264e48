import { describe, expect, it } from 'vitest'
import { Checker } from '../../src/simulation/checker/checker.ts'
import { planOf } from '../../src/simulation/plan.ts'
import { runSeed } from '../../src/simulation/run-seed.ts'
import { openWorld, START_MS, type World } from '../../src/simulation/world.ts'
import { running } from './world.ts'

/** A world that has run for some minutes without a finding, so that somebody can meddle with it. */
async function halfway(seed: number): Promise<{ world: World; checker: Checker }> {
  const { credentials, mac: cryptography } = await running(seed)
  const checkers: Checker[] = []
  const world = await openWorld({
    plan: planOf(seed, 30),
    credentials,
    cryptography,
    witness: (parts) => {
      const checker = new Checker(parts)
      checkers.push(checker)
      return checker
    },
  })
  const [checker] = checkers as [Checker]
  while (world.clock.nextAtMs < START_MS + 400_000) {
    await world.clock.step()
    await checker.check()
  }
  expect(checker.findings.first).toBeNull()
  return { world, checker }
}

const PAID = `(SELECT order_id FROM verdicts WHERE state = 'SUCCESS' LIMIT 1)`

it.each([
  [
    'a verdict that falls',
    `UPDATE orders SET state = 'CLOSED', version = version + 1 WHERE id = ${PAID}`,
    'a verdict never falls',
  ],
  [
    'a verdict that is rewritten',
    `UPDATE verdicts SET state = 'CLOSED' WHERE order_id = ${PAID}`,
    'a verdict never falls',
  ],
  [
    'a change over another',
    `UPDATE orders SET version = version WHERE id = ${PAID}`,
    'a change is decided on what is stored',
  ],
  [
    'a verdict out of nothing',
    `UPDATE orders SET state = 'SUCCESS', version = version + 1 WHERE id = (SELECT id FROM orders WHERE state = 'waiting' LIMIT 1)`,
    'no verdict without evidence',
  ],
  [
    'evidence that nobody signed',
    `INSERT INTO evidence (order_id, source, request, status, serial, timestamp, nonce, signature, body, received_at)
     SELECT order_id, source, request, status, serial, timestamp, nonce, signature, body || ' ', received_at FROM evidence LIMIT 1`,
    'evidence verifies',
  ],
  ['verdicts that are gone', 'DELETE FROM verdicts', 'a verdict never falls'],
])('sees %s', async (_, sql, rule) => {
  const { world, checker } = await halfway(10)
  world.db.exec(sql)
  checker.touched()
  await checker.check()
  expect(checker.findings.first?.rule).toBe(rule)
  world.close()
})

/** A process sends this now. */
function send({ world, checker }: Awaited<ReturnType<typeof halfway>>, method: 'GET' | 'POST', path: string) {
  const [worker] = world.processes.alive
  const timestamp = Math.floor(world.clock.nowMs() / 1_000)
  checker.left(
    {
      origin: 'http://localhost',
      method,
      path: `/v3/global/transactions/out-trade-no/${path}`,
      headers: ['authorization', `mchid="1900000001",timestamp="${timestamp}"`],
      body: method === 'GET' ? '' : '{}',
      notAfterMs: 0,
      connectTimeoutMs: 0,
      readTimeoutMs: 0,
    },
    (worker as NonNullable<typeof worker>).life,
  )
}

it('sees a close that leaves without an intent', async () => {
  const halfDone = await halfway(10)
  const { world, checker } = halfDone
  const order = world.db.prepare(`SELECT out_trade_no FROM orders WHERE kind = 'native' LIMIT 1`).get()
  send(halfDone, 'POST', `${order?.out_trade_no}/close`)
  expect(checker.findings.all.map(({ rule }) => rule)).toContain('intent before effect')
  world.close()
})

describe('two queries at once', () => {
  const twice = async (between: (world: World, id: number) => void): Promise<readonly string[]> => {
    const halfDone = await halfway(10)
    const { world, checker } = halfDone
    const order = world.db
      .prepare(`SELECT id, out_trade_no FROM orders WHERE state = 'waiting' AND attention IS NULL LIMIT 1`)
      .get()
    send(halfDone, 'GET', `${order?.out_trade_no}?mchid=1900000001`)
    between(world, Number(order?.id))
    send(halfDone, 'GET', `${order?.out_trade_no}?mchid=1900000001`)
    world.close()
    return checker.findings.all.map(({ rule }) => rule)
  }
  /** A call is written about which came to its end now. */
  const heard = (tookMs: number) => (world: World, id: number) =>
    world.db
      .prepare(
        `INSERT INTO journal SELECT id, version + 1, 0, ?, 'no-answer', 'query', 'timeout', NULL, ? FROM orders WHERE id = ?`,
      )
      .run(world.clock.nowMs(), tookMs, id)

  it('are seen', async () => expect(await twice(() => {})).toEqual(['queries keep the rhythm']))
  it('are seen, whatever became of the first', async () =>
    expect(await twice(heard(0))).toEqual(['queries keep the rhythm']))
  it('are nobody’s fault if a process that had been stopped hears in between what it asked before', async () =>
    expect(await twice(heard(63_000))).toEqual([]))
})

it('sees a callback that was taken though nobody signed it', async () => {
  const { world, checker } = await halfway(10)
  checker.callback({ headers: {}, body: '{}', status: 204 })
  expect(checker.findings.first?.rule).toBe('bad callbacks change nothing')
  world.close()
})

it.each([8182, 9318])(
  'seed %i: a "paid" that waited for a stopped process, and is no minute old, is fresh enough for late money',
  async (seed) => {
    expect((await runSeed(await running(seed))).finding).toBeNull()
  },
)
