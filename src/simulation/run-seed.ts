import type { Credentials } from '../simulator/index.ts'
import { Checker } from './checker/checker.ts'
import { isAtRest } from './checker/end.ts'
import type { Finding } from './checker/rules.ts'
import type { Cryptography } from './cryptography.ts'
import { planOf } from './plan.ts'
import { openWorld, START_MS, type World } from './world.ts'

export interface RunOptions {
  readonly seed: number
  readonly orders: number
  readonly credentials: Credentials
  /** The two ways to sign: cheap, and real in one seed of a thousand. */
  readonly mac: Cryptography
  readonly rsa: Cryptography
  /** Nothing goes wrong any more after so many events. Default: when the seed says so. */
  readonly calmAfterEvents?: number
  /** Of all errands of the seed, only the one with this number. */
  readonly only?: string | undefined
}

export interface SeedResult {
  readonly seed: number
  readonly finding: Finding | null
  /** How many events happened; with a finding, up to it. */
  readonly events: number
  readonly calls: number
  readonly verdicts: Readonly<Record<string, number>>
  readonly lateMoney: number
  readonly refunds: Readonly<Record<string, number>>
  readonly letters: number
  /** What went wrong, by kind: what the simulation did, and what the simulated WeChat Pay did. */
  readonly faults: Readonly<Record<string, number>>
  /** From the moment at which nothing went wrong any more, or the end of an order's window, to its verdict, at most. */
  readonly verdictAfterMsMax: number
  readonly trace: readonly string[]
}

/** Everything has come to its end so long after the last fault, or it never does. Refunds may wait for hours. */
export const PATIENCE_MS = 14 * 3_600_000
/** What waits for a person and nothing else is watched for so long: nothing may become of it by itself. */
const REST_MS = 3_600_000
/** One seed in so many is watched for all of `PATIENCE_MS`: keys are renewed, and pauses last for hours. */
const LONG_ONE_IN = 20
const LOOK_MS = 20_000
/** Ten times what the busiest seeds need for each order: more is a loop that nothing ends. */
const EVENTS_MAX_PER_ORDER = 2_000

/** Runs the world of one seed, one event at a time, until a rule is broken or everything has come to its end. */
export async function runSeed(options: RunOptions): Promise<SeedResult> {
  const { seed, orders, credentials, mac, rsa, only, calmAfterEvents = Number.POSITIVE_INFINITY } = options
  const whole = planOf(seed, orders)
  const errands = whole.errands.filter(({ out_trade_no }) => only === undefined || out_trade_no === only)
  const plan = { ...whole, errands }
  const cryptography = plan.isRsa ? rsa : mac
  const made: { checker: Checker | null } = { checker: null }
  const world = await openWorld({
    plan,
    credentials,
    cryptography,
    witness: (parts) => {
      made.checker = new Checker(parts)
      return made.checker
    },
  })
  const checker = made.checker as Checker
  try {
    const events = await runWorld(world, checker, calmAfterEvents)
    return await resultOf(world, checker, events)
  } finally {
    world.close()
  }
}

async function runWorld(world: World, checker: Checker, calmAfterEvents: number): Promise<number> {
  const { clock, plan } = world
  const calmAtMs = START_MS + plan.calmAtMs
  let events = 0
  let lookAtMs = calmAtMs
  let restUntilMs = Number.POSITIVE_INFINITY
  const restMs = plan.seed % LONG_ONE_IN === 0 ? PATIENCE_MS : REST_MS
  for (;;) {
    if (clock.nextAtMs >= calmAtMs || events >= calmAfterEvents) await world.calm()
    await clock.step()
    events += 1
    const checked = checker.check()
    if (checked !== null) await checked
    if (checker.findings.first !== null) return events
    if (events > EVENTS_MAX_PER_ORDER * (plan.errands.length + 10)) {
      checker.findings.broke('the work comes to rest', null, `${events} events, and no end`)
      return events
    }
    const nowMs = clock.nowMs()
    if (nowMs < lookAtMs) continue
    lookAtMs = nowMs + LOOK_MS
    if (!world.merchant.isDone || !(await isAtRest(world, checker.database)))
      restUntilMs = Number.POSITIVE_INFINITY
    else restUntilMs = Math.min(restUntilMs, nowMs + restMs)
    if (nowMs < restUntilMs && nowMs < calmAtMs + PATIENCE_MS) continue
    await checker.checkEnd(world)
    return events
  }
}

async function resultOf(world: World, checker: Checker, events: number): Promise<SeedResult> {
  const { plan, chance, trace, wechatPay, db } = world
  const counted = (sql: string): Record<string, number> =>
    Object.fromEntries(
      db
        .prepare(sql)
        .all()
        .map(({ name, n }) => [String(name), Number(n)]),
    )
  const struck = Object.entries(await wechatPay.faults()).filter(([, n]) => n > 0)
  return {
    seed: plan.seed,
    finding: checker.findings.first,
    events,
    calls: checker.calls,
    verdicts: counted('SELECT state AS name, count(*) AS n FROM orders GROUP BY state'),
    lateMoney:
      counted(`SELECT 'late' AS name, count(*) AS n FROM aftercare WHERE late_phase IS NOT NULL`).late ?? 0,
    refunds: counted('SELECT state AS name, count(*) AS n FROM refunds GROUP BY state'),
    letters: counted(`SELECT 'sent' AS name, count(*) AS n FROM deliveries WHERE state = 'sent'`).sent ?? 0,
    faults: { ...Object.fromEntries(chance.counts), ...Object.fromEntries(struck) },
    verdictAfterMsMax: checker.verdictAfterMsMax,
    trace: trace.lines,
  }
}
