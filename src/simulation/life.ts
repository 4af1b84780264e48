import type { Clock } from '../clock.ts'
import type { EventClock } from './event-clock.ts'

/**
 * The life of one process, which may end or be stopped between any two of its steps. Between two calls of store or wire
 * a process only computes, so the steps are: before such a call, after it, and whenever something from outside (a timer,
 * a reply) wakes it. Once dead, nothing that it began goes on and nothing of it reaches store or wire; stopped, all of
 * that waits, and then happens at once, in its sequence, with a clock that has moved on.
 */
export class Life {
  readonly name: string
  /** The machine's clock, which is ahead of the true one by `skewMs`. */
  readonly clock: Clock
  readonly #onDeath: () => void
  readonly #held: Array<() => void> = []
  #isDead = false
  #isStopped = false
  #stepsLeft = Number.POSITIVE_INFINITY
  #atLastStep: 'die' | 'stop' = 'die'

  constructor({ name, clock, skewMs, onDeath }: LifeOptions) {
    this.name = name
    this.#onDeath = onDeath
    this.clock = {
      nowMs: () => clock.nowMs() + skewMs,
      after: (ms, task) => clock.after(ms, () => this.wake(task)),
    }
  }

  get isDead(): boolean {
    return this.#isDead
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** As SIGKILL. */
  die(): void {
    if (this.#isDead) return
    this.#isDead = true
    this.#held.length = 0
    this.#onDeath()
  }

  /** As SIGSTOP. */
  stop(): void {
    this.#isStopped = true
  }

  /** As SIGCONT. */
  goOn(): void {
    this.#isStopped = false
    while (!this.#isStopped && !this.#isDead && this.#held.length > 0) this.#held.shift()?.()
  }

  /** It dies or is stopped when it has taken so many steps more. */
  endIn(steps: number, how: 'die' | 'stop'): void {
    this.#stepsLeft = steps
    this.#atLastStep = how
  }

  /** Something from outside reaches the process. */
  wake(task: () => void): void {
    if (this.#isDead) return
    if (this.#isStopped) this.#held.push(task)
    else task()
  }

  /** A call that leaves the process: it may not come to its effect, and its result may not be heard of. */
  async around<Result>(call: () => Promise<Result> | Result): Promise<Result> {
    const before = this.#step()
    if (before !== null) await before
    try {
      return await call()
    } finally {
      const after = this.#step()
      if (after !== null) await after
    }
  }

  /** What the process has to wait for; null for nothing. Never resolves in a dead one. */
  #step(): Promise<void> | null {
    this.#stepsLeft -= 1
    if (this.#stepsLeft === 0) {
      if (this.#atLastStep === 'die') this.die()
      else this.stop()
    }
    if (this.#isDead) return forever()
    return this.#isStopped ? new Promise((resolve) => this.#held.push(resolve)) : null
  }
}

export interface LifeOptions {
  readonly name: string
  readonly clock: EventClock
  readonly skewMs: number
  readonly onDeath: () => void
}

function forever(): Promise<never> {
  return new Promise(() => {})
}
