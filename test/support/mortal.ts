import type { Clock } from '../../src/clock.ts'
import { type Around, forever } from './watched.ts'

/**
 * A process that can die between any two of its steps: once dead, nothing that it began ever goes on, its timers never
 * fire, and nothing of it reaches store or wire any more. Every call of store or wire has two steps at which it can
 * die: before the effect, and after it.
 */
export class Mortal {
  /** Each step that was reached, in order. */
  readonly steps: string[] = []
  readonly clock: Clock
  readonly #diesAtStep: number

  constructor(clock: Clock, diesAtStep = Number.POSITIVE_INFINITY) {
    this.#diesAtStep = diesAtStep
    this.clock = {
      nowMs: () => clock.nowMs(),
      after: (ms, task) =>
        clock.after(ms, () => {
          if (!this.isDead) task()
        }),
    }
  }

  get isDead(): boolean {
    return this.steps.length >= this.#diesAtStep
  }

  readonly around: Around = async (what, call) => {
    if (this.#step(`before ${what}`)) return forever()
    const result = await call()
    return this.#step(`after ${what}`) ? forever() : result
  }

  /** Whether the process is dead now. */
  #step(name: string): boolean {
    if (!this.isDead) this.steps.push(name)
    return this.isDead
  }
}
