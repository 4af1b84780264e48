import type { Moment } from '../core/plan.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/**
 * Pauses between the attempts of one delivery: a receiver that restarts is found soon, one that is down for a night is
 * still found. With half of the jitter, the last attempt comes 24 h after the first.
 */
const PAUSES_MS: readonly number[] = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  1 * HOUR,
  2 * HOUR,
  4 * HOUR,
  6 * HOUR,
  8 * HOUR,
]

/** The largest share that chance adds to a pause, so that what failed together is not repeated together. */
const JITTER = 0.2

export const ATTEMPTS_MAX = PAUSES_MS.length + 1

/**
 * When to attempt a delivery again. Attempts are counted, not hours: time in which nobody attempted uses nothing up.
 *
 * @param attempts made so far, 1 or more
 * @param moment when the last one ended
 * @returns epoch ms, at least one whole pause after `nowMs`; null if that was the last attempt
 */
export function nextAttemptAtMs(attempts: number, { nowMs, chance }: Moment): number | null {
  const pauseMs = PAUSES_MS[Math.max(attempts, 1) - 1]
  return pauseMs === undefined ? null : nowMs + Math.round(pauseMs * (1 + JITTER * chance))
}
