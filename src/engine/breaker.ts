import type { NoAnswer, Outcome } from '../core/outcome.ts'

/** So many calls in a row without an answer from the host open the breaker. */
const FAILURES_TO_OPEN = 10
/** Pauses between probes: 1 s, 2 s, 4 s, … */
const PROBE_MS = 1_000
const PROBE_MS_MAX = 15_000

/** Reasons that speak of the host or the way to it; the others prove that somebody is there. */
const DOWN: ReadonlySet<NoAnswer['reason']> = new Set(['unreachable', 'timeout', 'reset', 'server-error'])

/**
 * Holds calls back while WeChat Pay is down, but for one probe at a time. Orders keep their due times: nothing is
 * decided from the silence.
 */
export class Breaker {
  #failures = 0
  #probes = 0
  #probeAtMs = 0

  get isOpen(): boolean {
    return this.#failures >= FAILURES_TO_OPEN
  }

  /** 0 if a call may go out now, else the ms until the next probe. Granting a probe starts the pause to the next. */
  hold(nowMs: number, chance: number): number {
    if (!this.isOpen) return 0
    if (nowMs < this.#probeAtMs) return this.#probeAtMs - nowMs
    this.#probes += 1
    this.#probeAtMs =
      nowMs + Math.round(Math.min(PROBE_MS * 2 ** (this.#probes - 1), PROBE_MS_MAX) * (0.75 + chance / 2))
    return 0
  }

  /** Counts what came of a call. Returns whether the breaker opened or closed by it. */
  learn(outcome: Outcome<unknown>): boolean {
    const wasOpen = this.isOpen
    if (outcome.kind === 'no-answer' && outcome.reason === 'not-sent') return false
    if (outcome.kind === 'no-answer' && DOWN.has(outcome.reason)) {
      this.#failures += 1
    } else {
      this.#failures = 0
      this.#probes = 0
      this.#probeAtMs = 0
    }
    return this.isOpen !== wasOpen
  }
}
