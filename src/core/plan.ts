import type { Kind, OpenOrder } from './order.ts'
import {
  BACKOFF_JITTER,
  checkedPolicy,
  defaultPolicy,
  EVERY_MS_MIN,
  type Policy,
  slotDelayMsMax,
} from './policy.ts'

/** The caller's moment: the time, and a chance in [0, 1) that it drew, so that a seed replays the whole schedule. */
export interface Moment {
  readonly nowMs: number
  readonly chance: number
}

/** A policy, compiled for one kind: when to query next, and the whole schedule in words. */
export interface Plan {
  readonly kind: Kind
  readonly policy: Policy
  readonly windowMs: number
  /**
   * When to query next, epoch ms, later than `nowMs`. Inside the window the policy says when, and its end is never
   * overslept; calls without an answer don't use up the schedule, they are repeated with growing pauses; past the
   * window queries become ever rarer, but never stop.
   */
  next(order: OpenOrder, moment: Moment): number
  /** Whether an answer that is not final, learnt now, starts the ending. */
  isOver(order: OpenOrder, nowMs: number): boolean
  explain(): readonly PlanLine[]
}

export interface PlanLine {
  /** ms after creation. */
  readonly atMs: number
  readonly what: string
  /** `page.rule` of the guide, or the WeChat Pay page that the line follows. */
  readonly rule: string
}

/** Repeats after calls without an answer: 2 s, 4 s, 8 s, … */
const RETRY_MS = 2_000
const RETRY_MS_MAX = 60_000
/** Past the window the pause is a quarter of the time that passed since, within these bounds. */
const LATE_MS = { min: 5_000, max: 3_600_000 }
/** Two queries of an order are at least this far apart, the one at the window's end and repeats included (guide 1.6). */
export const QUERIES_APART_MS = 3_000
/** Quick Pay: revoke not before this long after the payment call. Source: Global v3, Reverse Order. */
export const REVOKE_AGE_MS_MIN = 15_000
/** Close not before this long after creation. Source: Global v3, Close Order. */
export const CLOSE_AGE_MS_MIN = 300_000

/** @throws POLICY_INVALID if the guide forbids the policy */
export function compilePlan(kind: Kind, policy: Policy = defaultPolicy(kind)): Plan {
  checkedPolicy(kind, policy)
  const { windowMs } = policy
  return {
    kind,
    policy,
    windowMs,
    isOver: (order, nowMs) =>
      nowMs >= order.windowEndAtMs || order.queries >= (policy.queriesMax ?? Infinity),
    next: (order, moment) =>
      moment.nowMs < order.windowEndAtMs ? insideWindow(policy, order, moment) : pastWindow(order, moment),
    explain: () => explain(kind, policy),
  }
}

/** Pause before a call is repeated that got no answer `silence` times in a row: doubling, with up to a quarter of chance. */
export function retryPauseMs(silence: number, chance: number): number {
  return doublingMs(silence, RETRY_MS_MAX, chance)
}

/**
 * Pause before the `times`-th repeat of a revoke or close that doesn't do what it should. It outgrows the 310 s that an
 * unanswered revoke stays usable, so that even an order whose revokes are never answered ends, and nothing is hammered.
 */
export function endPauseMs(times: number, chance: number): number {
  return doublingMs(times, LATE_MS.max, chance)
}

function doublingMs(times: number, msMax: number, chance: number): number {
  return Math.round(Math.min(RETRY_MS * 2 ** Math.max(0, times - 1), msMax) * (1 + chance / 4))
}

/** From when on WeChat Pay lets the order be revoked (Quick Pay) or closed. */
export function endableAtMs({
  kind,
  latestPlacingAtMs,
}: Pick<OpenOrder, 'kind' | 'latestPlacingAtMs'>): number {
  return latestPlacingAtMs + (kind === 'quick_pay' ? REVOKE_AGE_MS_MIN : CLOSE_AGE_MS_MIN)
}

function insideWindow(policy: Policy, order: OpenOrder, { nowMs, chance }: Moment): number {
  // A query that comes late, after an outage perhaps, may lie just before the next place in the schedule.
  const leastMs = policy.policy === 'twoPeriod' ? EVERY_MS_MIN : 1
  let atMs = nowMs + Math.max(leastMs, waitMs(policy, order, { nowMs, chance }))
  // Silence keeps the place in the schedule: the repeat comes sooner than the next place, never later. A fixed
  // rhythm is already as quick as the guide allows.
  if (order.silence > 0 && policy.policy !== 'fixed') {
    atMs = Math.min(atMs, nowMs + Math.max(QUERIES_APART_MS, retryPauseMs(order.silence, chance)))
  }
  return atMs > order.windowEndAtMs ? Math.max(order.windowEndAtMs, nowMs + QUERIES_APART_MS) : atMs
}

function waitMs(policy: Policy, order: OpenOrder, { nowMs, chance }: Moment): number {
  // A second silence in a row can only be a query's: the first wait is over, even where it is 0.
  const asked = order.queries > 0 || order.silence > 1
  switch (policy.policy) {
    case 'fixed':
      return asked ? policy.everyMs + Math.round(policy.jitterMs * (2 * chance - 1)) : policy.firstMs
    case 'backoff':
      return Math.round(
        Math.min(policy.firstMs * policy.factor ** order.queries, policy.everyMsMax) *
          (1 + BACKOFF_JITTER * chance),
      )
    case 'twoPeriod': {
      const ageMs = nowMs - order.createdAtMs
      const slotMs = nextSlotMs(policy.firstMs, policy.queriesAtMs, policy.thenEveryMs, ageMs)
      return slotMs - ageMs + Math.round(slotDelayMsMax(policy) * chance)
    }
  }
}

/** A slot this close ahead counts as the one just used: chance may have delayed its query by up to a second. */
const SAME_SLOT_MS = 1_000

function nextSlotMs(
  firstMs: number,
  queriesAtMs: readonly number[],
  thenEveryMs: number,
  ageMs: number,
): number {
  if (firstMs > ageMs) return firstMs
  const listed = queriesAtMs.find((ms) => ms > ageMs + SAME_SLOT_MS)
  if (listed !== undefined) return listed
  const lastMs = queriesAtMs.at(-1) ?? firstMs
  return lastMs + thenEveryMs * Math.max(1, Math.ceil((ageMs + SAME_SLOT_MS - lastMs) / thenEveryMs))
}

function pastWindow(order: OpenOrder, { nowMs, chance }: Moment): number {
  const latePauseMs = Math.min(Math.max((nowMs - order.windowEndAtMs) / 4, LATE_MS.min), LATE_MS.max)
  // A lost reply is asked for again soon, even about an old order, and then ever more rarely.
  const silentPauseMs = Math.max(doublingMs(order.silence, LATE_MS.max, 0), QUERIES_APART_MS)
  const pauseMs = order.silence > 0 ? Math.min(latePauseMs, silentPauseMs) : latePauseMs
  return nowMs + Math.round(pauseMs * (1 + chance / 4))
}

function explain(kind: Kind, policy: Policy): readonly PlanLine[] {
  const quick = kind === 'quick_pay'
  const lines: PlanLine[] = [{ atMs: 0, what: placing(kind), rule: quick ? '1.3, 6.9' : '1.9' }]
  const first = quick ? '1.3, 1.4, 3.2' : '1.11, 1.12, 3.5'
  const then = quick ? '1.6, 1.7' : '1.11'
  for (const [i, atMs] of queryMoments(policy).entries()) {
    lines.push({ atMs, what: i === 0 ? 'query' : 'query again', rule: i === 0 ? first : then })
  }
  lines.push({
    atMs: policy.windowMs,
    what: 'the window is over: query once more',
    rule: quick ? '3.3, 3.7' : '3.6, 3.7',
  })
  const endAtMs = Math.max(policy.windowMs, quick ? REVOKE_AGE_MS_MIN : CLOSE_AGE_MS_MIN)
  lines.push({
    atMs: endAtMs,
    what: quick
      ? 'revoke (not before 15 s), repeated until it is answered'
      : 'close (not before 5 min), repeated until it is answered',
    rule: quick ? '3.3, 3.4' : '3.6',
  })
  lines.push({ atMs: endAtMs, what: 'query: only this answer makes the verdict', rule: '3.1, 3.7' })
  return lines
}

function placing(kind: Kind): string {
  return kind === 'quick_pay'
    ? 'place the order, once; whatever the reply leaves open, queries decide'
    : 'place the order; without a reply, repeat the same bytes; wait for the callback during period 1'
}

/** Mean moments of all queries inside the window, in ms, counted from an open reply at 0. At most 1,000. */
export function queryMoments(policy: Policy): readonly number[] {
  const moments: number[] = []
  const most = Math.min(policy.queriesMax ?? 1_000, 1_000)
  let atMs = policy.firstMs
  while (atMs < policy.windowMs && moments.length < most) {
    moments.push(atMs)
    switch (policy.policy) {
      case 'fixed':
        atMs += policy.everyMs
        break
      case 'backoff':
        atMs += Math.min(policy.firstMs * policy.factor ** moments.length, policy.everyMsMax)
        break
      case 'twoPeriod':
        atMs = policy.queriesAtMs[moments.length - 1] ?? atMs + policy.thenEveryMs
        break
    }
  }
  return moments
}
