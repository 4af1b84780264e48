import { shown, VerdictError } from '../errors.ts'
import type { Kind } from './order.ts'

/**
 * When to query an order, and when to stop and end it: data, validated against WeChat Pay's guide (pages 1 and 3).
 * All durations are ms. Quick Pay's window ends with a revoke, every other kind's with a close; no policy can leave
 * that out (guide 3.3, 3.6).
 */
export type Policy = FixedPolicy | BackoffPolicy | TwoPeriodPolicy

interface CommonPolicy {
  /** The first query comes this long after the placing was left open. */
  readonly firstMs: number
  /** From creation. An answer after it that is not final starts the ending. */
  readonly windowMs: number
  /** Ends the window early, after so many answered queries. No limit by default. */
  readonly queriesMax?: number
  /** What becomes of a payment for an order that was given up (guide 3.8). Default `refund`. */
  readonly lateMoney?: LateMoneyPolicy
}

export const LATE_MONEY_POLICIES = ['refund', 'accept', 'ask'] as const
/** `refund`: it goes back to the customer. `accept`: it is kept. `ask`: a person decides. */
export type LateMoneyPolicy = (typeof LATE_MONEY_POLICIES)[number]

/** A query every `everyMs`, give or take up to `jitterMs`. */
export interface FixedPolicy extends CommonPolicy {
  readonly policy: 'fixed'
  readonly everyMs: number
  readonly jitterMs: number
}

/** Each wait is `factor` times the one before, at most `everyMsMax`. */
export interface BackoffPolicy extends CommonPolicy {
  readonly policy: 'backoff'
  readonly factor: number
  readonly everyMsMax: number
}

/**
 * Period 1 (`firstMs`) waits for the callback; period 2 queries at the given moments after creation, and then every
 * `thenEveryMs` (guide 1.11).
 */
export interface TwoPeriodPolicy extends CommonPolicy {
  readonly policy: 'twoPeriod'
  readonly queriesAtMs: readonly number[]
  readonly thenEveryMs: number
}

const S = 1000
const MIN = 60 * S

/** Guide 1.6 and 1.7. */
export const QUICK_PAY_POLICY: FixedPolicy = {
  policy: 'fixed',
  firstMs: 3 * S,
  everyMs: 4 * S,
  jitterMs: 1 * S,
  windowMs: 45 * S,
}

/** Guide 1.11 and 1.12; the ladder is the one that WeChat Pay names for orders paid face to face. */
export const TWO_PERIOD_POLICY: TwoPeriodPolicy = {
  policy: 'twoPeriod',
  firstMs: 10 * S,
  queriesAtMs: [20, 30, 40, 50, 60, 80, 100, 120].map((s) => s * S),
  thenEveryMs: 120 * S,
  windowMs: 15 * MIN,
}

export function defaultPolicy(kind: Kind): Policy {
  return kind === 'quick_pay' ? QUICK_PAY_POLICY : TWO_PERIOD_POLICY
}

/** What the guide says about a policy: errors for what it forbids, warnings for what it advises against. */
export interface PolicyReview {
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** Guide 1.7: WeChat Pay revokes an unpaid Quick Pay order by itself after this long. */
const QUICK_PAY_WINDOW_MS = 45 * S
/** Guide 1.6. */
const QUICK_PAY_EVERY_MS = { min: 3 * S, max: 5 * S }
/** Guide 1.12. */
const PERIOD_1_MS_MAX = 60 * S
/** WeChat Pay raises an earlier `time_expire` to a minute after the order. */
const TIME_EXPIRE_MS_MIN = 60 * S
/** No order may be asked more often than this: the guide wants a reasonable rhythm. */
export const EVERY_MS_MIN = 1 * S
/** A month: WeChat Pay advises against asking about older orders. */
const WINDOW_MS_MAX = 30 * 24 * 60 * MIN

/** Far more than anybody writes down: the rhythm behind them has no end. */
const QUERIES_AT_MAX = 1_000
/** What is wrong a thousand times is told often enough so. */
const UNSOUND_SHOWN_MAX = 10

export function reviewPolicy(kind: Kind, policy: Policy): PolicyReview {
  const errors: string[] = []
  const warnings: string[] = []
  const must = (holds: boolean, sentence: string): unknown => holds || errors.push(sentence)
  const should = (holds: boolean, sentence: string): unknown => holds || warnings.push(sentence)

  if (policy.policy === 'twoPeriod' && policy.queriesAtMs.length > QUERIES_AT_MAX) {
    errors.push(`queriesAtMs has ${policy.queriesAtMs.length} moments; expected at most ${QUERIES_AT_MAX}`)
    return { errors, warnings }
  }
  const durations = durationsOf(policy)
  const unsound = Object.entries(durations).filter(([, ms]) => !Number.isSafeInteger(ms) || ms < 0)
  for (const [name, ms] of unsound.slice(0, UNSOUND_SHOWN_MAX)) {
    errors.push(`${name} is ${shown(ms)}; expected whole milliseconds, 0 or more`)
  }
  if (unsound.length > 0) return { errors, warnings }

  const { firstMs, windowMs, queriesMax, lateMoney } = policy
  must(
    windowMs > 0 && windowMs <= WINDOW_MS_MAX,
    `windowMs is ${windowMs}; expected 1 to ${WINDOW_MS_MAX} (a month)`,
  )
  must(
    firstMs < windowMs,
    `firstMs is ${firstMs}, and the window ends at ${windowMs}: the order would never be polled (guide 1.1)`,
  )
  must(
    queriesMax === undefined || (Number.isSafeInteger(queriesMax) && queriesMax >= 2),
    `queriesMax is ${queriesMax}; expected 2 or more: the guide wants polling, not a single query (guide 1.1)`,
  )
  must(
    lateMoney === undefined || LATE_MONEY_POLICIES.includes(lateMoney),
    `lateMoney is ${lateMoney}; expected ${LATE_MONEY_POLICIES.join(', ')}`,
  )
  reviewRhythm(policy, must)

  if (kind === 'quick_pay') {
    const { shortest, longest } = waitsOf(policy)
    should(
      shortest >= QUICK_PAY_EVERY_MS.min && longest <= QUICK_PAY_EVERY_MS.max,
      `queries come ${shortest} to ${longest} ms apart; the guide recommends 3000 to 5000 for Quick Pay (guide 1.6)`,
    )
    should(
      windowMs <= QUICK_PAY_WINDOW_MS,
      `windowMs is ${windowMs}; WeChat Pay revokes an unpaid Quick Pay order after ${QUICK_PAY_WINDOW_MS}, so keep the polling inside (guide 1.7)`,
    )
  } else {
    must(
      firstMs <= PERIOD_1_MS_MAX,
      `firstMs is ${firstMs}; without a callback the first query must come within ${PERIOD_1_MS_MAX} (guide 1.12)`,
    )
    should(
      windowMs >= TIME_EXPIRE_MS_MIN,
      `windowMs is ${windowMs}; WeChat Pay raises a time_expire below ${TIME_EXPIRE_MS_MIN}, so the customer can still pay while the order is being closed`,
    )
  }
  return { errors, warnings }
}

function reviewRhythm(policy: Policy, must: (holds: boolean, sentence: string) => unknown): void {
  const { shortest } = waitsOf(policy)
  must(
    shortest >= EVERY_MS_MIN,
    `queries come ${shortest} ms apart; expected at least ${EVERY_MS_MIN}: a reasonable rhythm (guide 1.1)`,
  )
  switch (policy.policy) {
    case 'fixed':
      must(
        policy.jitterMs < policy.everyMs,
        `jitterMs is ${policy.jitterMs}; expected less than everyMs, ${policy.everyMs}`,
      )
      break
    case 'backoff':
      must(policy.factor >= 1 && policy.factor <= 10, `factor is ${policy.factor}; expected 1 to 10`)
      must(policy.firstMs > 0, 'firstMs is 0; a backoff has nothing to multiply')
      break
    case 'twoPeriod': {
      const moments = [policy.firstMs, ...policy.queriesAtMs]
      const fall = policy.queriesAtMs.findIndex((ms, i) => ms <= (moments[i] ?? 0))
      must(
        fall < 0,
        `queriesAtMs[${fall}] is ${policy.queriesAtMs[fall]}, after ${moments[fall]}; expected moments that rise from firstMs, ${policy.firstMs}`,
      )
      break
    }
  }
}

function durationsOf(policy: Policy): Record<string, number> {
  const { firstMs, windowMs } = policy
  switch (policy.policy) {
    case 'fixed':
      return { firstMs, windowMs, everyMs: policy.everyMs, jitterMs: policy.jitterMs }
    case 'backoff':
      return { firstMs, windowMs, everyMsMax: policy.everyMsMax }
    case 'twoPeriod':
      return {
        firstMs,
        windowMs,
        thenEveryMs: policy.thenEveryMs,
        ...Object.fromEntries(policy.queriesAtMs.map((ms, i) => [`queriesAtMs[${i}]`, ms])),
      }
  }
}

/** The largest share that chance adds to a wait of a backoff. */
export const BACKOFF_JITTER = 0.1

/** How much chance delays a slot of the two periods at most: a burst of orders spreads out, none comes early. */
export function slotDelayMsMax({ firstMs }: TwoPeriodPolicy): number {
  return Math.min(firstMs, 1 * S)
}

/** The shortest and the longest time between two queries that the policy can lead to. */
function waitsOf(policy: Policy): { shortest: number; longest: number } {
  switch (policy.policy) {
    case 'fixed':
      return { shortest: policy.everyMs - policy.jitterMs, longest: policy.everyMs + policy.jitterMs }
    case 'backoff':
      return {
        shortest: Math.min(policy.firstMs, policy.everyMsMax),
        longest: Math.round(policy.everyMsMax * (1 + BACKOFF_JITTER)),
      }
    case 'twoPeriod': {
      const moments = [policy.firstMs, ...policy.queriesAtMs]
      const waits = moments.slice(1).map((ms, i) => ms - (moments[i] ?? 0))
      return {
        shortest: Math.min(...waits, policy.thenEveryMs) - slotDelayMsMax(policy),
        longest: Math.max(...waits, policy.thenEveryMs) + slotDelayMsMax(policy),
      }
    }
  }
}

/** @throws POLICY_INVALID with every sentence of what the guide forbids */
export function checkedPolicy(kind: Kind, policy: Policy): Policy {
  const { errors } = reviewPolicy(kind, policy)
  if (errors.length > 0) throw new VerdictError('POLICY_INVALID', `policy for ${kind}: ${errors.join('; ')}`)
  return policy
}
