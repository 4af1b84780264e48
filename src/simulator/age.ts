import type { Clock } from '../clock.ts'

/** At `atMs` of the wire's clock all orders grew older by `byMs` in one step. */
export interface Advance {
  readonly atMs: number
  readonly byMs: number
}

/**
 * Two times run side by side. The wire's clock stamps messages and is never moved. The orders' own time decides about
 * 15 s, 45 s, 5 min and what customers do; it can be moved ahead of the wire, so that a test needn't wait.
 */
export interface Age {
  /** The orders' own time. */
  nowMs(): number
  /** How far it is ahead of the wire. */
  aheadMs(): number
  advance(byMs: number): void
  /** The moment on the wire's clock that belongs to a moment of the orders' time. */
  onWireMs(orderMs: number): number
  /** The reverse, for moments that a request names. */
  ofWireMs(wireMs: number): number
}

/** @param advances earlier ones, in order; a new one is given to `keep` */
export function ageOf(clock: Clock, advances: readonly Advance[], keep: (advance: Advance) => void): Age {
  const steps = [...advances]
  const aheadMs = (): number => steps.reduce((sum, { byMs }) => sum + byMs, 0)
  return {
    aheadMs,
    nowMs: () => clock.nowMs() + aheadMs(),
    advance(byMs) {
      const step = { atMs: clock.nowMs(), byMs }
      steps.push(step)
      keep(step)
    },
    onWireMs: (orderMs) => wireMoment(steps, orderMs),
    ofWireMs: (wireMs) => wireMs + aheadMs(),
  }
}

/** What happened inside a step happened, for the wire, in the moment of the step. */
function wireMoment(steps: readonly Advance[], orderMs: number): number {
  let aheadMs = 0
  for (const { atMs, byMs } of steps) {
    if (orderMs < atMs + aheadMs) return orderMs - aheadMs
    if (orderMs < atMs + aheadMs + byMs) return atMs
    aheadMs += byMs
  }
  return orderMs - aheadMs
}
